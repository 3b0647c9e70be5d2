//! The history of one letter, and what of it a person may see.

use std::ops::ControlFlow;

use mail::seam::AccountId;
use mail::trace::{Arrival, Event};
use mail::{LetterId, Timestamp};
use store::{View, params};

use crate::eyes::Eyes;
use crate::index::{entries, letter};
use crate::key::Key;
use crate::row::decode;

/// Rows of one letter that are read: a letter that was tried very often has more, and only the last are of interest.
const MOST_ROWS: usize = 4000;

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// When.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
}

/// The events of a letter, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Its name.
    pub letter: LetterId,
    /// The steps of its way, the first first.
    pub steps: Vec<Noted>,
    /// Rows that cannot be read.
    pub damaged: usize,
    /// There were more steps before these than are shown.
    pub cut: bool,
    /// The rows the steps stand in.
    pub(crate) rows: Vec<i64>,
}

impl History {
    /// Makes the history of a letter without a name to which these things happened at the beginning of time, for
    /// tests of the code that shows histories.
    #[doc(hidden)]
    pub fn of(events: impl IntoIterator<Item = Event>) -> Self {
        let steps = events.into_iter().map(|event| Noted { at: Timestamp(0), event }).collect();
        Self { letter: LetterId::from_random([0; 10]), steps, damaged: 0, cut: false, rows: Vec::new() }
    }

    /// Returns how the letter came, if that is still known. A refusal before the letter came, of a recipient perhaps,
    /// knows less of it.
    pub fn arrival(&self) -> Option<&Arrival> {
        let received = self.steps.iter().find_map(|step| match &step.event {
            Event::Received(arrival) => Some(arrival),
            _ => None,
        });
        received.or_else(|| {
            self.steps.iter().find_map(|step| match &step.event {
                Event::Refused { arrival, .. } => Some(arrival),
                _ => None,
            })
        })
    }

    /// The part that this person may see of it: of a letter they sent, all but what happens in other people's mailboxes; of a
    /// letter that came to them, how it came and what happened to their own copy. `None` when it is not theirs.
    pub fn seen_by(&self, account: AccountId) -> Option<Self> {
        let steps = Eyes::of(&self.steps, account)?.see(&self.steps);
        Some(Self { steps, rows: self.rows.clone(), ..*self })
    }
}

/// Reads all that is known of a letter; `None` when that is nothing.
pub(crate) fn load(view: &View, id: LetterId) -> Result<Option<History>, store::Error> {
    let mut rows = Vec::new();
    let mut cut = false;
    entries(view, Key::letter(id), i64::MAX, |entry| {
        cut = rows.len() >= MOST_ROWS;
        if cut {
            return Ok(ControlFlow::Break(()));
        }
        rows.push(entry);
        Ok(ControlFlow::Continue(()))
    })?;
    let mut history = History { letter: id, steps: Vec::new(), damaged: 0, cut, rows: Vec::new() };
    for entry in rows.into_iter().rev() {
        add_row(view, entry, &mut history)?;
    }
    // Two processes that write at one time may do so in another order than things happened.
    history.steps.sort_by_key(|step| step.at);
    let known = !history.rows.is_empty();
    Ok(known.then_some(history))
}

fn add_row(view: &View, entry: i64, history: &mut History) -> Result<(), store::Error> {
    let sql = "SELECT letter, at, steps FROM trace_step WHERE entry = $1";
    let row = view.query_opt(sql, params![entry], |row| {
        let whose = letter(row, 0)?;
        Ok((whose, Timestamp(row.get(1)?), decode(row.bytes(2)?)))
    })?;
    let Some((whose, at, events)) = row else { return Ok(()) };
    if whose != history.letter {
        return Ok(());
    }
    history.rows.push(entry);
    match events {
        Ok(events) => history.steps.extend(events.into_iter().map(|event| Noted { at, event })),
        Err(_) => history.damaged += 1,
    }
    Ok(())
}
