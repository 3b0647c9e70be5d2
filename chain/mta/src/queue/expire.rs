//! Letters that were to be delivered by some time and were not (RFC 2852).
//!
//! Two clocks say that the time is over: the hours that the post office has been running, which never run ahead of the
//! time that has passed; and the wall clock, as long as nobody has just set it. So a letter that is wanted back in two
//! hours goes back also after a night for which the machine was off, and a clock that is set wrong returns none at once.

use mail::trace::{Attempt, AttemptOutcome, Event};
use mail::{Enhanced, LetterId, Timestamp};
use store::{Tx, View, params};

use super::record::settle_domain;
use super::running::Ran;

/// The words about a letter whose time is over.
pub const OVERDUE: &str = "the letter could not be delivered within the time that its sender had set";
/// RFC 3463: delivery time expired.
pub const EXPIRED: Enhanced = Enhanced(5, 4, 7);

/// A recipient whose letter is overdue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// Its row.
    pub recipient: i64,
    /// The row of its letter.
    pub letter: i64,
}

/// Returns waiting recipients of letters that their senders want back by now; up to `most`. `wall` is the time by the wall
/// clock, if that can be trusted.
pub fn overdue(view: &View, ran: Ran, wall: Option<Timestamp>, most: usize) -> Result<Vec<Overdue>, store::Error> {
    const RAN: &str = "SELECT r.id, r.letter FROM queue_letter AS l JOIN queue_recipient AS r ON r.letter = l.id
        WHERE l.deadline IS NOT NULL AND l.deadline <= $1 AND l.by_mode IN ('R', 'RT') AND r.state = 0 LIMIT $2";
    const WALL: &str = "SELECT r.id, r.letter FROM queue_letter AS l JOIN queue_recipient AS r ON r.letter = l.id
        WHERE l.deadline IS NOT NULL AND l.deadline_at <= $1 AND l.by_mode IN ('R', 'RT') AND r.state = 0 LIMIT $2";
    let read = |row: &store::Row<'_>| Ok(Overdue { recipient: row.get(0)?, letter: row.get(1)? });
    let mut found = view.query(RAN, params![ran.0, most], read)?;
    if let Some(wall) = wall {
        found.extend(view.query(WALL, params![wall.0, most], read)?);
    }
    Ok(found)
}

/// Returns the next moment at which a letter is wanted back.
pub fn next_deadline(view: &View, now: Timestamp) -> Result<Option<Timestamp>, store::Error> {
    let sql = "SELECT deadline_at FROM queue_letter WHERE deadline IS NOT NULL AND deadline_at > $1
         ORDER BY deadline_at LIMIT 1";
    view.query_opt(sql, params![now.0], |row| row.get(0).map(Timestamp))
}

/// Has these recipients fail, if they still wait.
pub fn expire(tx: &mut Tx, found: &[Overdue], now: Timestamp) -> Result<(), store::Error> {
    for Overdue { recipient, letter } in found {
        let failed = tx.query_opt(
            "UPDATE queue_recipient SET state = 2, status = $2, said = $3, said_by = '', tried = $4
             WHERE id = $1 AND state = 0 RETURNING address, domain",
            params![*recipient, EXPIRED.to_string(), OVERDUE, now.0],
            |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)),
        )?;
        let Some((recipient, domain)) = failed else { continue };
        settle_domain(tx, &domain, false)?;
        let sql = "SELECT name FROM queue_letter WHERE id = $1";
        let name = tx.query_opt(sql, params![*letter], |row| Ok(row.text(0)?.parse::<LetterId>().ok()))?;
        if let Some(id) = name.flatten() {
            let (by, said, tls) = (String::new(), OVERDUE.to_owned(), String::new());
            let attempt = Attempt { recipient, by, said, outcome: AttemptOutcome::Failed, tls };
            trace::note_all(tx, id, now, vec![Event::Attempt(attempt)])?;
        }
    }
    tx.announce(super::TOPIC);
    Ok(())
}
