//! The people who wrote letters of the queue here: each is a number, and what others refuse of theirs is counted.

use mail::Enhanced;
use store::{Tx, View, params};

use super::running::{Ran, ran};

/// The tables know authors:
/// - `queue_letter`: `author` is the account of the person who wrote the letter here; `hold` says that it is kept back.
/// - `queue_author`: how many letters of an author others have refused for good since `began`, in time of running.
pub(super) const TABLES: &str = "
ALTER TABLE queue_letter ADD COLUMN author BIGINT;
ALTER TABLE queue_letter ADD COLUMN hold BIGINT;
CREATE INDEX queue_letter_hold ON queue_letter (hold, id) WHERE hold IS NOT NULL;
CREATE TABLE queue_author (author BIGINT NOT NULL PRIMARY KEY, refused BIGINT NOT NULL, began BIGINT NOT NULL) {clustered};
";

/// Refusals are counted for so much running.
const DAY: i64 = 24 * 3600 * 1000;

/// Returns the recipients of an author who were refused for good within a day: as nobody there, or as spam.
pub fn refusals_of(view: &View, author: i64, ran: Ran) -> Result<u64, store::Error> {
    let sql = "SELECT refused FROM queue_author WHERE author = $1 AND began > $2";
    Ok(view.query_opt(sql, params![author, ran.0.saturating_sub(DAY)], |row| row.get(0))?.unwrap_or(0))
}

/// Forgets the refusals of an author.
pub fn forgive(tx: &mut Tx, author: i64) -> Result<(), store::Error> {
    tx.execute("DELETE FROM queue_author WHERE author = $1", params![author]).map(drop)
}

/// Counts a recipient who was refused for good, for the author of the letter. A full mailbox or a letter that is too large
/// is no sign of anything.
pub(super) fn count_refusal(tx: &mut Tx, letter: i64, status: Enhanced) -> Result<(), store::Error> {
    if !matches!(status, Enhanced(5, 1 | 7, _)) {
        return Ok(());
    }
    let sql = "SELECT author FROM queue_letter WHERE id = $1";
    let author = tx.query_opt(sql, params![letter], |row| row.get::<Option<i64>>(0))?.flatten();
    let Some(author) = author else { return Ok(()) };
    let now = ran(tx)?.0;
    tx.execute(
        "INSERT INTO queue_author (author, refused, began) VALUES ($1, 1, $2)
         ON CONFLICT (author) DO UPDATE SET
             refused = CASE WHEN queue_author.began > $3 THEN queue_author.refused + 1 ELSE 1 END,
             began = CASE WHEN queue_author.began > $3 THEN queue_author.began ELSE $2 END",
        params![author, now, now.saturating_sub(DAY)],
    )?;
    Ok(())
}

/// Writes down whose letter it is, and the hold that keeps it back, if one does.
pub(super) fn mark(tx: &mut Tx, letter: i64, author: i64, hold: Option<i64>) -> Result<(), store::Error> {
    tx.execute("UPDATE queue_letter SET author = $2, hold = $3 WHERE id = $1", params![letter, author, hold]).map(drop)
}

/// Returns true if a hold keeps the letter back.
pub(super) fn is_withheld(view: &View, letter: i64) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM queue_letter WHERE id = $1 AND hold IS NOT NULL";
    Ok(view.query_opt(sql, params![letter], |_| Ok(()))?.is_some())
}
