//! Takes away what is kept of somebody who is removed.

use mail::seam::AccountId;
use store::{Tx, View, params};

/// Takes everything of an account away; it is little. Letters that are kept back were taken with a 250, and their author is
/// gone: they are let go no more, and the postmaster finds them in the queue, held. Returns whether more is left.
pub fn forget(tx: &mut Tx, account: AccountId) -> Result<bool, store::Error> {
    tx.execute("DELETE FROM conduct_place WHERE account = $1", params![account.0])?;
    tx.execute("DELETE FROM conduct_account WHERE account = $1", params![account.0])?;
    // The queue still does as somebody decided.
    tx.execute("DELETE FROM conduct_hold WHERE account = $1 AND state = 0", params![account.0])?;
    Ok(false)
}

/// Returns the first account behind `after` of which something is kept; none: there is no further one.
pub fn next_account(view: &View, after: AccountId) -> Result<Option<AccountId>, store::Error> {
    let sql = "SELECT MIN(account) FROM (
                   SELECT MIN(account) AS account FROM conduct_account WHERE account > $1
                   UNION ALL SELECT MIN(account) FROM conduct_place WHERE account > $1
                   UNION ALL SELECT MIN(account) FROM conduct_hold WHERE account > $1 AND state = 0) AS kept";
    Ok(view.query_one(sql, params![after.0], |row| row.get::<Option<i64>>(0))?.map(AccountId))
}
