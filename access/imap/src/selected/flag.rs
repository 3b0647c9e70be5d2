//! `STORE` (RFC 9051 §6.4.6) with UNCHANGEDSINCE (RFC 7162 §3.1.3).

use std::sync::Arc;

use mailbox::letter::{Flagged, Stored, rest, store_flags};
use mailbox::{Access, Change, Error, FlagChange, FlagSet, Keywords, System, Uid, UidRange};
use store::Tx;

use super::answers;
use super::sets::{Places, count, resolve};
use super::view::{Selected, SelectedFolder, flags_changed, flags_there_are, modseq};
use crate::codec::command::{Flag, Numbering, Store, StoreAction};
use crate::codec::sets::runs;
use crate::codec::write::number;
use crate::session::{Answer, Code, Done, Enabled, Halt, Output, Session};

/// The most letters that one transaction changes.
const SLICE: usize = 500;

/// Runs `STORE`, a slice at a time, so that a set of 100,000 letters keeps nobody else from writing.
pub async fn store(session: &mut Session, out: &mut Output<'_>, command: Store) -> Done {
    // RFC 7162 §3.1: UNCHANGEDSINCE switches CONDSTORE on.
    session.enabled.condstore |= command.unchanged_since.is_some();
    let enabled = session.enabled;
    let Some(selected) = session.selected.as_deref_mut() else { return Err(answers::nothing_selected()) };
    if selected.read_only {
        return Err(answers::read_only());
    }
    let access = selected.access;
    let mut ranges = resolve(&command.set, command.numbering, &selected.uids, &selected.saved)?;
    let named = count(&ranges, &selected.uids);
    let wish = Arc::new(Wish::of(&command));
    let (mut reached, mut modified, mut flags) = (0, Vec::new(), None);
    while !ranges.is_empty() {
        let (place, wish, slice, known) = (selected.place(), Arc::clone(&wish), ranges.clone(), flags.clone());
        let write = move |tx: &mut Tx| wish.apply(tx, place, &slice, known.as_ref());
        let (stored, resolved) = session.server.shared.store.write(access.key(), write).await?;
        flags = Some(resolved);
        learn_keywords(selected, &session.server.shared.store, access, &stored, out).await?;
        reached += (stored.changed.len() + stored.same.len() + stored.modified.len()) as u64;
        remember(selected, &stored, &command);
        tell(selected, out, &stored, command.silent, enabled).await?;
        modified.extend_from_slice(&stored.modified);
        ranges = stored.next.map(|next| rest(&ranges, next)).unwrap_or_default();
    }
    if !modified.is_empty() {
        let numbers = numbered(&modified, command.numbering, selected);
        return Ok(Answer::ok("Letters that changed meanwhile were left alone").with(Code::Modified(numbers)));
    }
    if reached < named && command.numbering == Numbering::Sequence {
        // RFC 2180 §4.2.1: a silent change succeeds for all letters that are left, even for none.
        let done = reached > 0 || command.silent;
        return Ok(answers::expunge_issued(done, "STORE completed, but some of these letters are gone"));
    }
    Ok(Answer::ok("STORE completed"))
}

/// The wishes of a STORE, owned, so that the writer may run it again.
struct Wish {
    action: StoreAction,
    system: System,
    keywords: Vec<String>,
    unchanged_since: Option<Change>,
}

impl Wish {
    fn of(command: &Store) -> Self {
        let (system, keywords) = split(&command.flags);
        Self { action: command.action, system, keywords, unchanged_since: command.unchanged_since.map(Change) }
    }

    /// Changes a slice. The first one looks the keywords up; the others get its result.
    fn apply(
        &self,
        tx: &mut Tx,
        place: SelectedFolder,
        ranges: &[UidRange],
        flags: Option<&FlagSet>,
    ) -> Result<(Stored, FlagSet), Error> {
        if !place.holds(tx)? {
            return Ok((Stored::default(), FlagSet::default()));
        }
        let flags = flags.map_or_else(|| self.flags(tx, place.access), |flags| Ok(flags.clone()))?;
        let change = match self.action {
            StoreAction::Replace => FlagChange::Replace(flags.clone()),
            StoreAction::Add => FlagChange::Add(flags.clone()),
            StoreAction::Remove => FlagChange::Remove(flags.clone()),
        };
        Ok((store_flags(tx, place.access, place.folder, ranges, &change, self.unchanged_since, SLICE)?, flags))
    }

    fn flags(&self, tx: &mut Tx, access: Access) -> Result<FlagSet, Error> {
        let names: Vec<&str> = self.keywords.iter().map(String::as_str).collect();
        match self.action {
            StoreAction::Replace | StoreAction::Add => mailbox::flags::intern(tx, access, self.system, &names),
            // Removing a keyword that nobody has used yet must not make it.
            StoreAction::Remove => mailbox::flags::used(tx, access, self.system, &names),
        }
    }
}

/// Splits flags into those of the system and the keywords.
pub fn split(flags: &[Flag]) -> (System, Vec<String>) {
    let (mut system, mut keywords) = (System::NONE, Vec::new());
    for flag in flags {
        match flag {
            Flag::Keyword(name) => keywords.push(name.clone()),
            flag => system |= system_flag(flag),
        }
    }
    (system, keywords)
}

fn system_flag(flag: &Flag) -> System {
    match flag {
        Flag::Seen => System::SEEN,
        Flag::Answered => System::ANSWERED,
        Flag::Flagged => System::FLAGGED,
        Flag::Deleted => System::DELETED,
        Flag::Draft => System::DRAFT,
        Flag::Keyword(_) => System::NONE,
    }
}

/// Announces a new keyword before the first letter that has it (RFC 9051 §7.3.5).
async fn learn_keywords(
    selected: &mut Selected,
    store: &store::Store,
    access: Access,
    stored: &Stored,
    out: &mut Output<'_>,
) -> Result<(), Halt> {
    let known = |flagged: &Flagged| flagged.flags.keywords().iter().all(|id| selected.keywords.name(*id).is_some());
    if stored.changed.iter().chain(&stored.same).all(known) {
        return Ok(());
    }
    let keywords = store.read_for(access.asker(), move |view| Keywords::load(view, access)).await?;
    flags_there_are(out.buffer(), &keywords, selected.read_only);
    selected.keywords = Arc::new(keywords);
    Ok(())
}

/// Notes the changes that the client knows: those it made itself, and those it was told of. A letter that was changed
/// in silence may also have flags that another client had added or removed meanwhile: the client is told of that letter
/// all the same.
fn remember(selected: &mut Selected, stored: &Stored, command: &Store) {
    for flagged in &stored.changed {
        let unheard = flagged.was > selected.told && !selected.own.contains(&flagged.was);
        if command.silent && command.action != StoreAction::Replace && unheard {
            selected.mixed.insert(flagged.uid);
        }
    }
    stored.changed.iter().for_each(|flagged| selected.remember(flagged.change));
}

async fn tell(
    selected: &Selected,
    out: &mut Output<'_>,
    stored: &Stored,
    silent: bool,
    enabled: Enabled,
) -> Result<(), Halt> {
    let mut flagged: Vec<&Flagged> = stored.changed.iter().collect();
    if !silent {
        flagged.extend(&stored.same);
        flagged.sort_unstable_by_key(|flagged| flagged.uid);
    } else if !enabled.condstore {
        return Ok(());
    }
    let uids = Arc::clone(&selected.uids);
    let mut places = Places::new(&uids);
    for Flagged { uid, flags, change, .. } in flagged {
        let Some(place) = places.of(*uid) else { continue };
        if silent {
            // RFC 7162 §3.1.3: the client gets the new MODSEQ even with .SILENT.
            only_modseq(out.buffer(), place, *uid, *change);
        } else {
            flags_changed(out.buffer(), place, *uid, flags, *change, &selected.keywords, enabled);
        }
        out.breathe().await?;
    }
    Ok(())
}

fn only_modseq(out: &mut Vec<u8>, place: u32, uid: Uid, change: Change) {
    out.extend_from_slice(b"* ");
    number(out, u64::from(place));
    out.extend_from_slice(b" FETCH (UID ");
    number(out, u64::from(uid.get()));
    out.push(b' ');
    modseq(out, change);
    out.extend_from_slice(b")\r\n");
}

/// Returns UIDs in the numbering of the command, as ranges.
fn numbered(uids: &[Uid], numbering: Numbering, selected: &Selected) -> Vec<std::ops::RangeInclusive<u32>> {
    let number = |uid: &Uid| match numbering {
        Numbering::Uid => Some(uid.get()),
        Numbering::Sequence => selected.uids.seq_of(*uid),
    };
    runs(uids.iter().filter_map(number)).collect()
}
