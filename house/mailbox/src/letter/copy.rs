//! COPY and MOVE (RFC 9051 §6.4.7, §6.4.8).

use std::collections::BTreeSet;

use mail::seam::AccountId;
use store::{BlobId, Tx, params};

use super::{Count, Entry, account_of, count, slice, take_uids, visible};
use crate::account::{Touch, WORK, grow_within_quota, tick, topic};
use crate::{Change, Error, FolderId, LetterKey, ThreadId, Uid, UidRange, UidValidity};

/// The letters that were copied or moved, for COPYUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// UID here and UID there, ascending.
    pub pairs: Vec<(Uid, Uid)>,
    /// The UIDVALIDITY of the folder that they went to.
    pub uid_validity: UidValidity,
    /// The UID at which the next slice begins; `None` when all is done.
    pub next: Option<Uid>,
}

/// Copies up to `limit` letters (at most [`super::SLICE`]), with flags and dates. The bytes are shared.
pub fn copy(tx: &mut Tx, from: FolderId, ranges: &[UidRange], to: FolderId, limit: usize) -> Result<Copied, Error> {
    let account = common_account(tx, from, to)?;
    let (entries, next) = slice(tx, from, ranges, limit.min(super::SLICE))?;
    if entries.is_empty() {
        return nothing(tx, to, next);
    }
    let octets = entries.iter().map(|entry| entry.size).sum();
    let change = grow_within_quota(tx, account, octets, entries.len() as u64)?;
    let mut gained = counted(&entries);
    for entry in &entries {
        visible::comes(tx, (account, to), entry.thread, entry.flags.system, &mut gained)?;
    }
    let (first, uid_validity) = take_uids(tx, to, entries.len(), gained, change)?;
    settle(tx, account, &entries, change)?;
    let pairs = pair(&entries, first);
    for (entry, (_, uid)) in entries.iter().zip(&pairs) {
        copy_one(tx, entry, to, *uid, change)?;
    }
    tx.announce(topic(account));
    tx.announce(WORK);
    Ok(Copied { pairs, uid_validity, next })
}

fn copy_one(tx: &mut Tx, entry: &Entry, to: FolderId, uid: Uid, change: Change) -> Result<(), Error> {
    let (letter, blob) = tx.query_one(
        "INSERT INTO letter (account, thread, blob, size, summary, structure, findings)
         SELECT account, thread, blob, size, summary, structure, findings FROM letter WHERE letter = $1
         RETURNING letter, blob",
        params![entry.letter.0],
        |row| Ok((LetterKey(row.get(0)?), row.get::<BlobId>(1)?)),
    )?;
    tx.keep_blob(blob)?;
    tx.execute(
        "INSERT INTO entry (folder, uid, letter, change, flags, size, received, keywords, thread, born, attached)
         SELECT $1, $2, $3, $4, flags, size, received, keywords, thread, $4, attached FROM entry WHERE letter = $5",
        params![to.0, uid.get(), letter.0, change.0, entry.letter.0],
    )?;
    Ok(())
}

/// Moves up to `limit` letters (at most [`super::SLICE`]): each keeps its key, gets a new UID, and leaves a
/// tombstone. Takes no quota.
pub fn move_(tx: &mut Tx, from: FolderId, ranges: &[UidRange], to: FolderId, limit: usize) -> Result<Copied, Error> {
    let account = common_account(tx, from, to)?;
    let (entries, next) = slice(tx, from, ranges, limit.min(super::SLICE))?;
    if entries.is_empty() {
        return nothing(tx, to, next);
    }
    let change = tick(tx, account, Touch { emails: true, folders: true, threads: false })?;
    let mut gained = counted(&entries);
    let mut lost = Count::default();
    for entry in &entries {
        lost.take(entry.flags.system, entry.size);
        visible::goes(tx, (account, from), entry.thread, entry.flags.system, &mut lost)?;
        visible::comes(tx, (account, to), entry.thread, entry.flags.system, &mut gained)?;
    }
    let (first, uid_validity) = take_uids(tx, to, entries.len(), gained, change)?;
    count(tx, from, lost, change, entries.len())?;
    settle(tx, account, &entries, change)?;
    let pairs = pair(&entries, first);
    for (old, new) in &pairs {
        tx.execute(
            "UPDATE entry SET folder = $3, uid = $4, change = $5 WHERE folder = $1 AND uid = $2",
            params![from.0, old.get(), to.0, new.get(), change.0],
        )?;
        bury(tx, from, *old, change)?;
    }
    tx.announce(topic(account));
    Ok(Copied { pairs, uid_validity, next })
}

fn settle(tx: &mut Tx, account: AccountId, entries: &[Entry], change: Change) -> Result<(), Error> {
    let threads: BTreeSet<ThreadId> = entries.iter().map(|entry| entry.thread).collect();
    threads.into_iter().try_for_each(|thread| visible::settle(tx, account, thread, change).map(drop))
}

/// Leaves a tombstone, so that other sessions and returning clients learn of it.
pub(super) fn bury(tx: &mut Tx, folder: FolderId, uid: Uid, change: Change) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO tombstone (folder, change, uid) VALUES ($1, $2, $3)",
        params![folder.0, change.0, uid.get()],
    )?;
    Ok(())
}

/// Letters stay in their account.
fn common_account(tx: &Tx, from: FolderId, to: FolderId) -> Result<AccountId, Error> {
    let account = account_of(tx, from)?;
    if account_of(tx, to)? == account { Ok(account) } else { Err(Error::OtherAccount) }
}

fn nothing(tx: &mut Tx, to: FolderId, next: Option<Uid>) -> Result<Copied, Error> {
    let uid_validity = crate::folder::get(tx, to)?.uid_validity;
    Ok(Copied { pairs: Vec::new(), uid_validity, next })
}

fn counted(entries: &[Entry]) -> Count {
    let mut count = Count::default();
    entries.iter().for_each(|entry| count.add(entry.flags.system, entry.size));
    count
}

fn pair(entries: &[Entry], first: u32) -> Vec<(Uid, Uid)> {
    let new = (first..).filter_map(Uid::new);
    entries.iter().map(|entry| entry.uid).zip(new).collect()
}
