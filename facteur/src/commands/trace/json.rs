//! The way of a letter as scripts see it.

use ::trace::{History, Noted};
use mail::Timestamp;
use mail::trace::{Arrival, Attempt, Event, Link};
use serde_json::{Map, Value, json};

use super::wording::{self, People};
use crate::clock;

/// An object for each letter.
pub fn letters(letters: &[History], people: &People) -> Vec<Value> {
    letters.iter().map(|history| letter(history, people)).collect()
}

fn letter(history: &History, people: &People) -> Value {
    let arrival = history.arrival();
    json!({
        "letter": history.letter.to_string(),
        "message_id": arrival.map(|arrival| &arrival.message_id),
        "subject": arrival.map(wording::subject),
        "from": arrival.map(|arrival| &arrival.return_path),
        "to": arrival.map(|arrival| &arrival.recipients),
        "damaged": history.damaged,
        "cut": history.cut,
        "steps": history.steps.iter().map(|step| self::step(step, people)).collect::<Vec<_>>(),
    })
}

/// Returns `at`, `step` (its kind), the facts of the step, and `text`: the same in words.
fn step(noted: &Noted, people: &People) -> Value {
    let (name, facts) = facts(&noted.event, people);
    let mut step = Map::new();
    step.insert("at".into(), clock::utc(noted.at).into());
    step.insert("step".into(), name.into());
    if let Value::Object(facts) = facts {
        step.extend(facts);
    }
    step.insert("text".into(), wording::sentence(&noted.event, people).into());
    Value::Object(step)
}

fn facts(event: &Event, people: &People) -> (&'static str, Value) {
    match event {
        Event::Received(arrival) => ("received", self::arrival(arrival)),
        Event::Refused { arrival, reply } => {
            let mut facts = self::arrival(arrival);
            facts["reply"] = reply.as_str().into();
            ("refused", facts)
        }
        Event::Judged { recipient, by, decision, reason } => {
            ("judged", json!({ "recipient": recipient, "by": by, "decision": decision, "reason": reason }))
        }
        Event::Filed { account, key, recipient, folder } => (
            "filed",
            json!({
                "account": account, "owner": people.owner(*account, recipient), "key": key, "recipient": recipient,
                "folder": folder,
            }),
        ),
        Event::NotFiled { recipient, reply } => ("not-filed", json!({ "recipient": recipient, "reply": reply })),
        Event::Queued { recipients } => ("queued", json!({ "recipients": recipients })),
        Event::Attempt(attempt) => {
            let Attempt { recipient, said, outcome, tls, .. } = attempt;
            let (by, over) = (attempt.name(), attempt.hand().name());
            let outcome = outcome.name();
            (
                "attempt",
                json!({ "recipient": recipient, "by": by, "over": over, "said": said, "outcome": outcome, "tls": tls }),
            )
        }
        Event::Reported { to, report, late } => ("reported", json!({ "to": to, "report": report, "late": late })),
        Event::Confirmed { to, report } => ("confirmed", json!({ "to": to, "report": report })),
        Event::Desk { act, recipient } => ("desk", json!({ "act": act.name(), "recipient": recipient })),
        Event::Read { account, door } => ("read", json!({ "account": account, "door": door.name() })),
        Event::Removed { account, door } => ("removed", json!({ "account": account, "door": door.name() })),
        Event::Redirected { recipient, to } => ("redirected", json!({ "recipient": recipient, "to": to })),
        Event::Postponed { recipients, until } => {
            ("postponed", json!({ "recipients": recipients, "until": clock::utc(Timestamp(*until)) }))
        }
        Event::Recalled { account } => ("recalled", json!({ "account": account })),
        Event::Fault { cause } => ("fault", json!({ "cause": cause })),
        Event::Mended { line_ends, nul } => ("mended", json!({ "line_ends": line_ends, "nul": nul })),
    }
}

fn arrival(arrival: &Arrival) -> Value {
    json!({
        "by": arrival.by.map(Link::name),
        "peer": arrival.peer,
        "hello": arrival.hello,
        "tls": arrival.tls,
        "login": arrival.login,
        "return_path": arrival.return_path,
        "recipients": arrival.recipients,
        "message_id": arrival.message_id,
        "subject": wording::subject(arrival),
        "size": arrival.size,
    })
}
