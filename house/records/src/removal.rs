//! Takes away what a person kept who is removed.

use mail::seam::AccountId;
use store::{Tx, View, params};

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

/// Returns the first account behind `after` of which records are kept; none: there is no further one.
pub fn next_account(view: &View, after: AccountId) -> Result<Option<AccountId>, store::Error> {
    // [`forget`] takes these rows last.
    let sql = "SELECT MIN(account) FROM record_state WHERE account > $1";
    Ok(view.query_one(sql, params![after.0], |row| row.get::<Option<i64>>(0))?.map(AccountId))
}
