//! What is said of a submission as its letter goes on (RFC 8621 §7: `deliveryStatus`, `undoStatus`).

use mail::LetterId;
use mail::trace::{AttemptOutcome, DeskAct, Event};
use serde_json::{Value, json};

use crate::api::Object;

/// Kept beside the properties that clients see: the letter's name, where addresses of ours lead, and for each recipient
/// what is known of it and of those it leads to.
pub const HIDDEN: [&str; 3] = ["letter", "leads", "reached"];

/// Says of a letter that was taken charge of how it is with its recipients: it waits for all of them.
pub fn begin(data: &mut Object, letter: LetterId, recipients: &[String], waits: bool) {
    data.insert("letter".into(), letter.to_string().into());
    data.insert("undoStatus".into(), if waits { "pending" } else { "final" }.into());
    let reached: Object = recipients.iter().map(|to| (to.clone(), json!({to.as_str(): taken()}))).collect();
    data.insert("reached".into(), reached.into());
    tell(data);
}

fn taken() -> Value {
    told("250 2.0.0 taken", "queued")
}

fn told(reply: &str, delivered: &str) -> Value {
    json!({"smtpReply": reply, "delivered": delivered, "displayed": "unknown"})
}

/// The name of the submission's letter.
pub fn letter(data: &Object) -> Option<LetterId> {
    data.get("letter")?.as_str()?.parse().ok()
}

/// Can it still be taken back?
pub fn is_pending(data: &Object) -> bool {
    data.get("undoStatus").is_some_and(|status| status == "pending")
}

/// It was taken back: nobody gets it.
pub fn cancel(data: &mut Object) {
    data.insert("undoStatus".into(), "canceled".into());
    for target in targets(data) {
        *target = told("550 5.7.1 taken back by its author", "no");
    }
    tell(data);
}

/// Will nothing more be heard of it?
pub fn is_settled(data: &Object) -> bool {
    let waits = |status: &Value| status["delivered"] == "queued";
    let status = data.get("deliveryStatus").and_then(Value::as_object);
    !is_pending(data) && !status.into_iter().flatten().any(|(_, status)| waits(status))
}

/// Takes in what happened to the letter.
pub fn learn(data: &mut Object, events: &[Event]) {
    for event in events {
        match event {
            Event::Redirected { recipient, to } => redirect(data, recipient, to),
            Event::Filed { recipient, .. } => set(data, recipient, "250 2.1.5 filed", "yes"),
            // For whom it is tried again, it is queued.
            Event::NotFiled { recipient, reply } if reply.starts_with('5') => set(data, recipient, reply, "no"),
            Event::Queued { recipients } => {
                if is_pending(data) {
                    data.insert("undoStatus".into(), "final".into());
                }
                recipients.iter().for_each(|to| await_target(data, to));
            }
            // Behind the next server anything may happen: it was handed on, and no more is known.
            Event::Attempt(attempt) => set(
                data,
                &attempt.recipient,
                &attempt.said,
                match attempt.outcome {
                    AttemptOutcome::Delivered => "unknown",
                    AttemptOutcome::Later => "queued",
                    AttemptOutcome::Failed => "no",
                },
            ),
            Event::Desk { act: DeskAct::Dropped, recipient } => {
                set(data, recipient, "550 5.7.1 taken off the queue by the postmaster", "no");
                if is_pending(data) && targets(data).all(|target| target["delivered"] == "no") {
                    data.insert("undoStatus".into(), "canceled".into());
                }
            }
            Event::Recalled { .. } => cancel(data),
            _ => {}
        }
    }
    tell(data);
}

fn targets(data: &mut Object) -> impl Iterator<Item = &mut Value> {
    let reached = data.get_mut("reached").and_then(Value::as_object_mut);
    reached
        .into_iter()
        .flat_map(|reached| reached.values_mut())
        .filter_map(Value::as_object_mut)
        .flat_map(|led| led.values_mut())
}

/// An address of ours leads to others. Those here are heard of under the address itself.
fn redirect(data: &mut Object, recipient: &str, to: &[String]) {
    let Some(reached) = data.get_mut("reached").and_then(Value::as_object_mut) else { return };
    let Some((name, led)) = reached.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(recipient)) else { return };
    if let Some(led) = led.as_object_mut() {
        led.remove(name);
    }
    let (name, leads) = (name.clone(), data.entry("leads").or_insert_with(|| json!({})));
    if let Some(leads) = leads.as_object_mut() {
        leads.insert(name, json!(to));
    }
}

/// The letter waits for somebody elsewhere that a recipient leads to.
fn await_target(data: &mut Object, target: &str) {
    let leads = data.get("leads").and_then(Value::as_object).cloned().unwrap_or_default();
    let Some(reached) = data.get_mut("reached").and_then(Value::as_object_mut) else { return };
    for (name, to) in leads {
        let leads_there = to.as_array().is_some_and(|to| to.iter().any(|one| one == target));
        if let Some(led) = reached.get_mut(&name).and_then(Value::as_object_mut).filter(|_| leads_there) {
            led.entry(target).or_insert_with(taken);
        }
    }
}

/// What is known of a recipient, or of somebody that one leads to.
fn set(data: &mut Object, address: &str, reply: &str, delivered: &str) {
    let Some(reached) = data.get_mut("reached").and_then(Value::as_object_mut) else { return };
    for (name, led) in reached.iter_mut() {
        let Some(led) = led.as_object_mut() else { continue };
        let target = led.keys().find(|target| target.eq_ignore_ascii_case(address)).cloned();
        if let Some(target) = target.or_else(|| name.eq_ignore_ascii_case(address).then(|| name.clone())) {
            led.insert(target, told(reply, delivered));
        }
    }
}

/// What all that a recipient leads to comes to: the one that matters most to who wrote.
fn tell(data: &mut Object) {
    let weight = |status: &Value| match status["delivered"].as_str() {
        Some("queued") => 3,
        Some("no") => 2,
        Some("unknown") => 1,
        _ => 0,
    };
    let Some(reached) = data.get("reached").and_then(Value::as_object) else { return };
    let status: Object = reached
        .iter()
        .map(|(recipient, led)| {
            let worst = led.as_object().and_then(|led| led.values().max_by_key(|status| weight(status)));
            (recipient.clone(), worst.cloned().unwrap_or_else(taken))
        })
        .collect();
    data.insert("deliveryStatus".into(), status.into());
}

#[cfg(test)]
mod tests {
    use mail::trace::Attempt;

    use super::*;

    fn begun(recipients: &[&str], waits: bool) -> Object {
        let mut data = Object::new();
        let recipients: Vec<String> = recipients.iter().map(|&to| to.to_owned()).collect();
        begin(&mut data, LetterId::from_random([7; 10]), &recipients, waits);
        data
    }

    fn attempt(recipient: &str, said: &str, outcome: AttemptOutcome) -> Event {
        let (recipient, said) = (recipient.to_owned(), said.to_owned());
        Event::Attempt(Attempt { recipient, by: "mx.beta.test".into(), said, outcome, tls: String::new() })
    }

    fn filed(recipient: &str) -> Event {
        Event::Filed { account: 1, key: 1, recipient: recipient.into(), folder: "INBOX".into() }
    }

    fn delivered(data: &Object, recipient: &str) -> (String, String) {
        let status = &data["deliveryStatus"][recipient];
        (status["delivered"].as_str().unwrap().to_owned(), status["smtpReply"].as_str().unwrap().to_owned())
    }

    #[test]
    fn each_recipient_is_followed_until_there_is_no_more_to_say() {
        let mut data = begun(&["bob@alpha.test", "carol@beta.test"], false);
        assert!(!is_settled(&data));
        learn(&mut data, &[filed("Bob@alpha.test"), Event::Queued { recipients: vec!["carol@beta.test".into()] }]);
        assert_eq!(delivered(&data, "bob@alpha.test").0, "yes");
        learn(&mut data, &[attempt("carol@beta.test", "450 4.2.0 later", AttemptOutcome::Later)]);
        assert_eq!(delivered(&data, "carol@beta.test"), ("queued".into(), "450 4.2.0 later".into()));
        assert!(!is_settled(&data));
        learn(&mut data, &[attempt("carol@beta.test", "250 ok", AttemptOutcome::Delivered)]);
        assert_eq!(delivered(&data, "carol@beta.test"), ("unknown".into(), "250 ok".into()));
        assert!(is_settled(&data));
    }

    #[test]
    fn of_an_alias_the_worst_is_told_and_not_where_it_leads() {
        let mut data = begun(&["team@alpha.test"], false);
        let to = vec!["bob@alpha.test".to_owned(), "carol@beta.test".to_owned()];
        let queued = Event::Queued { recipients: vec!["carol@beta.test".into()] };
        let redirected = Event::Redirected { recipient: "team@alpha.test".into(), to };
        learn(&mut data, &[redirected, filed("team@alpha.test"), queued]);
        assert_eq!(delivered(&data, "team@alpha.test").0, "queued");
        learn(&mut data, &[attempt("carol@beta.test", "550 no", AttemptOutcome::Failed)]);
        assert_eq!(delivered(&data, "team@alpha.test"), ("no".into(), "550 no".into()));
        assert_eq!(data["deliveryStatus"].as_object().unwrap().len(), 1);
        assert!(is_settled(&data));
    }

    #[test]
    fn a_letter_that_waits_is_pending_until_it_is_let_go_or_taken_back() {
        let mut data = begun(&["bob@alpha.test"], true);
        learn(&mut data, &[Event::Postponed { recipients: vec!["bob@alpha.test".into()], until: 1 }]);
        assert!(is_pending(&data) && !is_settled(&data));
        let mut gone = data.clone();
        learn(&mut gone, &[Event::Queued { recipients: vec!["bob@alpha.test".into()] }]);
        assert_eq!(gone["undoStatus"], "final");
        learn(&mut data, &[Event::Recalled { account: 1 }]);
        assert_eq!((&data["undoStatus"], delivered(&data, "bob@alpha.test").0.as_str()), (&json!("canceled"), "no"));
        assert!(is_settled(&data));
    }

    #[test]
    fn what_the_postmaster_takes_off_the_queue_is_not_delivered() {
        let mut data = begun(&["bob@alpha.test"], true);
        learn(&mut data, &[Event::Desk { act: DeskAct::Dropped, recipient: "bob@alpha.test".into() }]);
        assert_eq!(data["undoStatus"], "canceled");
        assert_eq!(delivered(&data, "bob@alpha.test").0, "no");
    }
}
