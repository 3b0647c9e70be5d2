//! Follows letters: gives the events that were written down since somebody last looked.

use std::ops::ControlFlow;

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

/// The place of the last row there is.
pub fn last(view: &View) -> Result<i64, store::Error> {
    view.query_one("SELECT COALESCE(MAX(entry), 0) FROM trace_step", params![], |row| row.get(0))
}

/// Looks at no more than `most` rows behind `after`, and gives those of letters that are of interest. A damaged row is
/// passed over.
pub fn follow(
    view: &View,
    after: i64,
    most: usize,
    is_of_interest: impl Fn(LetterId) -> Result<bool, store::Error>,
) -> Result<Followed, store::Error> {
    let (mut followed, mut looked_at) = (Followed { upto: after, ..Followed::default() }, 0);
    view.for_each(
        "SELECT entry, letter, steps FROM trace_step WHERE entry > $1 ORDER BY entry LIMIT $2",
        params![after, most.saturating_add(1)],
        |row| {
            if looked_at == most {
                followed.more = true;
                return Ok(ControlFlow::Break(()));
            }
            looked_at += 1;
            followed.upto = row.get(0)?;
            let Ok(name) = <[u8; 10]>::try_from(row.bytes(1)?) else { return Ok(ControlFlow::Continue(())) };
            let letter = LetterId::from_random(name);
            if is_of_interest(letter)?
                && let Ok(events) = decode(row.bytes(2)?)
            {
                followed.steps.push((letter, events));
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(followed)
}
