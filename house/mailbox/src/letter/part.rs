//! Parting with many letters at once: all of them go or none, and the writer is held no longer than for a slice.
//!
//! A commit that held the writer until a hundred thousand letters are cleared away would hold up every delivery for
//! seconds. So where they are more than a slice, the commit holds only the decision, which is small; carrying it out
//! takes many commits. Whatever ends the process between two of them, the background task does the rest.

use store::{Tx, View, params};

use super::{Expunge, Expunged, SLICE, expunge};
use crate::account::WORK;
use crate::{Access, Error, FolderId, Right, Uid, UidRange, Uids};

/// Decides that these letters go, whatever their flags, and takes the first of them away. When this is committed they
/// all will go; with [`Expunged::more`] call [`carry_out`] until there is no more. One that has gone already is gone.
pub fn part(tx: &mut Tx, access: Access, folder: FolderId, uids: &Uids) -> Result<Expunged, Error> {
    let earlier = decided(tx, folder)?;
    if earlier.is_none() && uids.len() as usize <= SLICE {
        let gone = expunge(tx, access, folder, &Expunge::All(&ranges(uids)), SLICE)?;
        if gone.more {
            keep(tx, folder, &from(uids, &gone))?;
            tx.announce(WORK);
        }
        return Ok(gone);
    }
    access.to(tx, folder, Right::Delete)?;
    let mut all = earlier.unwrap_or_default();
    all.extend(uids);
    keep(tx, folder, &all)?;
    carry_out(tx, access, folder)
}

/// Takes away the next slice of the letters that [`part`] decided on.
pub fn carry_out(tx: &mut Tx, access: Access, folder: FolderId) -> Result<Expunged, Error> {
    let left = decided(tx, folder)?.unwrap_or_default();
    let gone = match expunge(tx, access, folder, &Expunge::All(&ranges(&left)), SLICE) {
        // Deleted meanwhile, with all that was in it.
        Err(Error::NoSuchFolder(_)) => Expunged::default(),
        other => other?,
    };
    if gone.more {
        keep(tx, folder, &from(&left, &gone))?;
    } else {
        forget(tx, folder)?;
    }
    Ok(gone)
}

/// The same for the background task, which goes on after a restart.
pub(crate) fn carry_out_behind(tx: &mut Tx, folder: FolderId) -> Result<(), Error> {
    match Access::behind(tx, folder) {
        Ok(access) => carry_out(tx, access, folder).map(drop),
        Err(Error::NoSuchFolder(_)) => forget(tx, folder),
        Err(error) => Err(error),
    }
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

fn forget(tx: &mut Tx, folder: FolderId) -> Result<(), Error> {
    tx.execute("DELETE FROM parting WHERE folder = $1", params![folder.0])?;
    Ok(())
}

fn keep(tx: &mut Tx, folder: FolderId, uids: &Uids) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO parting (folder, uids) VALUES ($1, $2) ON CONFLICT (folder) DO UPDATE SET uids = excluded.uids",
        params![folder.0, uids.encode()],
    )?;
    Ok(())
}
