//! The folders of a source, with the letters that were in them at the last look.

use std::ops::ControlFlow;

use store::{Tx, View, params};

use super::SourceId;
use super::letters::{imap_key, uid_of};
use crate::imap::Numbers;

/// A folder of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderRow {
    /// Its row.
    pub id: i64,
    /// UIDVALIDITY when it was last looked at; 0: never.
    pub validity: u32,
    /// Letters with smaller UIDs have been dealt with.
    pub uid_next: u32,
    /// Letters in it when all had been dealt with.
    pub messages: u32,
    /// It was made here, too.
    pub furnished: bool,
    /// HIGHESTMODSEQ when the labels of its letters were looked at last; 0: never.
    pub modseq: u64,
}

/// The folder of this name, as the server writes it; made if there is none.
pub fn folder(tx: &mut Tx, source: SourceId, raw_name: &[u8]) -> Result<FolderRow, store::Error> {
    tx.execute(
        "INSERT INTO fetch_folder (source, name) VALUES ($1, $2) ON CONFLICT (source, name) DO NOTHING",
        params![source.0, raw_name.to_vec()],
    )?;
    find_folder(tx, source, raw_name)?.ok_or(store::Error::NoRow)
}

/// The folder of this name, if it has been looked at before.
pub fn find_folder(view: &View, source: SourceId, raw_name: &[u8]) -> Result<Option<FolderRow>, store::Error> {
    view.query_opt(
        "SELECT folder, validity, uid_next, messages, furnished, modseq FROM fetch_folder WHERE source = $1 AND name = $2",
        params![source.0, raw_name.to_vec()],
        |row| {
            let (id, validity, uid_next) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (messages, furnished) = (row.get(3)?, row.get::<i64>(4)? == 1);
            Ok(FolderRow { id, validity, uid_next, messages, furnished, modseq: row.get::<i64>(5)?.cast_unsigned() })
        },
    )
}

/// The rows of a source's folders with their names.
pub fn folder_names(view: &View, source: SourceId) -> Result<Vec<(i64, Vec<u8>)>, store::Error> {
    let sql = "SELECT folder, name FROM fetch_folder WHERE source = $1";
    view.query(sql, params![source.0], |row| Ok((row.get(0)?, row.bytes(1)?.to_vec())))
}

/// Writes down how far a folder has been dealt with.
pub fn settle(tx: &mut Tx, folder: i64, validity: u32, uid_next: u32, messages: u32) -> Result<(), store::Error> {
    tx.execute(
        "UPDATE fetch_folder SET validity = $2, uid_next = $3, messages = $4 WHERE folder = $1",
        params![folder, validity, uid_next, messages],
    )?;
    Ok(())
}

/// The next round looks at all letters of a folder again.
pub fn look_anew(tx: &mut Tx, folder: i64) -> Result<(), store::Error> {
    tx.execute("UPDATE fetch_folder SET uid_next = 1, messages = 0 WHERE folder = $1", params![folder])?;
    Ok(())
}

/// The folder was made here; it is not made again when somebody removes it.
pub fn furnished(tx: &mut Tx, folder: i64) -> Result<(), store::Error> {
    tx.execute("UPDATE fetch_folder SET furnished = 1 WHERE folder = $1", params![folder])?;
    Ok(())
}

/// The UIDs that are known in a folder under a UIDVALIDITY, and still there as far as is known.
pub fn held(view: &View, folder: i64, validity: u32) -> Result<Numbers, store::Error> {
    let mut uids = Vec::new();
    view.for_each(
        "SELECT key FROM fetch_letter WHERE folder = $1 AND key >= $2 AND key <= $3 AND gone = 0 ORDER BY key",
        params![folder, imap_key(validity, 0), imap_key(validity, u32::MAX)],
        |row| {
            uids.extend(uid_of(row.bytes(0)?));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(uids.into_iter().collect())
}

/// Marks letters that are not there any more, under this UIDVALIDITY. At most a slice of them at a time.
pub fn mark_gone(tx: &mut Tx, folder: i64, validity: u32, uids: &[u32]) -> Result<(), store::Error> {
    for uid in uids {
        tx.execute(
            "UPDATE fetch_letter SET gone = 1 WHERE folder = $1 AND key = $2",
            params![folder, imap_key(validity, *uid)],
        )?;
    }
    Ok(())
}

/// The numbers of a folder mean nothing any more (another UIDVALIDITY, or the folder is not there): its letters may
/// turn up under others. Done in slices; returns whether there is more.
pub fn forget_location(tx: &mut Tx, folder: i64, valid: Option<u32>, slice: usize) -> Result<bool, store::Error> {
    // Keys under the UIDVALIDITY that holds now stay.
    let (first, last) = valid.map_or((Vec::new(), Vec::new()), |v| (imap_key(v, 0), imap_key(v, u32::MAX)));
    // The letters that were left there under other numbers are met again under the new ones, or when the folder is
    // back.
    let left = tx.execute(
        "DELETE FROM fetch_left WHERE folder = $1 AND (key < $2 OR key > $3 OR $4 = 1)",
        params![folder, first.clone(), last.clone(), valid.is_none()],
    )?;
    if left > 0 {
        look_anew(tx, folder)?;
    }
    let marked = tx.execute(
        "UPDATE fetch_letter SET gone = 1 WHERE folder = $1 AND key IN (
            SELECT key FROM fetch_letter WHERE folder = $1 AND gone = 0 AND (key < $2 OR key > $3) LIMIT $4)",
        params![folder, first, last, slice],
    )?;
    Ok(marked == slice)
}
