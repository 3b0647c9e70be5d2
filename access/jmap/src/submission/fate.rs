//! Updates the status of a submission as its letter goes on (RFC 8621 §7: `deliveryStatus`, `undoStatus`).

use std::collections::HashMap;

use mail::LetterId;
use mail::trace::{AttemptOutcome, DeskAct, Event};
use serde_json::{Value, json};

use super::report::{Kind, Report, Told, What};
use crate::api::Object;
use crate::limits;

/// Properties that the record has beside those that clients see: the letter's name, the targets of our addresses, and
/// for each recipient the known status of it and of its targets, and the statements of reports.
pub const HIDDEN: [&str; 4] = ["letter", "leads", "reached", "heard"];

/// Makes the status of a letter that the queue has taken charge of: it waits for all recipients.
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

/// Returns the name of the submission's letter.
pub fn letter(data: &Object) -> Option<LetterId> {
    data.get("letter")?.as_str()?.parse().ok()
}

/// Returns true if it can still be taken back.
pub fn is_pending(data: &Object) -> bool {
    data.get("undoStatus").is_some_and(|status| status == "pending")
}

/// Marks it as taken back: nobody gets it.
pub fn cancel(data: &mut Object) {
    data.insert("undoStatus".into(), "canceled".into());
    for target in targets(data) {
        *target = told("550 5.7.1 taken back by its author", "no");
    }
    tell(data);
}

/// Returns true if nothing more will be heard of it.
pub fn is_settled(data: &Object) -> bool {
    let waits = |status: &Value| status["delivered"] == "queued";
    let status = data.get("deliveryStatus").and_then(Value::as_object);
    !is_pending(data) && !status.into_iter().flatten().any(|(_, status)| waits(status))
}

/// Takes in the events of the letter.
pub fn learn(data: &mut Object, events: &[Event]) {
    for event in events {
        match event {
            Event::Redirected { recipient, to } => redirect(data, recipient, to),
            Event::Filed { recipient, .. } => set(data, recipient, "250 2.1.5 filed", "yes"),
            // A recipient that is tried again is queued.
            Event::NotFiled { recipient, reply } if reply.starts_with('5') => set(data, recipient, reply, "no"),
            Event::Queued { recipients } => {
                if is_pending(data) {
                    data.insert("undoStatus".into(), "final".into());
                }
                recipients.iter().for_each(|to| await_target(data, to));
            }
            // Anything may happen behind the next server: the letter was handed on, and no more is known.
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

/// Takes in a report that came as the blob. Returns false if it names nobody that the letter was sent to: anybody can
/// write a report.
pub fn hear(data: &mut Object, report: &Report, blob: &str) -> bool {
    let spots = Spots::of(data);
    let told: Vec<(Spot, &What)> = report.told.iter().flat_map(|told| spots.meant(told)).collect();
    let list = |name: &str| data.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let linked = list("dsnBlobIds").len() + list("mdnBlobIds").len();
    if told.is_empty() || linked >= limits::REPORTS {
        return false;
    }
    let name = match report.kind {
        Kind::Delivery => "dsnBlobIds",
        Kind::Disposition => "mdnBlobIds",
    };
    let mut blobs = list(name);
    blobs.push(blob.into());
    data.insert(name.into(), blobs.into());
    let mut heard = data.get("heard").and_then(Value::as_object).cloned().unwrap_or_default();
    told.into_iter().for_each(|(spot, what)| remember(&mut heard, spot, what));
    data.insert("heard".into(), heard.into());
    tell(data);
    true
}

/// A recipient, and one of the targets that it leads to.
type Spot = (String, String);

/// The position of each lower-case name within the known status.
struct Spots {
    recipients: HashMap<String, Spot>,
    targets: HashMap<String, Vec<Spot>>,
}

impl Spots {
    fn of(data: &Object) -> Self {
        let mut spots = Self { recipients: HashMap::new(), targets: HashMap::new() };
        for (name, led) in data.get("reached").and_then(Value::as_object).into_iter().flatten() {
            let led: Vec<&String> = led.as_object().into_iter().flat_map(|led| led.keys()).collect();
            // If the address leads to several targets, its name does not tell which of them is meant.
            let only = if let [only] = led[..] { only } else { name };
            spots.recipients.insert(name.to_lowercase(), (name.clone(), only.clone()));
            for target in led {
                spots.targets.entry(target.to_lowercase()).or_default().push((name.clone(), target.clone()));
            }
        }
        spots
    }

    fn named(&self, address: Option<&String>) -> Vec<Spot> {
        let Some(address) = address else { return Vec::new() };
        let targets = self.targets.get(address).cloned();
        targets.unwrap_or_else(|| self.recipients.get(address).cloned().into_iter().collect())
    }

    /// Returns the targets that a report means: the recipient that it was sent to, and its target if we know it;
    /// otherwise the address that it came to.
    fn meant<'a>(&self, told: &'a Told) -> Vec<(Spot, &'a What)> {
        let (original, last) = (self.named(told.original.as_ref()), self.named(told.last.as_ref()));
        let nearer: Vec<Spot> =
            last.iter().filter(|(name, _)| original.iter().any(|(other, _)| other == name)).cloned().collect();
        let spots = if !nearer.is_empty() {
            nearer
        } else if !original.is_empty() {
            original
        } else {
            last
        };
        spots.into_iter().map(|spot| (spot, &told.what)).collect()
    }
}

/// Keeps a report's statement, whatever is known so far: it may come before we know that we handed the letter on.
fn remember(heard: &mut Object, (name, target): Spot, what: &What) {
    let led = heard.entry(name).or_insert_with(|| json!({}));
    let one = &mut led[target.as_str()];
    match what {
        // Yes and no are final.
        What::Delivery { delivered, reply } if !one["delivered"].is_string() => {
            one["smtpReply"] = reply.as_str().into();
            if let Some(delivered) = delivered {
                one["delivered"] = if *delivered { "yes" } else { "no" }.into();
            }
        }
        What::Displayed => one["displayed"] = "yes".into(),
        What::Delivery { .. } | What::Other => {}
    }
}

/// Returns the known status of one target of a recipient: a report counts if we know nothing better ourselves.
fn informed(known: &Value, heard: Option<&Value>) -> Value {
    let mut status = known.clone();
    if let Some(heard) = heard.filter(|_| known["delivered"] == "unknown") {
        for name in ["delivered", "smtpReply"] {
            if heard[name].is_string() {
                status[name] = heard[name].clone();
            }
        }
    }
    status
}

fn targets(data: &mut Object) -> impl Iterator<Item = &mut Value> {
    let reached = data.get_mut("reached").and_then(Value::as_object_mut);
    reached
        .into_iter()
        .flat_map(|reached| reached.values_mut())
        .filter_map(Value::as_object_mut)
        .flat_map(|led| led.values_mut())
}

/// Notes that an address of ours leads to others. Those here are reported under the address itself.
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

/// Notes that the letter waits for a target elsewhere that a recipient leads to.
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

/// Sets the known status of a recipient, or of a target that one leads to.
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

/// Sums up the targets that a recipient leads to: the status that matters most to the author wins.
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
            let heard = data.get("heard").and_then(|heard| heard.get(recipient)).and_then(Value::as_object);
            let of = |target: &str| heard.and_then(|heard| heard.get(target));
            let all = led.as_object().into_iter().flatten().map(|(target, known)| informed(known, of(target)));
            let mut worst = all.max_by_key(weight).unwrap_or_else(taken);
            // One reader is enough.
            if heard.into_iter().flatten().any(|(_, heard)| heard["displayed"] == "yes") {
                worst["displayed"] = "yes".into();
            }
            (recipient.clone(), worst)
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

    fn report(kind: Kind, original: Option<&str>, last: &str, what: What) -> Report {
        let (original, last) = (original.map(str::to_owned), Some(last.to_owned()));
        Report { kind, message_id: "one@alpha.test".into(), told: vec![Told { original, last, what }] }
    }

    fn dsn(last: &str, delivered: Option<bool>, reply: &str) -> Report {
        report(Kind::Delivery, None, last, What::Delivery { delivered, reply: reply.into() })
    }

    fn mdn(last: &str, what: What) -> Report {
        report(Kind::Disposition, None, last, what)
    }

    #[test]
    fn a_report_says_what_we_cannot_know() {
        // RFC 8621 §7: delivered is yes, failed is no, anything else leaves it unchanged.
        let mut data = begun(&["Bob@beta.test", "carol@beta.test"], false);
        for to in ["Bob@beta.test", "carol@beta.test"] {
            learn(&mut data, &[attempt(to, "250 ok", AttemptOutcome::Delivered)]);
        }
        assert!(hear(&mut data, &dsn("bob@beta.test", None, "450 4.4.1 delayed"), "L1"));
        assert_eq!(delivered(&data, "Bob@beta.test"), ("unknown".into(), "450 4.4.1 delayed".into()));
        assert!(hear(&mut data, &dsn("bob@beta.test", Some(false), "550 5.1.1 nobody"), "L2"));
        assert!(hear(&mut data, &dsn("bob@beta.test", Some(true), "250 2.0.0 changed my mind"), "L3"));
        assert_eq!(delivered(&data, "Bob@beta.test"), ("no".into(), "550 5.1.1 nobody".into()));
        assert_eq!(delivered(&data, "carol@beta.test"), ("unknown".into(), "250 ok".into()));
        assert_eq!((&data["dsnBlobIds"], data.get("mdnBlobIds")), (&json!(["L1", "L2", "L3"]), None));

        assert!(hear(&mut data, &mdn("carol@beta.test", What::Other), "L4"));
        assert_eq!(data["deliveryStatus"]["carol@beta.test"]["displayed"], "unknown");
        assert!(hear(&mut data, &mdn("carol@beta.test", What::Displayed), "L5"));
        assert_eq!(data["deliveryStatus"]["carol@beta.test"]["displayed"], "yes");
        assert_eq!(data["deliveryStatus"]["Bob@beta.test"]["displayed"], "unknown");
        assert_eq!(data["mdnBlobIds"], json!(["L4", "L5"]));
    }

    #[test]
    fn a_report_that_is_quicker_than_our_own_notes_is_not_forgotten() {
        let mut data = begun(&["bob@beta.test"], false);
        assert!(hear(&mut data, &dsn("bob@beta.test", Some(false), "550 5.2.2 full"), "L1"));
        assert_eq!(delivered(&data, "bob@beta.test").0, "queued");
        learn(&mut data, &[attempt("bob@beta.test", "250 ok", AttemptOutcome::Delivered)]);
        assert_eq!(delivered(&data, "bob@beta.test"), ("no".into(), "550 5.2.2 full".into()));
    }

    #[test]
    fn a_report_of_somebody_else_or_of_what_we_know_better_changes_nothing() {
        let mut data = begun(&["bob@alpha.test"], false);
        learn(&mut data, &[filed("bob@alpha.test")]);
        let before = data.clone();
        assert!(!hear(&mut data, &dsn("eve@evil.test", Some(false), "550 5.1.1 no"), "L1"));
        assert_eq!(data, before);
        assert!(hear(&mut data, &dsn("bob@alpha.test", Some(false), "550 5.1.1 no"), "L1"));
        assert_eq!(data["deliveryStatus"], before["deliveryStatus"], "it lies in his mailbox");
        for number in 2..=limits::REPORTS {
            assert!(hear(&mut data, &mdn("bob@alpha.test", What::Other), &format!("L{number}")));
        }
        assert!(!hear(&mut data, &mdn("bob@alpha.test", What::Displayed), "L0"), "they are bounded");
        assert_eq!(data["deliveryStatus"]["bob@alpha.test"]["displayed"], "unknown");
    }

    #[test]
    fn a_report_may_name_the_recipient_or_where_that_leads() {
        let begin = || {
            let mut data = begun(&["team@alpha.test"], false);
            let to = vec!["bob@alpha.test".to_owned(), "carol@beta.test".to_owned(), "dave@beta.test".to_owned()];
            let queued = Event::Queued { recipients: to[1..].to_vec() };
            let redirected = Event::Redirected { recipient: "team@alpha.test".into(), to };
            learn(&mut data, &[redirected, filed("team@alpha.test"), queued]);
            for to in ["carol@beta.test", "dave@beta.test"] {
                learn(&mut data, &[attempt(to, "250 ok", AttemptOutcome::Delivered)]);
            }
            data
        };
        let no = || What::Delivery { delivered: Some(false), reply: "550 5.1.1 no".into() };
        let mut data = begin();
        assert!(hear(&mut data, &report(Kind::Delivery, Some("team@alpha.test"), "carol@beta.test", no()), "L1"));
        assert_eq!(delivered(&data, "team@alpha.test").0, "no");
        // The report does not say which of them it means: it is kept, and counts as no answer.
        let mut data = begin();
        assert!(hear(&mut data, &report(Kind::Delivery, Some("team@alpha.test"), "x@gamma.test", no()), "L1"));
        assert_eq!(delivered(&data, "team@alpha.test").0, "unknown");
        assert!(hear(&mut data, &report(Kind::Disposition, None, "team@alpha.test", What::Displayed), "L2"));
        assert_eq!(data["deliveryStatus"]["team@alpha.test"]["displayed"], "yes");
    }

    #[test]
    fn what_the_postmaster_takes_off_the_queue_is_not_delivered() {
        let mut data = begun(&["bob@alpha.test"], true);
        learn(&mut data, &[Event::Desk { act: DeskAct::Dropped, recipient: "bob@alpha.test".into() }]);
        assert_eq!(data["undoStatus"], "canceled");
        assert_eq!(delivered(&data, "bob@alpha.test").0, "no");
    }
}
