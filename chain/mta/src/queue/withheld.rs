//! Letters that are kept back because of how their author sends. Who that is, and why, is the business of others: here the
//! author is a number, and so is the hold.

use mail::trace::{DeskAct, Event, Step};
use mail::{Address, LetterId, Timestamp, header};
use store::{BlobId, Tx, View, params};

use super::enter::wake_domain;
use super::record::finish_letter;
use super::running::ran;
use super::{State, TOPIC};

/// A letter that is kept back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Its row.
    pub row: i64,
    /// Its name.
    pub id: LetterId,
    /// The time at which it came in.
    pub arrived: Timestamp,
    /// Its recipients, the first [`super::MOST_RECIPIENTS`] of them.
    pub recipients: Vec<Address>,
    /// The number of its recipients.
    pub recipients_in_all: u64,
}

/// The size of a hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WithheldCount {
    /// Letters.
    pub letters: u64,
    /// Recipients of them.
    pub recipients: u64,
}

/// Counts what a hold keeps back.
pub fn withheld_count(view: &View, hold: i64) -> Result<WithheldCount, store::Error> {
    let sql =
        "SELECT COUNT(DISTINCT l.id), COUNT(r.id) FROM queue_letter AS l JOIN queue_recipient AS r ON r.letter = l.id
               WHERE l.hold = $1";
    let read = |row: &store::Row<'_>| Ok(WithheldCount { letters: row.get(0)?, recipients: row.get(1)? });
    view.query_one(sql, params![hold], read)
}

/// Lists the letters that a hold keeps back, the oldest first, up to `most`.
pub fn withheld(view: &View, hold: i64, after: i64, most: usize) -> Result<Vec<Withheld>, store::Error> {
    let sql = "SELECT id, name, arrived, (SELECT COUNT(*) FROM queue_recipient WHERE letter = queue_letter.id)
               FROM queue_letter WHERE hold = $1 AND id > $2 ORDER BY id LIMIT $3";
    let letters = view.query(sql, params![hold, after, most], |row| {
        let id = row.text(1)?.parse().unwrap_or(LetterId::from_random([0; 10]));
        let (row_number, arrived) = (row.get(0)?, Timestamp(row.get(2)?));
        Ok(Withheld { row: row_number, id, arrived, recipients: Vec::new(), recipients_in_all: row.get(3)? })
    })?;
    let sql = "SELECT address FROM queue_recipient WHERE letter = $1 ORDER BY id LIMIT $2";
    let with_recipients = |letter: Withheld| {
        let recipients =
            view.query(sql, params![letter.row, super::MOST_RECIPIENTS], |row| Ok(Address::parse(row.text(0)?).ok()))?;
        Ok(Withheld { recipients: recipients.into_iter().flatten().collect(), ..letter })
    };
    letters.into_iter().map(with_recipients).collect()
}

/// Octets of a letter in which its subject is looked for.
const BEGINNING: u64 = 16 * 1024;

/// Returns the subject of a letter in the queue; empty if it has none, or is damaged.
pub fn subject_of(view: &View, letter: i64) -> Result<String, store::Error> {
    let sql = "SELECT blob, size FROM queue_letter WHERE id = $1";
    let found = view.query_opt(sql, params![letter], |row| Ok((row.get::<BlobId>(0)?, row.get::<u64>(1)?)))?;
    let Some((blob, size)) = found else { return Ok(String::new()) };
    match view.read_blob(blob, 0..BEGINNING.min(size)) {
        Ok(beginning) => Ok(header::text(&beginning, "Subject", 1_000).unwrap_or_default()),
        Err(error) if !error.is_permanent() => Err(error),
        Err(_) => Ok(String::new()),
    }
}

/// Recipients that one write lets go or drops.
const SLICE: usize = 200;

/// Lets a letter go that a hold keeps back: it is due now, or when its author wants it to go. It has as much time as a letter
/// that comes in now. Recipients are worked in slices; returns whether there are more.
pub fn let_go_withheld(tx: &mut Tx, letter: &Withheld, now: Timestamp) -> Result<bool, store::Error> {
    let sql = "SELECT id, address, domain FROM queue_recipient WHERE letter = $1 AND state = $2 ORDER BY id LIMIT $3";
    let read = |row: &store::Row<'_>| Ok((row.get::<i64>(0)?, row.get::<String>(1)?, row.get::<String>(2)?));
    let found = tx.query(sql, params![letter.row, State::Held.number(), SLICE], read)?;
    for (recipient, address, domain) in &found {
        let sql = "UPDATE queue_recipient SET state = $2, next_try = $3 WHERE id = $1";
        tx.execute(sql, params![*recipient, State::Waiting.number(), now.0])?;
        note(tx, letter.id, DeskAct::Released, address, now)?;
        wake_domain(tx, domain, now)?;
    }
    tx.announce(TOPIC);
    if found.len() == SLICE {
        return Ok(true);
    }
    // Its time counts from now on.
    tx.execute(
        "UPDATE queue_letter SET hold = NULL,
             give_up = CASE WHEN give_up IS NULL THEN NULL ELSE $2 + expires - arrived END,
             expires = CASE WHEN held_until IS NULL THEN $3 + expires - arrived ELSE expires END
         WHERE id = $1",
        params![letter.row, ran(tx)?.0, now.0],
    )?;
    Ok(false)
}

/// Drops a letter that a hold keeps back, a slice of recipients at a time, without a report to anyone: its author, whose name
/// a thief has used, has said so. Recipients that the postmaster has let go meanwhile stay. Returns whether there are more.
pub fn drop_withheld(tx: &mut Tx, letter: &Withheld, now: Timestamp) -> Result<bool, store::Error> {
    let sql = "SELECT id, address FROM queue_recipient WHERE letter = $1 AND state IN ($2, $3) ORDER BY id LIMIT $4";
    let read = |row: &store::Row<'_>| Ok((row.get::<i64>(0)?, row.get::<String>(1)?));
    let states = (State::Held.number(), State::Postponed.number());
    let found = tx.query(sql, params![letter.row, states.0, states.1, SLICE], read)?;
    for (recipient, address) in &found {
        tx.execute("DELETE FROM queue_recipient WHERE id = $1", params![*recipient])?;
        note(tx, letter.id, DeskAct::Dropped, address, now)?;
    }
    tx.announce(TOPIC);
    if found.len() == SLICE {
        return Ok(true);
    }
    tx.execute("UPDATE queue_letter SET hold = NULL WHERE id = $1", params![letter.row])?;
    finish_letter(tx, letter.row)?;
    Ok(false)
}

fn note(tx: &mut Tx, letter: LetterId, act: DeskAct, recipient: &str, at: Timestamp) -> Result<(), store::Error> {
    trace::note(tx, &Step { letter, at, event: Event::Desk { act, recipient: recipient.to_owned() } })
}
