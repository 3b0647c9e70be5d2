//! Follows letters: gives the events that were written down since somebody last looked.

use mail::LetterId;
use mail::trace::Event;
use store::{Topic, View, params};

use crate::row::decode;

/// Announced after each commit that wrote steps down.
pub const TOPIC: Topic = Topic { kind: "trace", id: 0 };

/// The steps that were found, and how far the search has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// The events of letters of interest, in order.
    pub steps: Vec<(LetterId, Vec<Event>)>,
    /// The place of the last row looked at; go on from here.
    pub upto: i64,
    /// There are more rows behind it.
    pub more: bool,
}

/// The place up to which everything has been written down: whoever follows from here misses nothing that comes.
pub fn last(view: &View) -> Result<i64, store::Error> {
    view.settled("trace_step")
}

/// Looks at no more than `most` rows behind `after`, and gives those of letters that are of interest. A damaged row is
/// passed over.
pub fn follow(
    view: &View,
    after: i64,
    most: usize,
    is_of_interest: impl Fn(LetterId) -> Result<bool, store::Error>,
) -> Result<Followed, store::Error> {
    let mut rows = view.query(
        "SELECT entry, letter FROM trace_step WHERE entry > $1 AND entry <= $2 ORDER BY entry LIMIT $3",
        params![after, last(view)?, most.saturating_add(1)],
        |row| Ok((row.get::<i64>(0)?, row.get::<Vec<u8>>(1)?)),
    )?;
    let more = rows.len() > most;
    rows.truncate(most);
    let upto = rows.last().map_or(after, |(entry, _)| *entry);
    let mut steps = Vec::new();
    for (entry, name) in rows {
        let Ok(name) = <[u8; 10]>::try_from(name) else { continue };
        let letter = LetterId::from_random(name);
        if is_of_interest(letter)? {
            let sql = "SELECT steps FROM trace_step WHERE entry = $1";
            let events = view.query_one(sql, params![entry], |row| Ok(decode(row.bytes(0)?).ok()))?;
            steps.extend(events.map(|events| (letter, events)));
        }
    }
    Ok(Followed { steps, upto, more })
}
