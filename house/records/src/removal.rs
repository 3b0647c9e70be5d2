//! Takes away what a person kept who is removed.

use mail::seam::AccountId;
use store::{Tx, params};

/// The most records that one write takes away.
const SLICE: usize = 500;

/// Takes up to a slice of the records of an account away, with all that belongs to them. Gives whether more are left.
pub fn forget(tx: &mut Tx, account: AccountId) -> Result<bool, store::Error> {
    const OF_THE_SLICE: &str =
        "record IN (SELECT record FROM record_object WHERE account = $1 ORDER BY kind, change, record LIMIT $2)";
    // The records last: it is by them that the others are found.
    for table in ["record_sending", "record_sent"] {
        tx.execute(&format!("DELETE FROM {table} WHERE {OF_THE_SLICE}"), params![account.0, SLICE])?;
    }
    let gone = tx.execute(&format!("DELETE FROM record_object WHERE {OF_THE_SLICE}"), params![account.0, SLICE])?;
    if gone == SLICE {
        return Ok(true);
    }
    tx.execute("DELETE FROM record_state WHERE account = $1", params![account.0])?;
    Ok(false)
}
