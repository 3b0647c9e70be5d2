//! Letters that wait for the time their author wants (RFC 4865): let go when it has come, or taken back before.

use mail::trace::{Event, Step};
use mail::{LetterId, Timestamp};
use store::{Tx, View, params};

use super::enter::wake_domain;
use super::list::rows_of;
use super::record::finish_letter;
use super::running::ran;
use super::{State, TOPIC, author};

/// When the next postponed letter is to go.
pub fn next_postponed(view: &View) -> Result<Option<Timestamp>, store::Error> {
    let sql = "SELECT held_until FROM queue_letter WHERE held_until IS NOT NULL ORDER BY held_until LIMIT 1";
    view.query_opt(sql, params![], |row| row.get(0).map(Timestamp))
}

/// Lets letters go whose time has come, up to `most`, the longest waiting first. Returns how many.
pub fn let_go(tx: &mut Tx, now: Timestamp, most: usize) -> Result<usize, store::Error> {
    let letters = tx.query(
        "SELECT id, name FROM queue_letter WHERE held_until IS NOT NULL AND held_until <= $1
         ORDER BY held_until LIMIT $2",
        params![now.0, most],
        |row| Ok((row.get::<i64>(0)?, row.text(1)?.parse::<LetterId>().ok())),
    )?;
    let ran = ran(tx)?;
    for (letter, id) in &letters {
        let recipients = recipients(tx, *letter)?;
        // Its time counts from now on: it keeps the time that it had from the moment at which it was to go.
        tx.execute(
            "UPDATE queue_letter SET give_up = $2 + expires - held_until, warn = $2 + warn_at - held_until,
                expires = $3 + expires - held_until, deadline = $2 + deadline_at - held_until,
                deadline_at = $3 + deadline_at - held_until, held_until = NULL WHERE id = $1",
            params![*letter, ran.0, now.0],
        )?;
        // Its time has come, and it is still kept back.
        let state = if author::is_withheld(tx, *letter)? { State::Held } else { State::Waiting };
        tx.execute(
            "UPDATE queue_recipient SET state = $2, next_try = $3 WHERE letter = $1 AND state = $4",
            params![*letter, state.number(), now.0, State::Postponed.number()],
        )?;
        if state == State::Held {
            continue;
        }
        for (_, domain) in &recipients {
            wake_domain(tx, domain, now)?;
        }
        if let Some(letter) = *id {
            let recipients = recipients.into_iter().map(|(address, _)| address).collect();
            trace::note(tx, &Step { letter, at: now, event: Event::Queued { recipients } })?;
        }
    }
    tx.announce(TOPIC);
    Ok(letters.len())
}

fn recipients(view: &View, letter: i64) -> Result<Vec<(String, String)>, store::Error> {
    view.query(
        "SELECT address, domain FROM queue_recipient WHERE letter = $1 AND state = $2 ORDER BY id",
        params![letter, State::Postponed.number()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Takes a letter back that still waits for its time: nobody gets it. False: it is not here, or has been let go.
pub fn recall(tx: &mut Tx, letter: LetterId, account: i64, now: Timestamp) -> Result<bool, store::Error> {
    let rows = rows_of(tx, letter)?;
    let mut waits = !rows.is_empty();
    for row in &rows {
        let sql = "SELECT 1 FROM queue_letter WHERE id = $1 AND held_until IS NOT NULL";
        waits &= tx.query_opt(sql, params![*row], |_| Ok(()))?.is_some();
    }
    if !waits {
        return Ok(false);
    }
    for row in rows {
        tx.execute("DELETE FROM queue_recipient WHERE letter = $1", params![row])?;
        finish_letter(tx, row)?;
    }
    trace::note(tx, &Step { letter, at: now, event: Event::Recalled { account } })?;
    Ok(true)
}
