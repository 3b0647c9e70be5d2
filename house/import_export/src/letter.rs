//! One letter as it was found, made into what the mailbox files: its bytes with CRLF, its flags, its date, its folder.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use mail::{Timestamp, header, lines};
use mailbox::{SpecialUse, System};
use maildir::{FileName, Keywords};
use serde::{Deserialize, Serialize};

use crate::gmail::{self, TargetFolder};
use crate::goal::Goal;
use crate::layout;
use crate::state::{self, FORWARDED, State};
use crate::told::Told;
use crate::{Fault, date, status, written};

/// A letter as it was found in a file, ready to be prepared. Its octets are not part of the serialized form: the
/// caller sends them beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arriving {
    /// Its folder.
    pub goal: Arc<Goal>,
    /// The other folders that the same letter lies in.
    pub also: Vec<Arc<Goal>>,
    /// A number that it has in common with the places of the same letter that come by themselves.
    pub shared: Option<i64>,
    /// Header and body with CRLF.
    #[serde(skip)]
    pub raw: Bytes,
    /// Its flags.
    #[serde(with = "written::system")]
    pub system: System,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// When it was received.
    #[serde(with = "written::time")]
    pub received: Timestamp,
    /// True if the same content in the same folder is the same letter, however often it comes.
    pub once: bool,
}

impl Arriving {
    /// A letter in one folder, with neither flags nor keywords.
    fn new(goal: Arc<Goal>, raw: Vec<u8>, received: Timestamp) -> Self {
        let (also, system, keywords) = (Vec::new(), System::NONE, Vec::new());
        Self { goal, also, shared: None, raw: raw.into(), system, keywords, received, once: false }
    }
}

/// The place where a letter was found, with the facts that the place tells.
pub enum Origin<'a> {
    /// An mbox, behind a separator of this date.
    Mbox(Option<Timestamp>),
    /// A Maildir, in a file of this name.
    Maildir(&'a str, &'a Keywords, Option<Timestamp>),
    /// A file of its own.
    File(Option<Timestamp>),
    /// A file of its own, with more facts about it elsewhere.
    Told(&'a Told, Option<Timestamp>),
}

/// The settings that all letters of an import share.
pub struct Context<'a> {
    /// Everything goes into this folder and below it.
    pub below: Option<&'a str>,
    /// When nothing else says when a letter was received.
    pub now: Timestamp,
}

/// Reads a letter. `None` when it was deleted where it comes from.
pub fn read(
    content: Vec<u8>,
    origin: &Origin<'_>,
    goal: &Arc<Goal>,
    context: &Context<'_>,
) -> Result<Option<Arriving>, Fault> {
    let ours = if state::is_there(&content) { state::read(&content) } else { None };
    if let Some((state, raw)) = ours {
        return Ok(Some(of_state(state, raw, origin, goal)));
    }
    if header::fields(&content).next().is_none() {
        return Err(Fault::NoLetter);
    }
    let exact = matches!(origin, Origin::Maildir(name, ..) if FileName::read(name).exact);
    if exact {
        let (system, keywords) = maildir_flags(origin);
        let received = received(&content, origin).unwrap_or(context.now);
        return Ok(Some(Arriving { system, keywords, ..Arriving::new(goal.clone(), content, received) }));
    }
    let (found, rest) = status::read(&content, matches!(origin, Origin::Mbox(_)));
    if found.expunged {
        return Ok(None);
    }
    let content = rest.unwrap_or(content);
    let raw = match lines::to_crlf(&content) {
        Cow::Owned(raw) => raw,
        Cow::Borrowed(_) => content,
    };
    let received = received(&raw, origin).unwrap_or(context.now);
    let (system, mut keywords) = outer_flags(origin);
    let mut arriving = Arriving { system: system | found.system, ..Arriving::new(goal.clone(), raw, received) };
    keywords.extend(found.keywords);
    if let Some(labels) = &found.labels {
        let sorted = gmail::sort(labels);
        let mut goals = sorted.places.iter().map(|place| Arc::new(label_goal(place, context.below)));
        arriving.goal = goals.next().unwrap_or_else(|| goal.clone());
        arriving.also = goals.collect();
        arriving.system |= sorted.system;
        arriving.once = true;
        keywords.extend(sorted.keywords);
    } else if let Origin::Told(told, _) = origin {
        arriving.also.clone_from(&told.also);
    } else if matches!(origin, Origin::File(_)) && !found.known {
        // Somebody kept this letter in a file: it has been read.
        arriving.system |= System::SEEN;
    }
    if arriving.goal.special_use == Some(SpecialUse::Drafts) && !arriving.goal.exact {
        arriving.system |= System::DRAFT;
    }
    arriving.keywords = fit(keywords);
    Ok(Some(arriving))
}

fn of_state(state: State, raw: Vec<u8>, origin: &Origin<'_>, goal: &Arc<Goal>) -> Arriving {
    let (mut system, mut keywords) = (state.system, state.keywords);
    if let Origin::Maildir(..) = origin {
        // The name may have changed since: a mail program has been there.
        let (named, more) = maildir_flags(origin);
        system = named;
        keywords.extend(more);
    }
    let (shared, keywords) = (state.shared, fit(keywords));
    Arriving { system, keywords, shared, ..Arriving::new(goal.clone(), raw, state.received) }
}

fn label_goal(place: &TargetFolder, below: Option<&str>) -> Goal {
    match place {
        TargetFolder::Inbox => layout::inbox(below),
        TargetFolder::Use(special_use) => layout::for_use(*special_use, below),
        TargetFolder::Label(label) => layout::labelled(label, below),
    }
}

/// The flags and keywords that stand outside of the letter.
fn outer_flags(origin: &Origin<'_>) -> (System, Vec<String>) {
    match origin {
        Origin::Told(told, _) => (told.system, told.keywords.clone()),
        _ => maildir_flags(origin),
    }
}

fn maildir_flags(origin: &Origin<'_>) -> (System, Vec<String>) {
    let Origin::Maildir(name, keywords, _) = origin else { return (System::NONE, Vec::new()) };
    let name = FileName::read(name);
    let flags = name.flags;
    let each = [
        (flags.draft, System::DRAFT),
        (flags.flagged, System::FLAGGED),
        (flags.replied, System::ANSWERED),
        (flags.seen, System::SEEN),
        (flags.trashed, System::DELETED),
    ];
    let system = each.iter().filter(|(set, _)| *set).fold(System::NONE, |all, (_, flag)| all | *flag);
    let mut names: Vec<String> = keywords.names(name.keywords).map(str::to_owned).collect();
    if flags.passed {
        names.push(FORWARDED.to_owned());
    }
    (system, names)
}

/// Separators have no zone as a rule and tell local time then; a Received field nearby knows better.
const ZONES: u64 = 14 * 3600;

fn received(letter: &[u8], origin: &Origin<'_>) -> Option<Timestamp> {
    let of_header = || date::received(letter).or_else(|| date::written(letter));
    match origin {
        Origin::Mbox(Some(separator)) => match date::received(letter) {
            Some(exact) if exact.seconds().abs_diff(separator.seconds()) <= ZONES => Some(exact),
            _ => Some(*separator),
        },
        Origin::Mbox(None) => of_header(),
        Origin::Maildir(name, _, modified) => maildir::received(&FileName::read(name), *modified).or_else(of_header),
        Origin::File(modified) => of_header().or(*modified),
        Origin::Told(told, modified) => told.received.or_else(of_header).or(*modified),
    }
}

/// Keywords that can be keywords, each once.
fn fit(keywords: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(keywords.len());
    for keyword in keywords {
        let known = kept.iter().any(|other| other.eq_ignore_ascii_case(&keyword));
        if !known && !keyword.starts_with('\\') && keyword.len() <= mailbox::Keywords::LONGEST {
            kept.push(keyword);
        }
    }
    kept
}
