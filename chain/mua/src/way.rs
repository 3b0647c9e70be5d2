//! `/trace/{letter}`: the way of a letter, as its owner may see it. The pages draw it.

use axum::extract::{Path, State};
use axum::response::Response;
use mail::Timestamp;
use mail::finding::{self, CONVERSION, SIGNATURE, Words};
use mail::foreign::Meaning;
use mail::trace::{Arrival, Event, Link};
use mailbox::{Access, Want, fetch};
use serde_json::{Map, Value, json};
use store::{Asker, View};
use trace::{History, Noted};

use crate::reader::Reader;
use crate::{Server, answer, letter};

pub async fn way(State(server): State<Server>, Reader(login): Reader, Path(id): Path<String>) -> Response {
    let Some(key) = letter::key(&id) else { return answer::missing() };
    let look = move |view: &View| {
        let Some((_, row)) =
            fetch::visible(view, Access::own(login.account), key, Want { summary: true, ..Want::ROW })?
        else {
            return Ok::<_, mailbox::Error>((false, None));
        };
        let came = trace::in_mailbox(view, login.account, key.0)?;
        let id = row.card.and_then(|card| card.summary).and_then(|summary| summary.message_id().map(<[u8]>::to_vec));
        let history = match (came, id) {
            (None, Some(id)) => trace::sent_by(view, login.account, &String::from_utf8_lossy(&id))?,
            (came, _) => came,
        };
        Ok((true, history))
    };
    match server.store.read_for(Asker(login.account.0), look).await {
        Ok((true, history)) => answer::json(&told(history.as_ref())),
        Ok((false, _)) => answer::missing(),
        Err(error) => answer::fault(&error),
    }
}

fn told(history: Option<&History>) -> Value {
    let steps: Vec<Value> = history.map(|history| history.steps.iter().map(step).collect()).unwrap_or_default();
    json!({"letter": history.map(|history| history.letter.to_string()), "steps": steps})
}

fn step(noted: &Noted) -> Value {
    let mut step = facts(&noted.event);
    step.insert("at".into(), moment(noted.at).into());
    Value::Object(step)
}

/// Writes a time as RFC 3339 does, to the millisecond.
fn moment(at: Timestamp) -> String {
    let seconds = at.rfc3339();
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), at.0.rem_euclid(1000))
}

fn facts(event: &Event) -> Map<String, Value> {
    let facts = match event {
        Event::Received(arrival) => arrived("received", arrival),
        Event::Refused { arrival, reply } => {
            let mut facts = arrived("refused", arrival);
            facts["said"] = reply.as_str().into();
            facts["meaning"] = of_answer(reply);
            facts
        }
        Event::Judged { recipient, by, decision, reason } => {
            // The findings about the letter itself are from where it came in, or from its way out.
            let link = match recipient.as_str() {
                "" if by == CONVERSION => "queue",
                "" if by == SIGNATURE => "house",
                "" => "mta",
                _ => "mda",
            };
            let meaning = finding::told(reason).map(|told| json!({"en": told.english, "fr": told.french}));
            json!({"what": "judged", "link": link, "recipient": recipient, "by": by, "decision": decision,
                "said": reason, "meaning": meaning})
        }
        Event::Filed { recipient, folder, .. } => {
            json!({"what": "filed", "link": "mda", "recipient": recipient, "folder": folder})
        }
        Event::NotFiled { recipient, reply } => {
            let meaning = of_answer(reply);
            json!({"what": "notFiled", "link": "mda", "recipient": recipient, "said": reply, "meaning": meaning})
        }
        Event::Queued { recipients } => json!({"what": "queued", "link": "queue", "recipients": recipients}),
        Event::Attempt(attempt) => json!({
            "what": "attempt", "link": "queue", "by": attempt.by, "recipient": attempt.recipient, "said": attempt.said,
            "meaning": of_answer(&attempt.said), "tls": attempt.tls, "outcome": attempt.outcome.name(),
        }),
        Event::Reported { to, report, .. } | Event::Confirmed { to, report } => {
            json!({"what": "reported", "link": "queue", "recipient": to, "report": report})
        }
        Event::Desk { act, recipient } => {
            json!({"what": "desk", "link": "queue", "act": act.name(), "recipient": recipient})
        }
        Event::Read { door, .. } => json!({"what": "read", "link": door.name()}),
        Event::Removed { door, .. } => json!({"what": "removed", "link": door.name()}),
        Event::Redirected { recipient, to } => {
            json!({"what": "redirected", "link": "mta", "recipient": recipient, "recipients": to})
        }
        Event::Postponed { recipients, until } => json!({
            "what": "postponed", "link": "queue", "recipients": recipients, "until": moment(Timestamp(*until)),
        }),
        Event::Recalled { .. } => json!({"what": "recalled", "link": "queue"}),
        // Only the postmaster sees a fault: a person's history has none.
        Event::Fault { .. } => json!({"what": "fault", "link": "house"}),
        Event::Mended { line_ends, nul } => json!({"what": "mended", "lineEnds": line_ends, "nul": nul}),
    };
    match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

/// Returns the meaning of an answer, which is in the words of the server that gave it; null if it is not known.
fn of_answer(said: &str) -> Value {
    in_words(Meaning::told(said).map(Meaning::words))
}

/// Returns words for people in both languages of the pages; null if there are none.
fn in_words(words: Option<Words>) -> Value {
    words.map_or(Value::Null, |words| json!({"en": words.english, "fr": words.french}))
}

fn arrived(what: &str, arrival: &Arrival) -> Value {
    // A letter from a file came over no wire.
    let tls = Some(&arrival.tls).filter(|_| arrival.by != Some(Link::Import));
    json!({
        "what": what, "link": arrival.by.map(Link::name), "by": arrival.peer, "hello": arrival.hello, "tls": tls,
        "login": arrival.login, "returnPath": arrival.return_path, "recipients": arrival.recipients,
        "messageId": arrival.message_id, "size": arrival.size,
    })
}
