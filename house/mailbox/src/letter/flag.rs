//! STORE, with UNCHANGEDSINCE (RFC 7162 §3.1.3).

use std::collections::BTreeSet;

use store::{Tx, params};

use super::{Count, Entry, account_of, count, is_unread, is_visible, slice, visible};
use crate::account::{Touch, tick, topic};
use crate::{Change, Error, FlagChange, FlagSet, FolderId, Uid, UidRange};

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

/// Changes the flags of up to `limit` letters (at most [`super::SLICE`]). A letter that changed after
/// `unchanged_since` is left alone and told, each letter by itself.
pub fn store_flags(
    tx: &mut Tx,
    folder: FolderId,
    ranges: &[UidRange],
    flag_change: &FlagChange,
    unchanged_since: Option<Change>,
    limit: usize,
) -> Result<Stored, Error> {
    let account = account_of(tx, folder)?;
    let (entries, next) = slice(tx, folder, ranges, limit.min(super::SLICE))?;
    let mut stored = Stored { next, ..Stored::default() };
    let mut to_change = Vec::new();
    for entry in entries {
        let flags = flag_change.apply(&entry.flags);
        if unchanged_since.is_some_and(|since| entry.change > since) {
            stored.modified.push(entry.uid);
        } else if flags == entry.flags {
            stored.same.push(Flagged { uid: entry.uid, flags, change: entry.change, was: entry.change });
        } else {
            to_change.push((entry, flags));
        }
    }
    if to_change.is_empty() {
        return Ok(stored);
    }
    let mut counted = Count::default();
    let (mut seen_to_change, mut comes_or_goes, mut turned) = (false, false, BTreeSet::new());
    for (entry, flags) in &to_change {
        counted.take(entry.flags.system, entry.size);
        counted.add(flags.system, entry.size);
        visible::turns(tx, (account, folder), entry.thread, entry.flags.system, flags.system, &mut counted)?;
        seen_to_change |= is_visible(entry.flags.system) || is_visible(flags.system);
        comes_or_goes |= is_visible(entry.flags.system) != is_visible(flags.system);
        if is_unread(entry.flags.system) != is_unread(flags.system) || comes_or_goes {
            turned.insert(entry.thread);
        }
    }
    let touch = Touch { emails: seen_to_change, folders: counted.is_visible(), threads: comes_or_goes };
    let change = tick(tx, account, touch)?;
    for (entry, flags) in to_change {
        if is_visible(entry.flags.system) && !is_visible(flags.system) {
            visible::vanish(tx, account, &entry, change)?;
        }
        write(tx, folder, &entry, &flags, change)?;
        stored.changed.push(Flagged { uid: entry.uid, flags, change, was: entry.change });
    }
    count(tx, folder, counted, change, stored.changed.len())?;
    for thread in turned {
        visible::settle(tx, account, thread, change)?;
    }
    tx.announce(topic(account));
    Ok(stored)
}

fn write(tx: &mut Tx, folder: FolderId, entry: &Entry, flags: &FlagSet, change: Change) -> Result<(), Error> {
    // A letter that is visible again is as good as new.
    let born = if is_visible(flags.system) && !is_visible(entry.flags.system) { change } else { entry.born };
    tx.execute(
        "UPDATE entry SET flags = $3, keywords = $4, change = $5, born = $6 WHERE folder = $1 AND uid = $2",
        params![folder.0, entry.uid.get(), flags.system.bits(), flags.encode_keywords(), change.0, born.0],
    )?;
    Ok(())
}
