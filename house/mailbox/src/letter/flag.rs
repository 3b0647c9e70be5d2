//! STORE, with UNCHANGEDSINCE (RFC 7162 §3.1.3).

use store::{Tx, params};

use super::{Count, Entry, account_of, count, slice};
use crate::account::{tick, topic};
use crate::{Change, Error, FlagChange, FlagSet, FolderId, Uid, UidRange};

/// A letter's flags after a STORE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flagged {
    /// Which letter.
    pub uid: Uid,
    /// Its flags now.
    pub flags: FlagSet,
    /// Its last change now.
    pub change: Change,
}

/// What a STORE did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Letters whose flags are other than before.
    pub changed: Vec<Flagged>,
    /// Letters that had these flags already; their last change stays.
    pub same: Vec<Flagged>,
    /// Letters left alone because they changed after UNCHANGEDSINCE: the MODIFIED response code.
    pub modified: Vec<Uid>,
    /// Where the next slice begins; none: all done.
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
            stored.same.push(Flagged { uid: entry.uid, flags, change: entry.change });
        } else {
            to_change.push((entry, flags));
        }
    }
    if to_change.is_empty() {
        return Ok(stored);
    }
    let change = tick(tx, account)?;
    let mut counted = Count::default();
    for (entry, flags) in to_change {
        counted.take(entry.flags.system, entry.size);
        counted.add(flags.system, entry.size);
        write(tx, folder, &entry, &flags, change)?;
        stored.changed.push(Flagged { uid: entry.uid, flags, change });
    }
    count(tx, folder, counted, change, stored.changed.len())?;
    tx.announce(topic(account));
    Ok(stored)
}

fn write(tx: &mut Tx, folder: FolderId, entry: &Entry, flags: &FlagSet, change: Change) -> Result<(), Error> {
    tx.execute(
        "UPDATE entry SET flags = $3, keywords = $4, change = $5 WHERE folder = $1 AND uid = $2",
        params![folder.0, entry.uid.get(), flags.system.bits(), flags.encode_keywords(), change.0],
    )?;
    Ok(())
}
