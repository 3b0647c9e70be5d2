//! Writes header fields from properties: each form as RFC 5322 has it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mail::{Domain, Timestamp};
use serde_json::Value;

use crate::api::{Object, SetError};
use crate::email::header::Form;
use crate::email::property::{HeaderProperty, is_named};

/// The most fields of a part; a name with `:all` may add as many again.
const MOST: usize = 250;
/// The longest line wanted (RFC 5322 §2.1.1), and of an encoded word (RFC 2047 §2).
const LINE: usize = 76;
const WORD_OCTETS: usize = 45;

/// Properties that stand for a header field.
const CONVENIENT: [(&str, &str, Form); 11] = [
    ("messageId", "Message-ID", Form::MessageIds),
    ("inReplyTo", "In-Reply-To", Form::MessageIds),
    ("references", "References", Form::MessageIds),
    ("sender", "Sender", Form::Addresses),
    ("from", "From", Form::Addresses),
    ("to", "To", Form::Addresses),
    ("cc", "Cc", Form::Addresses),
    ("bcc", "Bcc", Form::Addresses),
    ("replyTo", "Reply-To", Form::Addresses),
    ("subject", "Subject", Form::Text),
    ("sentAt", "Date", Form::Date),
];

/// Fields with their values, ready to be written: `Subject`, ` Hello`.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the fields of an Email object, which must contain nothing else.
    pub fn of_email(object: &Object) -> Result<Self, SetError> {
        let mut fields = Self::default();
        let mut bad = Vec::new();
        // Orders the fields as people expect; the others come last.
        let rank = |name: &str| CONVENIENT.iter().position(|(known, ..)| *known == name).unwrap_or(CONVENIENT.len());
        let mut properties: Vec<_> = object.iter().collect();
        properties.sort_by_key(|(name, _)| rank(name));
        for (name, value) in properties {
            // A client that writes every property it knows leaves the server's own ones null.
            if value.is_null() && is_named(name) {
                continue;
            }
            let known = CONVENIENT.iter().find(|(known, ..)| known == name);
            let property = match known {
                Some((_, field, form)) => {
                    Some(HeaderProperty { written: name.clone(), name: (*field).into(), form: *form, all: false })
                }
                // RFC 8621 §4.6: fields of the content are the parts'.
                None => HeaderProperty::read(name)
                    .filter(|property| !begins_with(&property.name, "content-") && !is_ours(&property.name)),
            };
            if property.is_none_or(|property| fields.add(&property, value).is_none()) {
                bad.push(name.clone());
            }
        }
        if bad.is_empty() { Ok(fields) } else { Err(SetError::invalid(bad)) }
    }

    /// Adds the field of a property. `None`: it is there already, or its value cannot be written.
    pub fn add(&mut self, property: &HeaderProperty, value: &Value) -> Option<()> {
        if self.0.len() >= MOST || self.has(&property.name) {
            return None;
        }
        if value.is_null() {
            return Some(());
        }
        let values: Vec<&Value> = match property.all {
            true => value.as_array()?.iter().collect(),
            false => vec![value],
        };
        if values.len() > MOST {
            return None;
        }
        for value in values {
            if let Some(written) = write(property.form, value, property.name.len() + 1)? {
                self.0.push((property.name.clone(), written));
            }
        }
        Some(())
    }

    /// Returns true if there is a field of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Adds a field that is already in its written form.
    pub fn push(&mut self, name: &str, value: String) {
        self.0.push((name.into(), value));
    }

    /// Adds the fields that every letter has (RFC 5322 §3.6).
    pub fn complete(&mut self, hostname: &Domain, now: Timestamp) {
        if !self.has("Date") {
            self.push("Date", format!(" {}", now.rfc5322()));
        }
        if !self.has("Message-ID") {
            let random: u128 = rand::random();
            self.push("Message-ID", format!(" <{random:032x}@{hostname}>"));
        }
        self.push("MIME-Version", " 1.0".into());
    }

    /// Returns the names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Returns true for a field that follows from how the letter is written.
fn is_ours(name: &str) -> bool {
    name.eq_ignore_ascii_case("MIME-Version")
}

fn begins_with(name: &str, start: &str) -> bool {
    name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Writes the value as it stands behind the colon. The inner `None` means that there is nothing to write; the outer
/// `None` means that the value cannot be written.
fn write(form: Form, value: &Value, column: usize) -> Option<Option<String>> {
    Some(Some(match form {
        Form::Raw => raw(value.as_str()?)?,
        Form::Text => folded(&words_of_text(value.as_str()?), column),
        Form::Addresses => {
            let people = value.as_array()?.iter().map(person).collect::<Option<Vec<_>>>()?;
            if people.is_empty() {
                return Some(None);
            }
            folded(&commas(people), column)
        }
        Form::GroupedAddresses => {
            let groups = value.as_array()?.iter().map(group).collect::<Option<Vec<_>>>()?;
            folded(&commas(groups), column)
        }
        Form::MessageIds => {
            let ids = value.as_array()?.iter().map(|id| bracketed(id.as_str()?)).collect::<Option<Vec<_>>>()?;
            if ids.is_empty() {
                return Some(None);
            }
            folded(&ids, column)
        }
        Form::Date => format!(" {}", date(value.as_str()?)?),
        Form::Urls => {
            let urls = value.as_array()?.iter().map(|url| bracketed(url.as_str()?)).collect::<Option<Vec<_>>>()?;
            folded(&commas(urls), column)
        }
    }))
}

/// Returns the text unchanged if it remains one field: a line may end only if the next one begins with a blank.
fn raw(text: &str) -> Option<String> {
    let lines = text.replace("\r\n", "\n");
    let folds = lines.split('\n').skip(1).all(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty());
    let clean = !lines.contains(['\r', '\0']);
    let text = lines.replace('\n', "\r\n");
    let parted = text.starts_with([' ', '\t', '\r']) || text.is_empty();
    (folds && clean).then(|| if parted { text } else { format!(" {text}") })
}

fn bracketed(id: &str) -> Option<String> {
    let fits = !id.is_empty() && !id.contains(['<', '>', '\r', '\n', '\0']) && !id.contains(char::is_whitespace);
    fits.then(|| format!("<{id}>"))
}

fn commas(items: Vec<String>) -> Vec<String> {
    let last = items.len().saturating_sub(1);
    let comma = |(index, item): (usize, String)| if index < last { item + "," } else { item };
    // A line may end at each blank.
    items.into_iter().enumerate().map(comma).flat_map(|item| split(&item)).collect()
}

fn split(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Writes `Name <local@domain>`; the name is quoted or encoded if it must be.
fn person(value: &Value) -> Option<String> {
    let object = value.as_object()?;
    let known = object.keys().all(|key| key == "name" || key == "email");
    let email = object.get("email")?.as_str().filter(|email| !email.contains(['\r', '\n', '\0', '<', '>']))?;
    let name = match object.get("name") {
        None | Some(Value::Null) => "",
        Some(name) => name.as_str()?,
    };
    if !known {
        return None;
    }
    Some(match name.trim() {
        "" => email.trim().to_owned(),
        name => format!("{} <{}>", phrase(name), email.trim()),
    })
}

fn group(value: &Value) -> Option<String> {
    let people = value.get("addresses")?.as_array()?.iter().map(person).collect::<Option<Vec<_>>>()?.join(", ");
    match value.get("name") {
        None | Some(Value::Null) => Some(people),
        Some(name) => Some(format!("{}: {people};", phrase(name.as_str()?))),
    }
}

fn phrase(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c);
    if needs_encoding(name) {
        return encoded(name).join(" ");
    }
    if name.chars().all(plain) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Returns the words between which a line may end.
fn words_of_text(text: &str) -> Vec<String> {
    let text = text.replace(['\r', '\n', '\0'], " ");
    if needs_encoding(&text) { encoded(&text) } else { split(&text) }
}

fn needs_encoding(text: &str) -> bool {
    text.contains("=?") || text.chars().any(|c| !c.is_ascii() || c.is_ascii_control())
}

/// Writes encoded words (RFC 2047), none with half a character in it.
fn encoded(text: &str) -> Vec<String> {
    let (mut words, mut start) = (Vec::new(), 0);
    while start < text.len() {
        let mut end = (start + WORD_OCTETS).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let octets = text.get(start..end).unwrap_or_default();
        words.push(format!("=?utf-8?B?{}?=", BASE64_STANDARD.encode(octets)));
        start = end.max(start + 1);
    }
    words
}

/// Joins words by blanks, in lines that are no longer than they need to be. No line is empty.
fn folded(words: &[String], mut column: usize) -> String {
    let mut out = String::new();
    let mut blanks = 0;
    for word in words {
        blanks += 1;
        // Blanks in a row stay together, and none stands alone on a line or at an end.
        if word.is_empty() {
            continue;
        }
        let begun = out.chars().any(|c| !c.is_whitespace());
        if begun && column + blanks + word.len() > LINE {
            out.push_str("\r\n");
            column = 0;
        }
        out.extend(std::iter::repeat_n(' ', blanks));
        out.push_str(word);
        column += blanks + word.len();
        blanks = 0;
    }
    out
}

/// Writes a date of RFC 3339 as RFC 5322 §3.3 does, in the same zone.
fn date(text: &str) -> Option<String> {
    let time: jiff::Timestamp = text.parse().ok()?;
    let zone = text.get(text.len().checked_sub(6)?..).filter(|zone| zone.starts_with(['+', '-']));
    let minutes: i64 = match zone {
        None => 0,
        Some(zone) => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let east = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if zone.starts_with('-') { -east } else { east }
        }
    };
    let local = jiff::Timestamp::from_second(time.as_second().checked_add(minutes * 60)?).ok()?;
    let local = jiff::tz::TimeZone::UTC.to_datetime(local).strftime("%a, %d %b %Y %H:%M:%S");
    let sign = if minutes < 0 { '-' } else { '+' };
    Some(format!("{local} {sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(name: &str, value: Value) -> Option<String> {
        let object = [(name.to_owned(), value)].into_iter().collect();
        let fields = Fields::of_email(&object).ok()?;
        fields.iter().next().map(|(name, value)| format!("{name}:{value}"))
    }

    #[test]
    fn fields_are_written_as_rfc_5322_has_them() {
        for (name, value, field) in [
            ("subject", json!("World domination"), "Subject: World domination"),
            ("subject", json!("Été"), "Subject: =?utf-8?B?w4l0w6k=?="),
            ("subject", json!("a  b"), "Subject: a  b"),
            ("from", json!([{"name": "Joe, B.", "email": "joe@a.test"}]), "From: \"Joe, B.\" <joe@a.test>"),
            ("to", json!([{"email": "a@b.test"}, {"name": null, "email": "c@d.test"}]), "To: a@b.test, c@d.test"),
            ("sentAt", json!("2018-07-10T11:05:08+10:00"), "Date: Tue, 10 Jul 2018 11:05:08 +1000"),
            ("messageId", json!(["a@b"]), "Message-ID: <a@b>"),
            ("header:X-Raw", json!("x\r\n y"), "X-Raw: x\r\n y"),
            ("header:List-Post:asURLs", json!(["mailto:a@b"]), "List-Post: <mailto:a@b>"),
            (
                "header:To:asGroupedAddresses",
                json!([{"name": "Us", "addresses": [{"email": "a@b.test"}]}]),
                "To: Us: a@b.test;",
            ),
        ] {
            assert_eq!(written(name, value).as_deref(), Some(field));
        }
    }

    #[test]
    fn nothing_can_be_smuggled_into_a_header() {
        for (name, value) in [
            ("header:X", json!("a\r\nBcc: eve@evil.test")),
            ("header:X", json!("a\r\n\r\nbody")),
            ("header:X", json!("a\r\n \r\n b")),
            ("messageId", json!(["a>\r\nX: y"])),
            ("from", json!([{"email": "a@b>\r\nX: y"}])),
            ("sentAt", json!("yesterday")),
            ("subject", json!(1)),
            ("header:Content-Type", json!("text/html")),
            ("id", json!("m1")),
            ("header:From:asText", json!("x")),
        ] {
            assert_eq!(written(name, value.clone()), None, "{name} {value}");
        }
        assert_eq!(written("subject", json!("a\r\nBcc: eve@evil.test")).unwrap().lines().count(), 1);
    }

    #[test]
    fn one_field_cannot_be_given_twice() {
        let object = json!({"from": [{"email": "a@b.test"}], "header:FROM": "x"});
        let error = Fields::of_email(object.as_object().unwrap()).unwrap_err();
        assert_eq!(error.kind(), "invalidProperties");
    }

    #[test]
    fn long_fields_are_folded() {
        let people: Vec<Value> =
            (0..20).map(|n| json!({"name": format!("Person {n}"), "email": format!("p{n}@alpha.test")})).collect();
        let field = written("to", people.into()).unwrap();
        assert!(field.lines().all(|line| line.len() <= 78 && !line.trim().is_empty()), "{field}");
    }
}
