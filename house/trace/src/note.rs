//! Writing steps down, in the transaction that makes them true.

use mail::trace::{Event, Step};
use mail::{LetterId, Timestamp};
use store::{Tx, params};

use crate::row::encode;

/// Events in one row; a letter to a thousand people takes several.
const ROW: usize = 256;

/// Writes one step down.
pub fn note(tx: &mut Tx, step: &Step) -> Result<(), store::Error> {
    note_all(tx, step.letter, step.at, vec![step.event.clone()])
}

/// Writes down all that one commit does to a letter: cheaper than one step after the other, and shown in this order.
pub fn note_all(tx: &mut Tx, letter: LetterId, at: Timestamp, mut events: Vec<Event>) -> Result<(), store::Error> {
    let name = letter.to_random();
    for event in &events {
        if let Event::Filed { key, .. } = event {
            tx.execute(
                "INSERT INTO trace_filed (key, letter, doors) VALUES ($1, $2, 0) ON CONFLICT (key) DO NOTHING",
                params![*key, &name[..]],
            )?;
        }
    }
    tx.announce(crate::TOPIC);
    while !events.is_empty() {
        let rest = events.split_off(events.len().min(ROW));
        tx.execute(
            "INSERT INTO trace_step (letter, at, steps) VALUES ($1, $2, $3)",
            params![&name[..], at.0, encode(events)],
        )?;
        events = rest;
    }
    Ok(())
}
