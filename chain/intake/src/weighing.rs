//! Weighs the letters of our own people before they leave: an account that behaves as if it was stolen has them kept back in
//! the queue, and its client knows nothing of that.
//!
//! It is weighed in the commit that takes the letter, so that nothing is counted that was not taken, and nothing leaves
//! uncounted, however many connections send at once.

use std::collections::HashSet;

use conduct::{Outcome, Ran, Sending};
use mail::seam::{Origin, OurFault};
use mail::trace::Event;
use mail::{Finding, Reply, Timestamp};
use mta::queue;
use store::Tx;

use crate::our_fault;
use crate::sort::Sorted;

/// Returns what is weighed of a letter: nothing, if it is not one of our people's.
pub(crate) fn sending(origin: &Origin, sorted: &Sorted) -> Option<Sending> {
    let Origin::Person(login, wire) = origin else { return None };
    let (through_aliases, directly): (Vec<_>, Vec<_>) = sorted.remote.iter().partition(|remote| remote.is_passed_on());
    let aliases: HashSet<_> = through_aliases.into_iter().map(|remote| &remote.recipient).collect();
    let recipients = directly.into_iter().map(|remote| remote.address.clone()).collect();
    Some(Sending { account: login.account, from: wire.ip, recipients, aliases: aliases.len() as u64 })
}

/// Returns the account of the person who wrote a letter.
pub(crate) fn author(origin: &Origin) -> Option<i64> {
    match origin {
        Origin::Person(login, _) => Some(login.account.0),
        Origin::Peer(_) | Origin::Front(_) | Origin::Fetched(_) | Origin::House => None,
    }
}

/// Weighs a letter and counts it.
pub(crate) fn weigh(tx: &mut Tx, sending: Option<&Sending>, now: Timestamp) -> Result<Outcome, Unweighed> {
    let Some(sending) = sending else { return Ok(Outcome::Goes) };
    let ran = queue::ran(tx)?;
    let refused = queue::refusals_of(tx, sending.account.0, ran)?;
    Ok(conduct::weigh(tx, sending, refused, (now, Ran(ran.0)))?)
}

/// The letter could not be weighed: nobody's fault but ours.
#[derive(Debug)]
pub(crate) enum Unweighed {
    Store(store::Error),
    Other(OurFault),
}

impl From<store::Error> for Unweighed {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<conduct::Error> for Unweighed {
    fn from(error: conduct::Error) -> Self {
        match error {
            conduct::Error::Store(error)
            | conduct::Error::Directory(directory::Error::Store(error))
            | conduct::Error::Mailbox(mailbox::Error::Store(error)) => Self::Store(error),
            other => Self::Other(our_fault(other)),
        }
    }
}

impl From<directory::Error> for Unweighed {
    fn from(error: directory::Error) -> Self {
        conduct::Error::from(error).into()
    }
}

/// The answer to a letter that has more recipients than any day of its account (RFC 5321 §4.5.3.1.10; RFC 3463 §3.6).
pub(crate) fn too_many(limit: u64) -> Reply {
    let text = format!("this letter has more recipients than this account may write to in a day, which is {limit}");
    Reply::new(550, (5, 5, 3), text)
}

/// Returns the event, for the history of a letter, that it is kept back.
pub(crate) fn kept_back() -> Event {
    Finding::new("conduct", "held").because("unusual-sending").event()
}
