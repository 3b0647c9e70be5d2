//! Preferences: a person's choices in one window, for every other window of theirs. Each account has one object, under
//! a capability of Facteur's own.
//!
//! A property that is null was never chosen: the client then does what it thinks best. An unknown property is refused,
//! so that nobody believes that it is stored.

use records::Kind;
use serde_json::{Map, Value, json};

use crate::api::{Object, SetError};
use crate::email::filter;
use crate::standard::singleton::{ID, Singleton, all_fit};

/// The most senders whose pictures are always shown; beyond that, the oldest go.
pub const MOST_SENDERS: usize = 1000;
/// The most folders that have a colour as labels; a client that wants more must take the colour of another away.
const MOST_COLOURS: usize = 5000;
/// Octets of an id (RFC 8620 §1.2) and of the name of a colour.
const LONGEST_ID: usize = 255;
const LONGEST_COLOUR: usize = 32;
/// Octets of an address (RFC 5321 §4.5.3.1).
const LONGEST_ADDRESS: usize = 64 + 1 + 255;
/// Octets of a language tag (RFC 5646 §4.4.1).
const LONGEST_LANGUAGE: usize = 35;
/// The most seconds in which a letter can be called back.
const LONGEST_UNDO: u64 = 3600;

/// The preferences of an account.
pub static PREFERENCES: Singleton = Singleton {
    kind: Kind::Preferences,
    state: |view, access| Ok(records::state(view, access.owner(), Kind::Preferences)?),
    properties: &["id", "language", "theme", "undoSend", "notifications", "picturesFrom", "labelColours"],
    read: |view, account| Ok(object(records::preferences::get(view, account)?)),
    write: |tx, account, object| records::preferences::set(tx, account, &said(object)),
    fresh: || object(Object::new()),
    judge,
};

/// Returns the properties that the client set: null counts as not set.
fn said(object: &Object) -> Object {
    let said = object.iter().filter(|(name, value)| *name != "id" && !value.is_null());
    said.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn object(said: Object) -> Object {
    let defaults = json!({
        "id": ID, "language": null, "theme": null, "undoSend": null, "notifications": null, "picturesFrom": {},
        "labelColours": {},
    });
    let mut object = defaults.as_object().cloned().unwrap_or_default();
    object.extend(said);
    object
}

fn judge(after: &mut Object) -> Result<Option<Object>, SetError> {
    all_fit(after, fits)?;
    let Some(Value::Object(senders)) = after.get_mut("picturesFrom") else { return Ok(None) };
    if senders.len() <= MOST_SENDERS {
        return Ok(None);
    }
    drop_oldest(senders);
    let kept = json!({"picturesFrom": senders});
    Ok(kept.as_object().cloned())
}

/// Removes the oldest senders beyond the limit: each has the time since which their pictures are shown.
fn drop_oldest(senders: &mut Map<String, Value>) {
    let since = |at: &Value| at.as_str().and_then(filter::date).unwrap_or_default();
    let mut by_age: Vec<(i64, String)> = senders.iter().map(|(address, at)| (since(at), address.clone())).collect();
    by_age.sort_unstable();
    let surplus = senders.len().saturating_sub(MOST_SENDERS);
    for (_, address) in by_age.into_iter().take(surplus) {
        senders.remove(&address);
    }
}

fn fits(name: &str, value: &Value) -> bool {
    let one_of = |words: &[&str]| value.as_str().is_some_and(|word| words.contains(&word));
    let fits = match name {
        "id" => return value == ID,
        "picturesFrom" => return value.as_object().is_some_and(are_senders),
        "labelColours" => return value.as_object().is_some_and(are_colours),
        "language" => value.as_str().is_some_and(is_language),
        "theme" => one_of(&["system", "light", "dark"]),
        "notifications" => one_of(&["nothing", "number", "subject", "words"]),
        "undoSend" => value.as_u64().is_some_and(|seconds| seconds <= LONGEST_UNDO),
        _ => return false,
    };
    fits || value.is_null()
}

/// Returns true for a text in the form of a language tag (RFC 5646 §2.1): the client knows which languages exist.
fn is_language(tag: &str) -> bool {
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    tag.len() <= LONGEST_LANGUAGE && tag.split('-').all(is_subtag)
}

/// Addresses in lower case, each with the time at which it was added.
fn are_senders(senders: &Map<String, Value>) -> bool {
    let is_since = |at: &Value| at.as_str().is_some_and(|text| text.len() <= 32 && filter::date(text).is_some());
    senders.iter().all(|(address, at)| is_address(address) && is_since(at))
}

/// Ids of mailboxes, each with the name of a colour in small letters: the client knows which colours exist, and whether
/// the mailbox does.
fn are_colours(colours: &Map<String, Value>) -> bool {
    let is_id = |id: &str| {
        (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let is_colour =
        |name: &str| (1..=LONGEST_COLOUR).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase());
    colours.len() <= MOST_COLOURS && colours.iter().all(|(id, name)| is_id(id) && name.as_str().is_some_and(is_colour))
}

fn is_address(text: &str) -> bool {
    let halves = text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let is_odd = |c: char| c.is_control() || c.is_whitespace();
    halves && text.len() <= LONGEST_ADDRESS && !text.contains(is_odd) && text.to_lowercase() == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_senders_those_that_were_added_first_go_and_the_client_is_told() {
        let senders: Map<String, Value> = (0..MOST_SENDERS + 3)
            .map(|n| (format!("p{n}@a.test"), json!(format!("2026-11-30T{:02}:{:02}:00Z", 23 - n / 60, 59 - n % 60))))
            .collect();
        let mut after = object(Object::new());
        after.insert("picturesFrom".into(), senders.into());
        let told = judge(&mut after).unwrap().unwrap();
        let kept = told["picturesFrom"].as_object().unwrap();
        assert_eq!((kept.len(), &told["picturesFrom"]), (MOST_SENDERS, &after["picturesFrom"]));
        assert!(kept.contains_key("p0@a.test") && !kept.contains_key(&format!("p{}@a.test", MOST_SENDERS + 2)));
        assert!(judge(&mut after).unwrap().is_none(), "nothing more to drop");
    }

    #[test]
    fn only_what_can_be_a_choice_is_kept() {
        for (name, good) in [
            ("language", json!("fr-CA")),
            ("language", Value::Null),
            ("theme", json!("dark")),
            ("undoSend", json!(0)),
            ("notifications", json!("words")),
            ("picturesFrom", json!({"alice@example.org": "2026-11-30T06:00:00Z", "é@x": "2026-11-30T06:00:00Z"})),
            ("labelColours", json!({"F12": "teal", "a-b_c": "red"})),
            ("labelColours", json!({})),
        ] {
            assert!(fits(name, &good), "{name} {good}");
        }
        for (name, bad) in [
            ("language", json!("")),
            ("language", json!("../../etc")),
            ("language", json!("a".repeat(36))),
            ("theme", json!("pink")),
            ("undoSend", json!(-1)),
            ("undoSend", json!(1.5)),
            ("undoSend", json!(4000)),
            ("notifications", json!(true)),
            ("picturesFrom", Value::Null),
            ("picturesFrom", json!(["alice@example.org"])),
            ("picturesFrom", json!({"alice": "2026-11-30T06:00:00Z"})),
            ("picturesFrom", json!({"Alice@example.org": "2026-11-30T06:00:00Z"})),
            ("picturesFrom", json!({"a b@example.org": "2026-11-30T06:00:00Z"})),
            ("picturesFrom", json!({"alice@example.org": true})),
            ("labelColours", Value::Null),
            ("labelColours", json!({"F12": "#ff0000"})),
            ("labelColours", json!({"F12": 7})),
            ("labelColours", json!({"F/12": "teal"})),
            ("labelColours", json!({"": "teal"})),
            ("labelColours", (0..=MOST_COLOURS).map(|n| (format!("F{n}"), json!("red"))).collect::<Object>().into()),
            ("density", json!("compact")),
        ] {
            assert!(!fits(name, &bad), "{name} {bad}");
        }
    }
}
