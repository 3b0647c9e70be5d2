//! Keeps the texts that servers want people to see (RFC 9051 §7.1, ALERT): each is told once, however many
//! connections and rounds say it again.

use std::time::Duration;

use mail::Timestamp;
use store::{Tx, params};

use super::SourceId;
use crate::identity;

/// An alert that was not heard for so long is news again.
const FORGOTTEN: Duration = Duration::from_secs(30 * 24 * 3600);
/// Texts remembered of a source; one that puts the time into each is not remembered without end.
const MOST: i64 = 200;

/// Tells whether the text is new, and remembers that it was heard.
pub fn alert_is_new(tx: &mut Tx, source: SourceId, text: &str, now: Timestamp) -> Result<bool, store::Error> {
    let digest = identity::content(text.as_bytes()).to_vec();
    let find = "SELECT heard FROM fetch_alert WHERE source = $1 AND digest = $2";
    let heard = tx.query_opt(find, params![source.0, digest.clone()], |row| row.get(0).map(Timestamp))?;
    let count: i64 =
        tx.query_one("SELECT COUNT(*) FROM fetch_alert WHERE source = $1", params![source.0], |row| row.get(0))?;
    if heard.is_none() && count >= MOST {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO fetch_alert (source, digest, heard) VALUES ($1, $2, $3)
         ON CONFLICT (source, digest) DO UPDATE SET heard = $3",
        params![source.0, digest, now.0],
    )?;
    tx.execute(
        "DELETE FROM fetch_alert WHERE source = $1 AND heard < $2",
        params![source.0, now.0.saturating_sub(i64::try_from(FORGOTTEN.as_millis()).unwrap_or(i64::MAX))],
    )?;
    Ok(heard.is_none_or(|heard| now.since(heard) > FORGOTTEN))
}
