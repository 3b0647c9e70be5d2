//! Letters that go out of a folder: for good, if they lie in no other.

use std::collections::BTreeSet;

use mail::seam::AccountId;
use store::{BlobId, Tx, params};

use super::carry::bury;
use super::place::{Sight, WithOthers, seen_in, with_others};
use super::{Count, count, is_visible, slice, slice_deleted, visible, within_octets};
use crate::account::{self, Touch, WORK, grow, topic};
use crate::{Access, Change, Error, FolderId, LetterKey, Right, ThreadId, Uid, UidRange, thread};

/// Rows beside letters that go in one write.
const ROWS: usize = 2_000;

/// The letters that go.
#[derive(Clone, Debug)]
pub enum Expunge<'a> {
    /// The letters flagged `\Deleted` (EXPUNGE).
    Deleted,
    /// The letters flagged `\Deleted` among these (UID EXPUNGE, RFC 9051 §6.4.9).
    DeletedAmong(&'a [UidRange]),
    /// All of these, whatever their flags (JMAP destroy, housekeeping).
    All(&'a [UidRange]),
    /// Those of these that lie in another folder as well: whoever takes a copy back takes away no letter.
    Doubled(&'a [UidRange]),
}

/// The letters that went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expunged {
    /// Ascending.
    pub uids: Vec<Uid>,
    /// The keys they have, in the same order: a letter that lies in another folder keeps it there.
    pub letters: Vec<LetterKey>,
    /// There is more to expunge: call again, with the rest of the named letters (see [`super::rest`]) from `next` on.
    pub more: bool,
    /// The UID at which the next slice begins; `None` when all is done.
    pub next: Option<Uid>,
    /// The change that took them; none when nothing went.
    pub change: Option<Change>,
}

/// Expunges up to `limit` letters (at most [`super::SLICE`]). Those that lie in another folder stay there.
pub fn expunge(
    tx: &mut Tx,
    access: Access,
    folder: FolderId,
    which: &Expunge<'_>,
    limit: usize,
) -> Result<Expunged, Error> {
    let account = access.to(tx, folder, Right::Delete)?;
    let limit = limit.min(super::SLICE);
    let (entries, next) = within_octets(match which {
        Expunge::Deleted => slice_deleted(tx, folder, &[UidRange::ALL], limit)?,
        Expunge::DeletedAmong(ranges) => slice_deleted(tx, folder, ranges, limit)?,
        Expunge::All(ranges) | Expunge::Doubled(ranges) => slice(tx, folder, ranges, limit)?,
    });
    let (mut entries, next) = with_others(tx, folder, entries, next)?;
    if matches!(which, Expunge::Doubled(_)) {
        keep_doubled(tx, &mut entries)?;
    }
    if entries.is_empty() {
        return Ok(Expunged { more: next.is_some(), next, ..Expunged::default() });
    }
    let change = take_away(tx, account, folder, &entries)?;
    for (entry, _) in &entries {
        bury(tx, folder, entry.uid, change)?;
    }
    tx.announce(topic(account));
    tx.announce(WORK);
    let (uids, letters) = entries.iter().map(|(entry, _)| (entry.uid, entry.letter)).unzip();
    Ok(Expunged { uids, letters, more: next.is_some(), next, change: Some(change) })
}

/// Keeps those that lie in another folder, one that has not been deleted.
fn keep_doubled(tx: &Tx, leaving: &mut Vec<WithOthers>) -> Result<(), Error> {
    let mut doubled = Vec::with_capacity(leaving.len());
    for (entry, others) in leaving.drain(..) {
        let mut stays = false;
        for (folder, _) in &others {
            stays |= crate::folder::is_there(tx, *folder)?;
        }
        if stays {
            doubled.push((entry, others));
        }
    }
    *leaving = doubled;
    Ok(())
}

/// Clears letters out of a deleted folder, a slice at a time, and the folder's row with the last of them. True when
/// nothing is left of it.
pub(crate) fn clear(tx: &mut Tx, folder: FolderId) -> Result<bool, Error> {
    let account =
        tx.query_opt("SELECT account FROM folder WHERE folder = $1 AND name IS NULL", params![folder.0], |row| {
            row.get(0).map(AccountId)
        })?;
    let Some(account) = account else { return Ok(true) };
    let (entries, next) = within_octets(slice(tx, folder, &[UidRange::ALL], super::SLICE)?);
    let (entries, next) = with_others(tx, folder, entries, next)?;
    if !entries.is_empty() {
        take_away(tx, account, folder, &entries)?;
        tx.announce(topic(account));
    }
    if next.is_some() || !clear_rows(tx, folder)? {
        return Ok(false);
    }
    for table in ["uid_checkpoint", "parting", "settling", "folder"] {
        tx.execute(&format!("DELETE FROM {table} WHERE folder = $1"), params![folder.0])?;
    }
    tx.announce(WORK);
    Ok(true)
}

/// Clears away the many rows of a deleted folder beside its letters; true when none of them is left.
fn clear_rows(tx: &mut Tx, folder: FolderId) -> Result<bool, Error> {
    for (table, key) in [("tombstone", "folder, change, uid"), ("folder_thread", "folder, thread")] {
        let sql =
            format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE folder = $1 LIMIT $2)");
        if tx.execute(&sql, params![folder.0, ROWS])? == ROWS {
            return Ok(false);
        }
    }
    Ok(true)
}

fn sight((entry, others): &WithOthers) -> Sight {
    let after = seen_in(others);
    Sight { before: after + usize::from(is_visible(entry.flags.system)), after }
}

/// Takes letters out of a folder, and those that lie nowhere else out of the house: counters, rows, bytes, threads.
fn take_away(tx: &mut Tx, account: AccountId, folder: FolderId, leaving: &[WithOthers]) -> Result<Change, Error> {
    let (mut lost, mut gone) = (Count::default(), Count::default());
    for (entry, others) in leaving {
        lost.take(entry.flags.system, entry.size);
        visible::goes(tx, (account, folder), entry.thread, entry.flags.system, &mut lost)?;
        if others.is_empty() {
            gone.take(entry.flags.system, entry.size);
        }
    }
    // A client that does not see letters flagged \Deleted learnt of it when the letter was flagged.
    let is_seen = lost.is_visible();
    let touch = Touch { emails: is_seen, folders: is_seen, threads: leaving.iter().any(|one| sight(one).turns()) };
    let change = grow(tx, account, gone.size, gone.total, touch)?;
    account::double(tx, account, leaving.iter().map(|one| sight(one).doubled()).sum())?;
    count(tx, folder, lost, change, leaving.len())?;
    let mut emptied = BTreeSet::new();
    for one in leaving {
        let (entry, others) = one;
        if is_visible(entry.flags.system) {
            visible::leaves(tx, account, entry, change, sight(one).after > 0)?;
        }
        tx.execute("DELETE FROM entry WHERE folder = $1 AND uid = $2", params![folder.0, entry.uid.get()])?;
        if others.is_empty() {
            emptied.extend(take_one(tx, entry.letter)?);
        }
    }
    let settled: BTreeSet<ThreadId> = leaving.iter().map(|(entry, _)| entry.thread).collect();
    settled.into_iter().try_for_each(|thread| visible::settle(tx, account, thread, change).map(drop))?;
    let mut room = ROWS;
    for thread in emptied {
        room = thread::forget_if_empty(tx, account, thread, room)?;
    }
    Ok(change)
}

/// A letter that lies nowhere any more goes out of the house.
fn take_one(tx: &mut Tx, letter: LetterKey) -> Result<Option<ThreadId>, Error> {
    let row =
        tx.query_opt("DELETE FROM letter WHERE letter = $1 RETURNING blob, thread", params![letter.0], |row| {
            Ok((row.get::<BlobId>(0)?, ThreadId(row.get(1)?)))
        })?;
    let Some((blob, thread)) = row else { return Ok(None) };
    tx.drop_blob(blob)?;
    // The search index is another file; the background task takes the letter out of it.
    tx.execute("INSERT INTO gone (letter) VALUES ($1) ON CONFLICT DO NOTHING", params![letter.0])?;
    Ok(Some(thread))
}
