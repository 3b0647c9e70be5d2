//! Parting with many letters at once: all of them go or none, and the writer is held no longer than for a slice.
//!
//! A commit that held the writer until a hundred thousand letters are cleared away would hold up every delivery for
//! seconds. So where they are more than a slice, the commit holds only the decision, which is small; carrying it out
//! takes many commits. Whatever ends the process between two of them, the background task does the rest.

use store::{Tx, View, params};

use super::{Expunge, Expunged, SLICE, expunge};
use crate::account::WORK;
use crate::{Error, FolderId, Uid, UidRange, Uids};

/// Decides that these letters go, whatever their flags, and takes the first of them away. When this is committed they
/// all will go; with [`Expunged::more`] call [`carry_out`] until there is no more. One that has gone already is gone.
pub fn part(tx: &mut Tx, folder: FolderId, uids: &Uids) -> Result<Expunged, Error> {
    let earlier = decided(tx, folder)?;
    if earlier.is_none() && uids.len() as usize <= SLICE {
        let gone = expunge(tx, folder, &Expunge::All(&ranges(uids)), SLICE)?;
        if gone.more {
            keep(tx, folder, &from(uids, &gone))?;
            tx.announce(WORK);
        }
        return Ok(gone);
    }
    super::account_of(tx, folder)?;
    let mut all = earlier.unwrap_or_default();
    all.extend(uids);
    keep(tx, folder, &all)?;
    carry_out(tx, folder)
}

/// Takes away the next slice of the letters that [`part`] decided on.
pub fn carry_out(tx: &mut Tx, folder: FolderId) -> Result<Expunged, Error> {
    let left = decided(tx, folder)?.unwrap_or_default();
    let gone = match expunge(tx, folder, &Expunge::All(&ranges(&left)), SLICE) {
        // Deleted meanwhile, with all that was in it.
        Err(Error::NoSuchFolder(_)) => Expunged::default(),
        other => other?,
    };
    if gone.more {
        keep(tx, folder, &from(&left, &gone))?;
    } else {
        tx.execute("DELETE FROM parting WHERE folder = $1", params![folder.0])?;
    }
    Ok(gone)
}

/// Returns the UIDs that are left when a slice has gone: all before the next one went, now or earlier.
fn from(uids: &Uids, gone: &Expunged) -> Uids {
    gone.next.map(|first| uids.within(&[UidRange { first, last: Uid::LAST }])).unwrap_or_default()
}

fn ranges(uids: &Uids) -> Vec<UidRange> {
    uids.ranges().collect()
}

fn decided(view: &View, folder: FolderId) -> Result<Option<Uids>, Error> {
    let column = view.query_opt("SELECT uids FROM parting WHERE folder = $1", params![folder.0], |row| {
        Ok(Uids::decode(row.bytes(0)?))
    })?;
    // A damaged column decides nothing: the letters stay.
    Ok(column.and_then(Result::ok))
}

fn keep(tx: &mut Tx, folder: FolderId, uids: &Uids) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO parting (folder, uids) VALUES ($1, $2) ON CONFLICT (folder) DO UPDATE SET uids = excluded.uids",
        params![folder.0, uids.encode()],
    )?;
    Ok(())
}
