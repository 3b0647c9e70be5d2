//! Filing: the hot path. Everything that can be computed was computed in [`crate::prepare`].

use mail::Timestamp;
use store::{Tx, params};

use super::{Count, take_uids, visible};
use crate::account::{self, WORK, topic};
use crate::{
    Access, Change, Error, FlagSet, FolderId, LetterKey, Prepared, Right, ThreadId, Uid, UidValidity, report, thread,
};

/// The identity of a filed letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filed {
    /// Its UID.
    pub uid: Uid,
    /// The UIDVALIDITY of the folder, for APPENDUID (RFC 9051 §7.1).
    pub uid_validity: UidValidity,
    /// Its key.
    pub letter: LetterKey,
    /// Its conversation.
    pub thread: ThreadId,
    /// The change that brought it.
    pub change: Change,
}

/// Files a letter. The UID is taken in the same transaction, so UIDs appear in order (RFC 9051 §2.3.1.1).
/// Eleven statements and the blob's, three more where a conversation becomes unread, and one more for a report.
pub fn file(
    tx: &mut Tx,
    access: Access,
    folder: FolderId,
    prepared: &Prepared,
    flags: &FlagSet,
    received: Timestamp,
) -> Result<Filed, Error> {
    file_beyond(tx, access, folder, prepared, flags, received, 0)
}

/// Files a letter with so many octets more than the quota allows: a letter that is replaced in the same breath makes
/// room for the one that replaces it, and a person at the limit can still write that they are.
pub fn file_beyond(
    tx: &mut Tx,
    access: Access,
    folder: FolderId,
    prepared: &Prepared,
    flags: &FlagSet,
    received: Timestamp,
    beyond: u64,
) -> Result<Filed, Error> {
    let account = access.may(Right::Insert)?;
    let change = admit(tx, (access, folder), prepared.size(), beyond)?;
    let mut gained = Count::default();
    gained.add(flags.system, prepared.size());
    let thread = thread::join(tx, account, &prepared.leads, received, change)?;
    visible::comes(tx, (account, folder), thread, flags.system, &mut gained)?;
    let (number, uid_validity) = take_uids(tx, folder, 1, gained, change)?;
    let uid = Uid::new(number).ok_or(Error::Damaged("a folder"))?;
    let blob = tx.put_blob(&prepared.blob)?;
    let letter = tx.query_one(
        "INSERT INTO letter (account, thread, blob, size, summary, structure, findings)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING letter",
        params![
            account.0,
            thread.0,
            blob,
            prepared.size(),
            prepared.summary_column,
            prepared.structure_column,
            prepared.findings_column
        ],
        |row| row.get(0).map(LetterKey),
    )?;
    tx.execute(
        "INSERT INTO entry (folder, uid, letter, change, flags, size, received, keywords, thread, born, attached)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $4, $10)",
        params![
            folder.0,
            uid.get(),
            letter.0,
            change.0,
            flags.system.bits(),
            prepared.size(),
            received.0,
            flags.encode_keywords(),
            thread.0,
            prepared.has_attachment()
        ],
    )?;
    visible::settle(tx, account, thread, change)?;
    report::note(tx, account, letter, prepared)?;
    tx.announce(topic(account));
    tx.announce(WORK);
    Ok(Filed { uid, uid_validity, letter, thread, change })
}

/// The account's next tick, if the letter fits: one statement where all is well.
fn admit(tx: &mut Tx, (access, folder): (Access, FolderId), size: u64, beyond: u64) -> Result<Change, Error> {
    let admitted = tx.query_opt(
        "UPDATE account_mail SET change = change + 1, used = used + $2, letters = letters + 1,
         emails = change + 1, folders = change + 1, threads = change + 1
         WHERE account = (SELECT account FROM folder WHERE folder = $1 AND account = $4 AND name IS NOT NULL)
         AND deleted = 0 AND (quota IS NULL OR used + $2 - $3 <= quota) RETURNING change",
        params![folder.0, size, beyond, access.owner().0],
        |row| row.get(0).map(Change),
    )?;
    match admitted {
        Some(admitted) => Ok(admitted),
        None => {
            let account = access.to(tx, folder, Right::Insert)?;
            let usage = account::measured(tx, account)?;
            Err(Error::OverQuota { used: usage.used, quota: usage.quota.unwrap_or(u64::MAX), size })
        }
    }
}
