//! Header fields in the forms that clients ask for (RFC 8621 §4.1.2). Strangers write them, so the time for each form
//! is proportional to the octets read, and the reading of each field and each list is bounded.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use mail::header::{self, Mention};
use mailbox::parse::charset::is_unlabelled_text;
use mailbox::parse::raw::repaired;
use mailbox::parse::{date, decode};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::property::HeaderProperty;

/// The most people of one field.
const MOST_MENTIONS: usize = 2000;
/// The most message ids or addresses of lists of one field.
const MOST_IDS: usize = 1000;
/// The most fields that are returned of one header, or of one name. Letters have some dozens.
const MOST_FIELDS: usize = 2000;
/// The most octets of a field that are read in a form other than the raw one. An item that this limit cuts is left out.
const LOOKED_AT: usize = 100_000;

/// The form in which a field's value is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Raw,
    Text,
    Addresses,
    GroupedAddresses,
    MessageIds,
    Date,
    Urls,
}

/// Fields of RFC 5322 and RFC 2369, each with the forms it may have beside the raw one.
const FIELDS: [(&str, &[Form]); 30] = [
    ("date", &[Form::Date]),
    ("from", ADDRESSES),
    ("sender", ADDRESSES),
    ("reply-to", ADDRESSES),
    ("to", ADDRESSES),
    ("cc", ADDRESSES),
    ("bcc", ADDRESSES),
    ("message-id", &[Form::MessageIds]),
    ("in-reply-to", &[Form::MessageIds]),
    ("references", &[Form::MessageIds]),
    ("subject", &[Form::Text]),
    ("comments", &[Form::Text]),
    ("keywords", &[Form::Text]),
    ("resent-date", &[Form::Date]),
    ("resent-from", ADDRESSES),
    ("resent-sender", ADDRESSES),
    ("resent-reply-to", ADDRESSES),
    ("resent-to", ADDRESSES),
    ("resent-cc", ADDRESSES),
    ("resent-bcc", ADDRESSES),
    ("resent-message-id", &[Form::MessageIds]),
    ("return-path", &[]),
    ("received", &[]),
    ("list-help", &[Form::Urls]),
    ("list-unsubscribe", &[Form::Urls]),
    ("list-subscribe", &[Form::Urls]),
    ("list-post", &[Form::Urls]),
    ("list-owner", &[Form::Urls]),
    ("list-archive", &[Form::Urls]),
    ("list-id", &[Form::Text]),
];

const ADDRESSES: &[Form] = &[Form::Addresses, Form::GroupedAddresses];

impl Form {
    /// Reads the form from the text behind `as`.
    pub fn read(name: &str) -> Option<Self> {
        Some(match name {
            "Raw" => Self::Raw,
            "Text" => Self::Text,
            "Addresses" => Self::Addresses,
            "GroupedAddresses" => Self::GroupedAddresses,
            "MessageIds" => Self::MessageIds,
            "Date" => Self::Date,
            "URLs" => Self::Urls,
            _ => return None,
        })
    }

    /// Returns true if the field may be returned in this form.
    pub fn is_allowed(self, field: &str) -> bool {
        let known = FIELDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(field));
        self == Self::Raw || known.is_none_or(|(_, forms)| forms.contains(&self))
    }

    /// Returns the value of one field.
    pub fn give(self, value: &[u8]) -> Value {
        match self {
            Self::Raw => raw(value).into(),
            Self::Text => text(value).into(),
            Self::Addresses => addresses(value),
            Self::GroupedAddresses => groups(value),
            Self::MessageIds => message_ids(value).map_or(Value::Null, Value::from),
            Self::Date => date(value).map_or(Value::Null, Value::from),
            Self::Urls => urls(value).map_or(Value::Null, Value::from),
        }
    }
}

/// The header of a letter or of a part, its fields found once.
#[derive(Clone, Debug, Default)]
pub struct Header {
    octets: Bytes,
    fields: Vec<FieldRange>,
    /// The charset of the letter's text: octets that no header may contain are read in it.
    charset: Option<String>,
}

/// The ranges of a field within the octets.
#[derive(Clone, Debug)]
struct FieldRange {
    name: Range<usize>,
    value: Range<usize>,
}

impl Header {
    /// Finds the fields. `charset` is the charset of the letter's text, if it names one.
    pub fn read(octets: Bytes, charset: Option<String>) -> Self {
        let start = octets.as_ptr() as usize;
        let range = |slice: &[u8]| {
            let at = (slice.as_ptr() as usize).saturating_sub(start);
            at..at + slice.len()
        };
        let places =
            header::fields(&octets).map(|field| FieldRange { name: range(field.name), value: range(field.raw_value) });
        let fields = places.collect();
        Self { octets, fields, charset }
    }

    /// Returns the value of a header property.
    pub fn property(&self, wanted: &HeaderProperty) -> Value {
        if !wanted.all {
            return self.last(&wanted.name, wanted.form);
        }
        self.values(&wanted.name).take(MOST_FIELDS).map(|value| self.give(wanted.form, value)).collect()
    }

    /// Returns the last field of a name; null if there is none.
    pub fn last(&self, name: &str, form: Form) -> Value {
        self.values(name).next_back().map_or(Value::Null, |value| self.give(form, value))
    }

    /// Returns the value of a field; octets in a charset that no header may have are first converted.
    fn give(&self, form: Form, value: &[u8]) -> Value {
        if form == Form::Raw || !is_unlabelled_text(value) {
            return form.give(value);
        }
        // Only the beginning is read; one octet more shows that the value is cut.
        let beginning = value.get(..LOOKED_AT + 1).unwrap_or(value);
        form.give(&repaired(header::unfold(beginning), || self.charset.clone()))
    }

    /// Returns all fields, raw, in order.
    pub fn all(&self) -> Value {
        let field = |field: &FieldRange| {
            let name = String::from_utf8_lossy(self.slice(&field.name));
            json!({"name": name, "value": raw(self.slice(&field.value))})
        };
        self.fields.iter().take(MOST_FIELDS).map(field).collect()
    }

    fn values<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        let is_called = |field: &&FieldRange| self.slice(&field.name).eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(is_called).map(|field| self.slice(&field.value))
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.octets.get(range.clone()).unwrap_or_default()
    }
}

/// Returns the beginning of a value, unfolded, and true if the value is cut.
fn looked_at(value: &[u8]) -> (Cow<'_, [u8]>, bool) {
    match value.get(..LOOKED_AT) {
        Some(beginning) if beginning.len() < value.len() => (header::unfold(beginning), true),
        _ => (header::unfold(value), false),
    }
}

/// Replaces every octet that is not UTF-8 with U+FFFD, and drops NUL.
fn raw(value: &[u8]) -> String {
    String::from_utf8_lossy(value).replace('\0', "")
}

/// Returns the value unfolded and decoded, in NFC, without control characters.
pub fn text(value: &[u8]) -> String {
    let (value, is_cut) = looked_at(value);
    let whole = if is_cut { up_to_blank(&value) } else { &value };
    decode::words(whole).chars().filter(|c| !c.is_control() || *c == '\t').nfc().collect()
}

/// Returns the value up to its last blank, so that no word is torn; all of it if it has no blank.
fn up_to_blank(value: &[u8]) -> &[u8] {
    let blank = value.iter().rposition(u8::is_ascii_whitespace);
    blank.and_then(|end| value.get(..end)).unwrap_or(value)
}

fn name(value: &[u8]) -> Option<String> {
    let name = text(value).trim().to_owned();
    (!name.is_empty()).then_some(name)
}

fn address(its_name: Option<Vec<u8>>, local: &[u8], domain: &[u8]) -> Value {
    let local = String::from_utf8_lossy(local);
    let email = match domain.is_empty() {
        true => local.into_owned(),
        false => format!("{}@{}", quoted(&local), String::from_utf8_lossy(domain)),
    };
    json!({"name": its_name.and_then(|written| name(&written)), "email": email.replace('\0', "")})
}

/// Puts quotes around a local part that needs them.
fn quoted(local: &str) -> String {
    let plain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if local.chars().all(plain) {
        return local.to_owned();
    }
    format!("\"{}\"", local.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Returns the people and groups of a field. The last person of a cut field may be torn, and is left out.
fn mentions(value: &[u8]) -> Vec<Mention> {
    let (value, is_cut) = looked_at(value);
    let mut mentions = header::mentions(&value, MOST_MENTIONS);
    if is_cut && mentions.len() < MOST_MENTIONS {
        let torn = mentions.iter().rposition(|mention| matches!(mention, Mention::Mailbox { .. }));
        torn.map(|torn| mentions.remove(torn));
    }
    mentions
}

fn addresses(value: &[u8]) -> Value {
    let mentions = mentions(value).into_iter();
    mentions
        .filter_map(|mention| match mention {
            Mention::Mailbox { name, local, domain, .. } => Some(address(name, &local, &domain)),
            Mention::GroupStart(_) | Mention::GroupEnd => None,
        })
        .collect()
}

fn groups(value: &[u8]) -> Value {
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    let mut inside = false;
    for mention in mentions(value) {
        match mention {
            Mention::GroupStart(its_name) => {
                inside = true;
                groups.push((name(&its_name).map_or(Value::Null, Value::from), Vec::new()));
            }
            Mention::GroupEnd => inside = false,
            Mention::Mailbox { name, local, domain, .. } => {
                // People outside of groups who follow one another are in one group without a name.
                let fits = groups.last().is_some_and(|(name, _)| inside || name.is_null());
                if !fits {
                    groups.push((Value::Null, Vec::new()));
                }
                if let Some((_, members)) = groups.last_mut() {
                    members.push(address(name, &local, &domain));
                }
            }
        }
    }
    groups.into_iter().map(|(name, members)| json!({"name": name, "addresses": members})).collect()
}

/// Returns the ids in angle brackets; `None` if anything but comments and blanks stands between them.
fn message_ids(value: &[u8]) -> Option<Vec<String>> {
    in_brackets(value, |id| !id.is_empty() && !id.contains('<'))
}

/// Returns the items in angle brackets, without their blanks. Returns `None` if anything but comments, blanks and
/// commas stands between them, or if an item is not `sound`.
fn in_brackets(value: &[u8], sound: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let (value, is_cut) = looked_at(value);
    let value = without_comments(&raw(&value));
    let (mut items, mut rest) = (Vec::new(), value.as_str());
    while items.len() < MOST_IDS {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        let inside = rest.strip_prefix('<')?;
        let Some((item, behind)) = inside.split_once('>') else {
            if is_cut {
                break;
            }
            return None;
        };
        let item: String = item.chars().filter(|c| !c.is_whitespace()).collect();
        if !sound(&item) {
            return None;
        }
        items.push(item);
        rest = behind;
    }
    (!items.is_empty()).then_some(items)
}

fn without_comments(value: &str) -> String {
    let (mut depth, mut out, mut in_brackets) = (0_usize, String::with_capacity(value.len()), false);
    for c in value.chars() {
        match c {
            '(' if !in_brackets => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            c => {
                in_brackets = (in_brackets || c == '<') && c != '>';
                out.push(c);
            }
        }
    }
    out
}

/// Returns a date as RFC 3339 writes it, in the zone that it was written in.
fn date(value: &[u8]) -> Option<String> {
    let (sent, zone) = date::with_zone(&looked_at(value).0)?;
    let local = jiff::Timestamp::from_second(sent.seconds.checked_add(zone.checked_mul(60)?)?).ok()?;
    let local = jiff::tz::TimeZone::UTC.to_datetime(local).strftime("%Y-%m-%dT%H:%M:%S");
    if zone == 0 {
        return Some(format!("{local}Z"));
    }
    let sign = if zone < 0 { '-' } else { '+' };
    Some(format!("{local}{sign}{:02}:{:02}", zone.abs() / 60, zone.abs() % 60))
}

/// Reads `<mailto:…>, <https://…>` (RFC 2369 §2).
fn urls(value: &[u8]) -> Option<Vec<String>> {
    in_brackets(value, |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_read_as_it_says() {
        let list = b" \"  James Smythe\" <james@example.com>, Friends:\r\n  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r\n  <john@example.com>;";
        assert_eq!(
            Form::Addresses.give(list),
            json!([
                {"name": "James Smythe", "email": "james@example.com"},
                {"name": null, "email": "jane@example.com"},
                {"name": "John Smîth", "email": "john@example.com"},
            ])
        );
        assert_eq!(
            Form::GroupedAddresses.give(list),
            json!([
                {"name": null, "addresses": [{"name": "James Smythe", "email": "james@example.com"}]},
                {"name": "Friends", "addresses": [
                    {"name": null, "email": "jane@example.com"},
                    {"name": "John Smîth", "email": "john@example.com"},
                ]},
            ])
        );
    }

    #[test]
    fn each_form_gives_what_it_can() {
        assert_eq!(Form::Raw.give(b" a\r\n b\0\xff"), json!(" a\r\n b\u{fffd}"));
        assert_eq!(Form::Text.give(b" =?utf-8?q?e=CC=81t=C3=A9?=\r\n x"), json!("été x"));
        assert_eq!(Form::MessageIds.give(b" <a@b>\r\n (c) <d@e>"), json!(["a@b", "d@e"]));
        assert_eq!(Form::MessageIds.give(b" none"), Value::Null);
        assert_eq!(Form::Date.give(b" Tue, 10 Jul 2018 11:05:08 +1000"), json!("2018-07-10T11:05:08+10:00"));
        assert_eq!(Form::Date.give(b" Tue, 10 Jul 2018 01:05:08 GMT"), json!("2018-07-10T01:05:08Z"));
        assert_eq!(Form::Date.give(b" yesterday"), Value::Null);
        let list = b" (Use this) <mailto:a@b?subject=x>,\r\n <https://b/c>";
        assert_eq!(Form::Urls.give(list), json!(["mailto:a@b?subject=x", "https://b/c"]));
        assert_eq!(Form::Urls.give(b" NO"), Value::Null);
    }
    #[test]
    fn of_a_giant_field_the_beginning_is_given_and_no_item_of_it_is_torn() {
        let giant = |item: &str| format!(" {}", item.repeat(200_000 / item.len()));
        let ids = Form::MessageIds.give(giant("<one@alpha.test>\r\n ").as_bytes());
        assert_eq!(ids.as_array().unwrap().len(), MOST_IDS);
        let long = format!("<{}@alpha.test> ", "x".repeat(997));
        let ids = Form::MessageIds.give(giant(&long).as_bytes());
        let ids = ids.as_array().unwrap();
        assert!((90..100).contains(&ids.len()) && ids.iter().all(|id| *id == ids[0]), "{}", ids.len());
        let urls = Form::Urls.give(giant("<https://alpha.test/list>, ").as_bytes());
        assert_eq!(urls.as_array().unwrap().len(), MOST_IDS);
        let people = giant(&format!("{} <bob@alpha.test>, ", "Bob ".repeat(100)));
        let people = Form::Addresses.give(people.as_bytes());
        assert!(people.as_array().unwrap().iter().all(|one| one["email"] == "bob@alpha.test"), "{people}");
        let text = Form::Text.give(giant("=?utf-8?q?=C3=A9?=\r\n ").as_bytes());
        assert!(text.as_str().unwrap().chars().all(|c| c == 'é'), "{text}");
        assert_eq!(Form::Date.give(giant("(x) ").as_bytes()), Value::Null);
        assert_eq!(Form::Raw.give(giant("x").as_bytes()).as_str().unwrap().len(), 200_001);
    }

    #[test]
    fn no_form_takes_time_beyond_proportion_to_the_field() {
        let forms =
            [Form::Raw, Form::Text, Form::Addresses, Form::GroupedAddresses, Form::MessageIds, Form::Date, Form::Urls];
        let items =
            ["<a>", "<a>,", "<", "(", ")", "a@b,", "g:a@b;,", "\"", "[", "=?utf-8?q?", "=?a?b?=41?= ", "<@", ":", "\\"];
        let cost = |form: Form, value: &[u8]| {
            let begun = std::time::Instant::now();
            form.give(value);
            begun.elapsed()
        };
        for (form, item) in forms.into_iter().flat_map(|form| items.map(|item| (form, item))) {
            let value = item.repeat((1 << 20) / item.len());
            // A parser that copies the rest for each item needs a minute here.
            assert!(cost(form, value.as_bytes()).as_secs() < 2, "{form:?} {item:?}");
        }
    }
}
