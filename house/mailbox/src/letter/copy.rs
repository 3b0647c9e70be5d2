//! Second letters: a copy in the folder that the letter lies in (RFC 9051 §6.4.7 makes one more message there).

use mail::seam::AccountId;
use store::{BlobId, Tx, params};

use super::carry::{Copied, settle};
use super::{Count, Entry, take_uids, visible};
use crate::account::{WORK, grow_within_quota, topic};
use crate::{Change, Error, FolderId, LetterKey, Uid};

/// Makes a second letter of each, with flags and dates. The bytes are shared.
pub(super) fn copy_within(
    tx: &mut Tx,
    account: AccountId,
    folder: FolderId,
    entries: &[Entry],
    next: Option<Uid>,
) -> Result<Copied, Error> {
    let octets = entries.iter().map(|entry| entry.size).sum();
    let change = grow_within_quota(tx, account, octets, entries.len() as u64)?;
    let mut gained = Count::default();
    for entry in entries {
        gained.add(entry.flags.system, entry.size);
        visible::comes(tx, (account, folder), entry.thread, entry.flags.system, &mut gained)?;
    }
    let (first, uid_validity) = take_uids(tx, folder, entries.len(), gained, change)?;
    settle(tx, account, entries.iter(), change)?;
    let added: Vec<Uid> = (first..).filter_map(Uid::new).take(entries.len()).collect();
    for (entry, uid) in entries.iter().zip(&added) {
        copy_one(tx, folder, entry, *uid, change)?;
    }
    tx.announce(topic(account));
    tx.announce(WORK);
    let pairs = entries.iter().map(|entry| entry.uid).zip(added.iter().copied()).collect();
    Ok(Copied { pairs, added, uid_validity, next })
}

fn copy_one(tx: &mut Tx, folder: FolderId, entry: &Entry, uid: Uid, change: Change) -> Result<(), Error> {
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
         SELECT folder, $2, $3, $4, flags, size, received, keywords, thread, $4, attached
         FROM entry WHERE folder = $1 AND uid = $5",
        params![folder.0, uid.get(), letter.0, change.0, entry.uid.get()],
    )?;
    Ok(())
}
