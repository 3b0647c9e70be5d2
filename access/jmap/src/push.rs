//! The changes that listening clients learn of (RFC 8620 §7.1).

use std::fmt::{self, Display, Formatter};

use mail::seam::AccountId;
use mailbox::account_changes;
use mailbox::{Access, Change};
use records::Kind;
use serde_json::{Value, json};
use store::View;

use crate::api::Object;
use crate::id::Id;
use crate::quota;

/// The state of a kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// The number of a change.
    Change(Change),
    /// The octets used, and the most that may be used.
    Quota(quota::State),
}

impl Mark {
    /// Reads a state of the same kind from its text.
    fn read_as(self, text: &str) -> Option<Self> {
        match self {
            Self::Change(_) => text.parse().ok().map(|number| Self::Change(Change(number))),
            Self::Quota(_) => quota::State::read(text).map(Self::Quota),
        }
    }
}

impl Display for Mark {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change(change) => change.fmt(f),
            Self::Quota(state) => state.fmt(f),
        }
    }
}

/// The states of all kinds of objects of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct States([(&'static str, Mark); 9]);

/// Returns the states now.
pub fn states(view: &View, account: AccountId) -> Result<States, mailbox::Error> {
    let mail = account_changes::states(view, Access::own(account))?;
    let of = |kind| records::state(view, account, kind);
    let changes = [
        ("Email", mail.emails),
        // Only a letter brings news for a person; this state changes at least as often.
        ("EmailDelivery", mail.threads),
        ("Mailbox", mail.folders),
        ("Thread", mail.threads),
        ("Identity", of(Kind::Identity)?),
        ("EmailSubmission", of(Kind::Submission)?),
        ("VacationResponse", of(Kind::Vacation)?),
        ("Preferences", of(Kind::Preferences)?),
    ];
    let [email, delivery, mailbox, thread, identity, submission, absence, preferences] =
        changes.map(|(name, change)| (name, Mark::Change(change)));
    let quota = ("Quota", Mark::Quota(quota::state(view, account)?));
    Ok(States([email, delivery, mailbox, thread, identity, submission, absence, preferences, quota]))
}

impl States {
    /// Returns all states as the id of an event: a client that comes back uses it to say what it has heard of (RFC 8620
    /// §7.3).
    pub fn event_id(&self) -> String {
        let numbers: Vec<String> = self.0.iter().map(|(_, mark)| mark.to_string()).collect();
        numbers.join("-")
    }

    /// Returns the states that an event id stands for, of the same kinds as these; `None` if the id is not ours.
    pub fn of_event_id(&self, id: &str) -> Option<Self> {
        let (mut heard, mut numbers) = (*self, id.split('-'));
        for (_, mark) in &mut heard.0 {
            *mark = mark.read_as(numbers.next()?)?;
        }
        numbers.next().is_none().then_some(heard)
    }

    /// Returns all states of the types wanted.
    pub fn all(&self, types: Option<&[String]>) -> Object {
        let wanted = |name: &str| types.is_none_or(|types| types.iter().any(|wanted| wanted == name));
        let states = self.0.iter().filter(|(name, _)| wanted(name));
        states.map(|(name, state)| ((*name).to_owned(), state.to_string().into())).collect()
    }

    /// Returns the states that differ from before, of the wanted types; `None` if there is nothing to tell.
    pub fn since(&self, before: &Self, types: Option<&[String]>) -> Option<Object> {
        let wanted = |name: &str| types.is_none_or(|types| types.iter().any(|wanted| wanted == name));
        let changed: Object = self
            .0
            .iter()
            .zip(&before.0)
            .filter(|((name, now), (_, then))| *now != *then && wanted(name))
            .map(|((name, now), _)| ((*name).to_owned(), now.to_string().into()))
            .collect();
        (!changed.is_empty()).then_some(changed)
    }
}

/// Returns the StateChange object.
pub fn state_change(account: AccountId, changed: Object) -> Value {
    json!({"@type": "StateChange", "changed": {account.id(): changed}})
}
