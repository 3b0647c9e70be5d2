//! Changes letters: files, copies, moves, flags and expunges them. Each function is one transaction long and works
//! on a slice, so that the writer is never held for long; `next` says where the caller goes on.

pub(crate) mod again;
mod carry;
mod copy;
mod expunge;
mod file;
mod flag;
pub(crate) mod kept;
mod lie;
mod part;
mod place;
pub(crate) mod visible;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use store::{Tx, View, params};

pub use carry::{Copied, copy, move_};
pub(crate) use expunge::clear;
pub use expunge::{Expunge, Expunged, expunge};
pub use file::{Filed, file, file_beyond};
pub use flag::{Flagged, Stored, store_flags};
pub use lie::{Placed, add, destroy, remove, set_folders};
pub(crate) use part::carry_out_behind;
pub use part::{carry_out, part};
pub use place::{MOST_PLACES, Place, places};

use crate::{Change, Error, FlagSet, FolderId, LetterKey, System, ThreadId, Uid, UidRange, UidValidity};

/// The most letters one call works on.
pub const SLICE: usize = 500;
/// Octets of bodies that one call takes out of the database, and what a larger body, which lies in a file, counts for.
const OCTETS: u64 = 16 << 20;
const BODY: u64 = 256 << 10;

/// The amounts that a change adds to the counters of a folder, or takes from them.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    total: i64,
    unseen: i64,
    deleted: i64,
    size: i64,
    unread: i64,
    threads: i64,
}

impl Count {
    fn add(&mut self, flags: System, size: u64) {
        self.count(flags, size, 1);
    }

    fn take(&mut self, flags: System, size: u64) {
        self.count(flags, size, -1);
    }

    fn count(&mut self, flags: System, size: u64, sign: i64) {
        self.total += sign;
        self.unseen += sign * i64::from(!flags.contains(System::SEEN));
        self.deleted += sign * i64::from(flags.contains(System::DELETED));
        self.size += sign * i64::try_from(size).unwrap_or(i64::MAX);
        self.unread += sign * i64::from(is_unread(flags));
    }

    /// Returns true if the counters change for a client that does not see letters flagged `\\Deleted`.
    fn is_visible(&self) -> bool {
        self.total != self.deleted || self.unread != 0 || self.threads != 0
    }
}

/// Visible, and neither seen nor a draft (RFC 8621 §2, unreadEmails).
fn is_unread(flags: System) -> bool {
    (flags.bits() & (System::SEEN | System::DELETED | System::DRAFT).bits()) == 0
}

fn is_visible(flags: System) -> bool {
    !flags.contains(System::DELETED)
}

/// Brings the folder's counters and last change up to date.
fn count(tx: &mut Tx, folder: FolderId, count: Count, change: Change, touched: usize) -> Result<(), Error> {
    // Each letter that leaves the folder leaves a tombstone.
    let left = -count.total;
    tx.execute(
        "UPDATE folder SET total = total + $2, unseen = unseen + $3, deleted = deleted + $4, size = size + $5,
         highest = $6, stale = stale + $7, buried = buried + $8,
         unread = unread + $9, threads = threads + $10,
         counted = CASE WHEN $11 = 1 THEN $6 ELSE counted END WHERE folder = $1",
        params![
            folder.0,
            count.total,
            count.unseen,
            count.deleted,
            count.size,
            change.0,
            touched,
            left,
            count.unread,
            count.threads,
            count.is_visible()
        ],
    )?;
    Ok(())
}

/// The amounts for each folder that a change touches, with the number of letters that it touches there.
#[derive(Default)]
struct Tally(BTreeMap<FolderId, (Count, usize)>);

impl Tally {
    /// The amounts of a folder in which one letter more is touched.
    fn of(&mut self, folder: FolderId) -> &mut Count {
        let (count, touched) = self.0.entry(folder).or_default();
        *touched += 1;
        count
    }

    /// Returns true if any counter changes for a client that does not see letters flagged `\\Deleted`.
    fn is_visible(&self) -> bool {
        self.0.values().any(|(count, _)| count.is_visible())
    }

    /// Brings the folders up to date.
    fn write(self, tx: &mut Tx, change: Change) -> Result<(), Error> {
        self.0.into_iter().try_for_each(|(folder, (amounts, touched))| count(tx, folder, amounts, change, touched))
    }
}

/// Gives out UIDs for as many letters, counts them, and says where the UIDs begin.
fn take_uids(
    tx: &mut Tx,
    folder: FolderId,
    letters: usize,
    count: Count,
    change: Change,
) -> Result<(u32, UidValidity), Error> {
    // UIDNEXT itself must stay a UID, so the last one is never given out.
    tx.query_opt(
        "UPDATE folder SET uid_next = uid_next + $2, total = total + $3, unseen = unseen + $4,
         deleted = deleted + $5, size = size + $6, highest = $7, stale = stale + $2,
         unread = unread + $8, threads = threads + $9, counted = $7
         WHERE folder = $1 AND uid_next + $2 <= 4294967295 RETURNING uid_next - $2, uid_validity",
        params![
            folder.0,
            letters,
            count.total,
            count.unseen,
            count.deleted,
            count.size,
            change.0,
            count.unread,
            count.threads
        ],
        |row| Ok((row.get(0)?, UidValidity(crate::numbers::at_least_one(row.get(1)?)))),
    )?
    .ok_or(Error::UidsExhausted)
}

/// A row as the changing functions need it.
#[derive(Clone)]
struct Entry {
    uid: Uid,
    letter: LetterKey,
    change: Change,
    flags: FlagSet,
    size: u64,
    thread: ThreadId,
    /// The change that made it visible.
    born: Change,
}

impl Entry {
    /// `None` for a row whose UID cannot be.
    fn read(row: &store::Row) -> Result<Option<Self>, store::Error> {
        let Some(uid) = Uid::new(row.get(0)?) else { return Ok(None) };
        Ok(Some(Self {
            uid,
            letter: LetterKey(row.get(1)?),
            change: Change(row.get(2)?),
            flags: crate::fetch::flags(row, 3, 4)?,
            size: row.get(5)?,
            thread: ThreadId(row.get(6)?),
            born: Change(row.get(7)?),
        }))
    }
}

/// Ranges looked into in one call. A client may name very many of which nothing is there any more.
const RANGES: usize = 2_000;
/// Letters flagged `\\Deleted` that one call passes over because they are not among those named.
const PASSED: usize = 10_000;

/// The first letters of the ranges, at most `limit`, and where the next ones begin.
fn slice(view: &View, folder: FolderId, ranges: &[UidRange], limit: usize) -> Result<(Vec<Entry>, Option<Uid>), Error> {
    let sql = "SELECT uid, letter, change, flags, keywords, size, thread, born FROM entry
         WHERE folder = $1 AND uid >= $2 AND uid <= $3 ORDER BY uid";
    let (mut entries, mut next) = (Vec::new(), None);
    for (looked, range) in ranges.iter().enumerate() {
        if looked == RANGES {
            next = Some(range.first);
            break;
        }
        view.for_each(sql, params![folder.0, range.first.get(), range.last.get()], |row| {
            let Some(entry) = Entry::read(row)? else { return Ok(ControlFlow::Continue(())) };
            if entries.len() >= limit {
                next = Some(entry.uid);
                return Ok(ControlFlow::Break(()));
            }
            entries.push(entry);
            Ok(ControlFlow::Continue(()))
        })?;
        if next.is_some() {
            break;
        }
    }
    Ok((entries, next))
}

/// The same for letters flagged `\Deleted`, found by their own index and not by a walk through the folder.
fn slice_deleted(
    view: &View,
    folder: FolderId,
    ranges: &[UidRange],
    limit: usize,
) -> Result<(Vec<Entry>, Option<Uid>), Error> {
    let sql = "SELECT uid FROM entry
         WHERE folder = $1 AND (flags & 8) = 8 AND uid >= $2 AND uid <= $3 ORDER BY uid LIMIT $4";
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else { return Ok((Vec::new(), None)) };
    let most = PASSED + 1;
    let found =
        view.query(sql, params![folder.0, first.first.get(), last.last.get(), most], |row| row.get::<u32>(0))?;
    let found: Vec<Uid> = found.into_iter().filter_map(Uid::new).collect();
    let passed_all = found.len() <= PASSED;
    let is_named = |uid: &Uid| {
        let at = ranges.partition_point(|range| range.last < *uid);
        ranges.get(at).is_some_and(|range| range.contains(*uid))
    };
    let named = found.iter().take(PASSED).copied().filter(is_named);
    let uids: Vec<UidRange> = named.take(limit + 1).map(UidRange::one).collect();
    let (entries, next) = slice(view, folder, &uids, limit)?;
    let unseen = found.last().copied().filter(|_| !passed_all);
    Ok((entries, next.or(unseen)))
}

/// Keeps as many of the letters as one write takes away: taking a body out of the database costs by its length.
fn within_octets((mut entries, mut next): (Vec<Entry>, Option<Uid>)) -> (Vec<Entry>, Option<Uid>) {
    let mut octets = 0;
    let full = entries.iter().position(|entry| {
        // The last one that still begins within the limit goes as well, so that there is always one.
        let full = octets >= OCTETS;
        octets += entry.size.min(BODY);
        full
    });
    if let Some(full) = full {
        next = entries.get(full).map(|entry| entry.uid);
        entries.truncate(full);
    }
    (entries, next)
}

/// Returns the part of ascending ranges from `next` on: for the caller's loop over slices.
pub fn rest(ranges: &[UidRange], next: Uid) -> Vec<UidRange> {
    ranges
        .iter()
        .filter(|range| range.last >= next)
        .map(|range| UidRange { first: range.first.max(next), last: range.last })
        .collect()
}
