//! LIST and LSUB (RFC 9051 §6.3.9, RFC 3501 §6.3.9; RFC 5258, 5819, 6154).

use std::collections::BTreeMap;

use mailbox::{Access, Error, Folder, folder};
use store::View;

use super::{pattern::fits, status};
use crate::codec::command::{List, ListSelect};
use crate::codec::write;
use crate::session::{Answer, Done, Output, Session};

/// A name, and the facts about it.
#[derive(Default)]
struct Entry {
    /// `None` for a subscription to a name that no folder has.
    folder: Option<Folder>,
    subscribed: bool,
}

/// All names of an account, those without a folder too.
type Names = BTreeMap<String, Entry>;

fn load(view: &View, access: Access) -> Result<Names, Error> {
    let mut names = Names::new();
    for name in folder::subscriptions(view, access)? {
        names.insert(name, Entry { folder: None, subscribed: true });
    }
    for folder in folder::list(view, access)? {
        let entry = names.entry(folder.name.clone()).or_default();
        entry.folder = Some(folder);
    }
    Ok(names)
}

async fn names(session: &Session) -> Result<Names, Error> {
    let access = session.access();
    session.server.shared.store.read_for(session.asker(), move |view| load(view, access)).await
}

pub(super) async fn list(session: &mut Session, out: &mut Output<'_>, list: List) -> Done {
    // RFC 9051 §6.3.9: an empty pattern asks for the separator only.
    if !list.extended && list.patterns.iter().all(String::is_empty) {
        out.line("* LIST (\\Noselect) \"/\" \"\"");
        return Ok(Answer::ok("Done"));
    }
    let names = names(session).await?;
    let patterns: Vec<String> = list.patterns.iter().map(|pattern| whole(&list.reference, pattern)).collect();
    let look = Look { names: &names, list: &list, patterns: &patterns };
    for (at, (name, entry)) in look.in_order().enumerate() {
        if at % FAIR_SHARE == FAIR_SHARE - 1 {
            tokio::task::yield_now().await;
        }
        let Some(found) = look.look_at(name, entry) else { continue };
        respond(session, out, &look, &found);
        if let (Some(items), Some(folder)) = (&list.returns.status, &found.entry.folder)
            && found.selected
        {
            status::respond(session, out, folder, items);
        }
        out.breathe().await?;
    }
    Ok(Answer::ok("Done"))
}

/// Returns the pattern behind its reference, composed as names are stored. INBOX is the same in any case (RFC 9051
/// §5.1).
fn whole(reference: &str, pattern: &str) -> String {
    let mut whole = folder::name::composed(&format!("{reference}{pattern}"));
    let inbox = whole.get_mut(..5).filter(|start| start.eq_ignore_ascii_case("INBOX"));
    if let Some(inbox) = inbox {
        inbox.make_ascii_uppercase();
    }
    whole
}

/// The number of names after which others get their turn: some patterns take long to match.
const FAIR_SHARE: usize = 64;

/// One LIST, and the names that it reads.
struct Look<'a> {
    names: &'a Names,
    list: &'a List,
    patterns: &'a [String],
}

/// A name for the answer.
struct Found<'a> {
    name: &'a str,
    entry: &'a Entry,
    /// True if the selection options hold for it; otherwise it is listed only for the names below it.
    selected: bool,
    /// True if the answer contains CHILDINFO.
    child_info: bool,
}

impl<'a> Look<'a> {
    /// Returns INBOX first, as people expect it; the others by name.
    fn in_order(&self) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        let inbox = self.names.get_key_value(folder::name::INBOX);
        inbox.into_iter().chain(self.names.iter().filter(|(name, _)| *name != folder::name::INBOX))
    }

    fn look_at(&self, name: &'a str, entry: &'a Entry) -> Option<Found<'a>> {
        if !self.fits(name) {
            return None;
        }
        let selected = is_selected(self.list.select, entry);
        let child_info = self.list.select.recursive_match && self.has_match_below(name);
        if selected || child_info { Some(Found { name, entry, selected, child_info }) } else { None }
    }

    fn fits(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| fits(pattern, name))
    }

    /// Returns true if a name below is selected and not listed itself. RFC 5258 §3.5: CHILDINFO would be redundant for
    /// names that are listed anyway.
    fn has_match_below(&self, name: &str) -> bool {
        below(self.names, name).any(|(child, entry)| is_selected(self.list.select, entry) && !self.fits(child))
    }
}

fn is_selected(select: ListSelect, entry: &Entry) -> bool {
    let special = entry.folder.as_ref().is_some_and(|folder| folder.special_use.is_some());
    match (select.subscribed, select.special_use) {
        // Several selection options must all hold (RFC 5258 §3).
        (true, true) => entry.subscribed && special,
        (true, false) => entry.subscribed,
        (false, true) => special,
        (false, false) => entry.folder.is_some(),
    }
}

/// Returns the names below `name`, at any level.
fn below<'a>(names: &'a Names, name: &str) -> impl Iterator<Item = (&'a String, &'a Entry)> {
    let prefix = format!("{name}/");
    names.range(prefix.clone()..).take_while(move |(other, _)| other.starts_with(&prefix))
}

fn has_folder_below(names: &Names, name: &str) -> bool {
    below(names, name).any(|(_, entry)| entry.folder.is_some())
}

fn respond(session: &Session, out: &mut Output<'_>, look: &Look<'_>, found: &Found<'_>) {
    let attributes = attributes(look, found);
    write_line(session, out, "LIST", &attributes, found.name);
    if found.child_info {
        let criteria = match (look.list.select.subscribed, look.list.select.special_use) {
            (true, true) => "(\"SUBSCRIBED\" \"SPECIAL-USE\")",
            (false, true) => "(\"SPECIAL-USE\")",
            _ => "(\"SUBSCRIBED\")",
        };
        out.buffer().extend_from_slice(format!(" (\"CHILDINFO\" {criteria})").as_bytes());
    }
    out.line("");
}

fn attributes(look: &Look<'_>, found: &Found<'_>) -> Vec<&'static str> {
    let List { extended, select, returns, .. } = look.list;
    let mut attributes = Vec::new();
    if found.entry.folder.is_none() {
        attributes.push("\\NonExistent");
    }
    // The plain LIST answers with the attributes that clients want anyway (RFC 3348, RFC 6154 §2).
    if !extended || returns.children {
        let below = has_folder_below(look.names, found.name);
        attributes.push(if below { "\\HasChildren" } else { "\\HasNoChildren" });
    }
    if found.entry.subscribed && (returns.subscribed || select.subscribed) {
        attributes.push("\\Subscribed");
    }
    if (!extended || returns.special_use || select.special_use)
        && let Some(special_use) = found.entry.folder.as_ref().and_then(|folder| folder.special_use)
    {
        attributes.push(special_use.attribute());
    }
    attributes
}

/// Writes `* LIST (…) "/" name` without the line end.
fn write_line(session: &Session, out: &mut Output<'_>, verb: &str, attributes: &[&str], name: &str) {
    let buffer = out.buffer();
    buffer.extend_from_slice(format!("* {verb} ({}) \"/\" ", attributes.join(" ")).as_bytes());
    write::folder_name(buffer, name, session.enabled.utf8_names());
}

/// Lists the subscribed names that match; if only a level above a subscribed name matches a pattern with `%`, that
/// level is listed as `\Noselect` (RFC 3501 §6.3.9).
pub(super) async fn lsub(session: &Session, out: &mut Output<'_>, reference: &str, pattern: &str) -> Done {
    let names = names(session).await?;
    let pattern = whole(reference, pattern);
    let mut told: BTreeMap<&str, bool> = BTreeMap::new();
    for (name, _) in names.iter().filter(|(_, entry)| entry.subscribed) {
        if fits(&pattern, name) {
            told.insert(name, true);
        } else if pattern.contains('%')
            && let Some(level) = levels_above(name).find(|level| fits(&pattern, level))
        {
            told.entry(level).or_insert(false);
        }
    }
    for (name, subscribed) in told {
        let attributes: &[&str] = if subscribed { &[] } else { &["\\Noselect"] };
        write_line(session, out, "LSUB", attributes, name);
        out.line("");
        out.breathe().await?;
    }
    Ok(Answer::ok("Done"))
}

/// Returns `a/b` and `a` for `a/b/c`.
fn levels_above(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(folder::name::parent(name), |level| folder::name::parent(level))
}
