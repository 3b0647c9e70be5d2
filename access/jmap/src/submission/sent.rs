//! Under which Message-ID the letter of a submission went, so that reports of it find it as long as there is a record.

use mail::seam::AccountId;
use store::{Tx, View, params};

/// Submissions of one letter that a report may be of.
const MOST: usize = 20;

/// Notes the message id (without brackets) of a new submission's letter.
pub fn note(tx: &mut Tx, account: AccountId, message_id: &str, record: i64) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO jmap_sent (account, message, record) VALUES ($1, $2, $3)",
        params![account.0, message_id, record],
    )?;
    Ok(())
}

/// The record is gone.
pub fn forget(tx: &mut Tx, record: i64) -> Result<(), store::Error> {
    tx.execute("DELETE FROM jmap_sent WHERE record = $1", params![record])?;
    Ok(())
}

/// The submissions of the account under this message id, the latest first.
pub fn find(view: &View, account: AccountId, message_id: &str) -> Result<Vec<i64>, store::Error> {
    view.query(
        "SELECT record FROM jmap_sent WHERE account = $1 AND message = $2 ORDER BY record DESC LIMIT $3",
        params![account.0, message_id, MOST],
        |row| row.get(0),
    )
}
