//! Asking the trace.

use std::collections::HashSet;
use std::ops::ControlFlow;

use mail::seam::AccountId;
use mail::trace::{Event, message_id, tidy};
use mail::{LetterId, Timestamp};
use store::{View, params};

use crate::history::{History, load};
use crate::index::{entries, letter};
use crate::key::{Key, keys};
use crate::row::decode;

/// The person or command that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The administrator: everything is shown.
    Everyone,
    /// A person: only letters of their own, and of those only the steps that are theirs to know (see
    /// [`History::seen_by`]).
    Account(AccountId),
}

/// A question for letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// One letter.
    Letter(LetterId),
    /// The letters with this Message-ID, with brackets or without. There are several where a letter came more than
    /// once, or a copy of it was kept.
    MessageId(String),
    /// The letters from or to this address, on the envelope.
    Address(String),
    /// The letters that a person sent or got.
    Mailbox(AccountId),
}

/// The part of the list that the caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only letters that came since then.
    pub since: Timestamp,
    /// Go on here: [`Found::next`] of the page before.
    pub before: Option<i64>,
    /// The largest number of letters on the page.
    pub most: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { since: Timestamp(i64::MIN), before: None, most: 50 }
    }
}

/// The letters that were found, the last that came first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The histories, whole.
    pub letters: Vec<History>,
    /// The position at which the next page begins; `None` when there are no more letters.
    pub next: Option<i64>,
}

/// The number of rows that are looked at for one page: rows that are hidden from a person must not keep a reader busy
/// without end.
const MOST_LOOKED_AT: usize = 5_000;

/// Finds the histories of letters.
pub fn find(view: &View, scope: Scope, what: &What, page: Page) -> Result<Found, store::Error> {
    if let What::Letter(id) = what {
        let history = load(view, *id)?.and_then(|history| shown(history, scope));
        return Ok(Found { letters: history.into_iter().collect(), next: None });
    }
    let search = Search::new(scope, what);
    let mut found = Found::default();
    let mut seen = HashSet::new();
    let mut looked_at = 0;
    let before = page.before.unwrap_or(i64::MAX);
    entries(view, search.key, before, |entry| {
        looked_at += 1;
        if found.letters.len() >= page.most || looked_at > MOST_LOOKED_AT {
            found.next = Some(entry.saturating_add(1));
            return Ok(ControlFlow::Break(()));
        }
        let Some((id, at)) = search.row(view, entry)? else { return Ok(ControlFlow::Continue(())) };
        if at < page.since {
            // Rows stand in the order they were written, which is nearly that in which things happened.
            let long_before = page.since.since(at) > std::time::Duration::from_secs(3600);
            return Ok(if long_before { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        }
        if seen.insert(id)
            && let Some(history) = load(view, id)?
            && !search.was_on_an_earlier_page(view, &history, before)?
            && let Some(history) = shown(history, scope)
            && search.fits(&history)
        {
            found.letters.push(history);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// The history of a letter that lies in a mailbox, by the key it has there, as its owner may see it.
pub fn in_mailbox(view: &View, account: AccountId, key: i64) -> Result<Option<History>, store::Error> {
    let sql = "SELECT letter FROM trace_filed WHERE key = $1";
    let Some(id) = view.query_opt(sql, params![key], |row| letter(row, 0))? else { return Ok(None) };
    let history = load(view, id)?.and_then(|history| history.seen_by(account));
    // The key may be one of another mailbox.
    let is_theirs = |event: &Event| matches!(event, Event::Filed { key: known, .. } if *known == key);
    Ok(history.filter(|history| history.steps.iter().any(|step| is_theirs(&step.event))))
}

/// Returns the history of a letter that a person sent, by its Message-ID, as they may see it. The copy that they keep
/// is another letter to us (a draft that was moved, a copy that a mail program stored). Of several, this is the one
/// that came last.
pub fn sent_by(view: &View, account: AccountId, message_id: &str) -> Result<Option<History>, store::Error> {
    let what = What::MessageId(message_id.to_owned());
    let found = find(view, Scope::Account(account), &what, Page { most: 10, ..Page::default() })?;
    let is_theirs = |history: &History| history.arrival().is_some_and(|arrival| arrival.account == Some(account.0));
    Ok(found.letters.into_iter().find(is_theirs))
}

fn shown(history: History, scope: Scope) -> Option<History> {
    match scope {
        Scope::Everyone => Some(history),
        Scope::Account(account) => history.seen_by(account),
    }
}

struct Search {
    key: Key,
    /// The thing that must be named in a history that is shown.
    wanted: What,
}

impl Search {
    fn new(scope: Scope, what: &What) -> Self {
        let mut wanted = what.clone();
        if let What::MessageId(id) = &mut wanted {
            *id = message_id(id.as_bytes());
            tidy(id);
        }
        let key = match (&wanted, scope) {
            // Among a person's own letters, whatever the address is on others.
            (What::Address(_), Scope::Account(account)) => Key::account(account.0),
            (What::Address(address), Scope::Everyone) => Key::address(address),
            (What::MessageId(id), _) => Key::message_id(id),
            (What::Mailbox(account), _) => Key::account(account.0),
            (What::Letter(id), _) => Key::letter(*id),
        };
        Self { key, wanted }
    }

    /// The letter that a row is about, if the key really finds it.
    fn row(&self, view: &View, entry: i64) -> Result<Option<(LetterId, Timestamp)>, store::Error> {
        let sql = "SELECT letter, at, steps FROM trace_step WHERE entry = $1";
        let row = view.query_opt(sql, params![entry], |row| {
            let id = letter(row, 0)?;
            let events = decode(row.bytes(2)?).unwrap_or_default();
            Ok((id, Timestamp(row.get(1)?), keys(id, &events).contains(&self.key)))
        })?;
        Ok(row.and_then(|(id, at, fits)| fits.then_some((id, at))))
    }

    /// A letter that several rows find belongs to the page of the last of them.
    fn was_on_an_earlier_page(&self, view: &View, history: &History, before: i64) -> Result<bool, store::Error> {
        for entry in history.rows.iter().filter(|entry| **entry >= before) {
            if self.row(view, *entry)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns true if the history that is shown has the thing that was asked for.
    fn fits(&self, history: &History) -> bool {
        match &self.wanted {
            What::Address(address) => history.steps.iter().any(|step| names(&step.event, address)),
            What::MessageId(id) => history.arrival().is_none_or(|arrival| arrival.message_id == *id),
            What::Letter(_) | What::Mailbox(_) => true,
        }
    }
}

/// Returns true if the event can be found by the address.
fn names(event: &Event, address: &str) -> bool {
    let address = address.to_lowercase();
    let is = |text: &String| text.to_lowercase() == address;
    match event {
        Event::Received(arrival) | Event::Refused { arrival, .. } => {
            is(&arrival.return_path) || is(&arrival.login) || arrival.recipients.iter().any(is)
        }
        Event::Filed { recipient, .. } | Event::NotFiled { recipient, .. } => is(recipient),
        Event::Queued { recipients }
        | Event::Postponed { recipients, .. }
        | Event::Redirected { to: recipients, .. } => recipients.iter().any(is),
        _ => false,
    }
}
