//! STORE, with UNCHANGEDSINCE (RFC 7162 §3.1.3).

use std::collections::BTreeSet;

use mail::seam::AccountId;
use store::{Tx, params};

use super::place::{ELSEWHERE, Lies, Sight, elsewhere, of_letter, seen_in};
use super::{Entry, Tally, is_unread, is_visible, slice, visible};
use crate::account::{self, Touch, tick, topic};
use crate::{Access, Change, Error, FlagChange, FlagSet, FolderId, Right, System, ThreadId, Uid, UidRange};

/// A letter's flags after a STORE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flagged {
    /// The UID of the letter.
    pub uid: Uid,
    /// Its flags now.
    pub flags: FlagSet,
    /// Its last change now.
    pub change: Change,
    /// Its last change before this one.
    pub was: Change,
}

/// The result of a STORE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Letters whose flags are other than before.
    pub changed: Vec<Flagged>,
    /// Letters that had these flags already; their last change stays.
    pub same: Vec<Flagged>,
    /// Letters left alone because they changed after UNCHANGEDSINCE: the MODIFIED response code.
    pub modified: Vec<Uid>,
    /// The UID at which the next slice begins; `None` when all is done.
    pub next: Option<Uid>,
}

/// Changes the flags of up to `limit` letters (at most [`super::SLICE`]), wherever else they lie; `\Deleted` in this folder
/// alone. A letter that changed after `unchanged_since` is left alone and told, each letter by itself.
pub fn store_flags(
    tx: &mut Tx,
    access: Access,
    folder: FolderId,
    ranges: &[UidRange],
    flag_change: &FlagChange,
    unchanged_since: Option<Change>,
    limit: usize,
) -> Result<Stored, Error> {
    let account = access.to(tx, folder, Right::Flag)?;
    let (entries, next) = slice(tx, folder, ranges, limit.min(super::SLICE))?;
    let mut stored = Stored { next, ..Stored::default() };
    let (mut turns, mut room) = (Vec::new(), ELSEWHERE);
    for entry in entries {
        let flags = flag_change.apply(&entry.flags);
        if unchanged_since.is_some_and(|since| entry.change > since) {
            stored.modified.push(entry.uid);
        } else if flags == entry.flags {
            stored.same.push(Flagged { uid: entry.uid, flags, change: entry.change, was: entry.change });
        } else {
            let others = elsewhere(tx, entry.letter, folder)?;
            if others.len() > room && !turns.is_empty() {
                stored.next = Some(entry.uid);
                break;
            }
            room = room.saturating_sub(others.len());
            turns.push(Turn { entry, flags, others });
        }
    }
    if !turns.is_empty() {
        carry_out(tx, account, folder, turns, &mut stored)?;
    }
    Ok(stored)
}

/// A letter whose flags change.
struct Turn {
    entry: Entry,
    /// Its flags from now on, in this folder.
    flags: FlagSet,
    others: Vec<Lies>,
}

impl Turn {
    /// Returns true if more changes than `\Deleted` of this place.
    fn is_of_letter(&self) -> bool {
        of_letter(&self.entry.flags) != of_letter(&self.flags)
    }

    /// The flags from now on in another folder.
    fn flags_in(&self, other: &Entry) -> FlagSet {
        let own = if is_visible(other.flags.system) { System::NONE } else { System::DELETED };
        of_letter(&self.flags).with(&own.into())
    }

    fn sight(&self) -> Sight {
        let others = seen_in(&self.others);
        let here = |flags: &FlagSet| usize::from(is_visible(flags.system));
        Sight { before: others + here(&self.entry.flags), after: others + here(&self.flags) }
    }

    /// Returns true if a client that sees no letters flagged `\Deleted` learns of it.
    fn is_seen(&self) -> bool {
        let Sight { before, after } = self.sight();
        before != after || (after > 0 && self.is_of_letter())
    }

    /// Counts the change in each folder.
    fn count(&self, tx: &mut Tx, account: AccountId, folder: FolderId, tally: &mut Tally) -> Result<(), Error> {
        count_one(tx, (account, folder), &self.entry, &self.flags, tally)?;
        if self.is_of_letter() {
            for (folder, other) in &self.others {
                count_one(tx, (account, *folder), other, &self.flags_in(other), tally)?;
            }
        }
        Ok(())
    }

    fn write(&self, tx: &mut Tx, account: AccountId, folder: FolderId, change: Change) -> Result<(), Error> {
        let (was_visible, is_visible_now) = (is_visible(self.entry.flags.system), is_visible(self.flags.system));
        let seen_elsewhere = self.others.iter().find(|(_, other)| is_visible(other.flags.system));
        // A letter that is visible again is as good as new, unless it is visible elsewhere.
        let born = match (was_visible, is_visible_now) {
            (false, true) => seen_elsewhere.map_or(change, |(_, other)| other.born),
            _ => self.entry.born,
        };
        if was_visible && !is_visible_now {
            visible::leaves(tx, account, &self.entry, change, seen_elsewhere.is_some())?;
        }
        write(tx, folder, self.entry.uid, &self.flags, change, born)?;
        if self.is_of_letter() {
            for (folder, other) in &self.others {
                write(tx, *folder, other.uid, &self.flags_in(other), change, other.born)?;
            }
        }
        Ok(())
    }
}

fn count_one(
    tx: &mut Tx,
    (account, folder): (AccountId, FolderId),
    entry: &Entry,
    flags: &FlagSet,
    tally: &mut Tally,
) -> Result<(), Error> {
    let counted = tally.of(folder);
    counted.take(entry.flags.system, entry.size);
    counted.add(flags.system, entry.size);
    visible::turns(tx, (account, folder), entry.thread, entry.flags.system, flags.system, counted)
}

/// All of the letters in one change of the account.
fn carry_out(
    tx: &mut Tx,
    account: AccountId,
    folder: FolderId,
    turns: Vec<Turn>,
    stored: &mut Stored,
) -> Result<(), Error> {
    let (mut tally, mut doubled) = (Tally::default(), 0);
    for turn in &turns {
        turn.count(tx, account, folder, &mut tally)?;
        doubled += turn.sight().doubled();
    }
    let touch = Touch {
        emails: turns.iter().any(Turn::is_seen),
        folders: tally.is_visible(),
        threads: turns.iter().any(|turn| turn.sight().turns()),
    };
    let change = tick(tx, account, touch)?;
    account::double(tx, account, doubled)?;
    for turn in &turns {
        turn.write(tx, account, folder, change)?;
    }
    tally.write(tx, change)?;
    for thread in turned(&turns) {
        visible::settle(tx, account, thread, change)?;
    }
    tx.announce(topic(account));
    stored.changed.extend(turns.into_iter().map(|Turn { entry, flags, .. }| {
        let (uid, was) = (entry.uid, entry.change);
        Flagged { uid, flags, change, was }
    }));
    Ok(())
}

/// The conversations that may be shown otherwise: a letter of them was read, or came into sight, or left it.
fn turned(turns: &[Turn]) -> BTreeSet<ThreadId> {
    let is_turned = |turn: &&Turn| {
        let (before, now) = (turn.entry.flags.system, turn.flags.system);
        let shared = is_unread(before.without(System::DELETED)) != is_unread(now.without(System::DELETED));
        shared || is_visible(before) != is_visible(now)
    };
    turns.iter().filter(is_turned).map(|turn| turn.entry.thread).collect()
}

fn write(tx: &mut Tx, folder: FolderId, uid: Uid, flags: &FlagSet, change: Change, born: Change) -> Result<(), Error> {
    tx.execute(
        "UPDATE entry SET flags = $3, keywords = $4, change = $5, born = $6 WHERE folder = $1 AND uid = $2",
        params![folder.0, uid.get(), flags.system.bits(), flags.encode_keywords(), change.0, born.0],
    )?;
    Ok(())
}
