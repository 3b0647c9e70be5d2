//! What has changed, for those who listen (RFC 8620 §7.1).

use mail::seam::AccountId;
use mailbox::Change;
use mailbox::account_changes;
use serde_json::{Value, json};
use store::View;

use crate::api::Object;
use crate::id::Id;
use crate::records::{self, Kind};

/// The states of all kinds of objects of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct States([(&'static str, Change); 7]);

/// The states now.
pub fn states(view: &View, account: AccountId) -> Result<States, mailbox::Error> {
    let mail = account_changes::states(view, account)?;
    let of = |kind| records::state(view, account, kind);
    Ok(States([
        ("Email", mail.emails),
        // Something to tell a person of has come only with a letter; told as often, never more seldom.
        ("EmailDelivery", mail.threads),
        ("Mailbox", mail.folders),
        ("Thread", mail.threads),
        ("Identity", of(Kind::Identity)?),
        ("EmailSubmission", of(Kind::Submission)?),
        ("VacationResponse", of(Kind::Vacation)?),
    ]))
}

impl States {
    /// All of them as the id of an event, by which who comes back says what it has heard of (RFC 8620 §7.3).
    pub fn event_id(&self) -> String {
        let numbers: Vec<String> = self.0.iter().map(|(_, change)| change.to_string()).collect();
        numbers.join("-")
    }

    /// Those that an event id stands for, of the same kinds as these; none for what is no id of ours.
    pub fn of_event_id(&self, id: &str) -> Option<Self> {
        let (mut heard, mut numbers) = (*self, id.split('-'));
        for (_, change) in &mut heard.0 {
            *change = Change(numbers.next()?.parse().ok()?);
        }
        numbers.next().is_none().then_some(heard)
    }

    /// All of the types wanted.
    pub fn all(&self, types: Option<&[String]>) -> Object {
        let wanted = |name: &str| types.is_none_or(|types| types.iter().any(|wanted| wanted == name));
        let states = self.0.iter().filter(|(name, _)| wanted(name));
        states.map(|(name, state)| ((*name).to_owned(), state.to_string().into())).collect()
    }

    /// Those that are other than before, of the types wanted; none where there is nothing to tell.
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

/// The StateChange object.
pub fn state_change(account: AccountId, changed: Object) -> Value {
    json!({"@type": "StateChange", "changed": {account.id(): changed}})
}
