//! Header fields in the forms that clients ask for (RFC 8621 §4.1.2).

use mail::header::{self, Mention};
use mailbox::parse::{date, decode};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::property::HeaderProperty;

/// The most people of one field.
const MOST_MENTIONS: usize = 2000;

/// How the value of a field is given.
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
    /// From what stands behind `as`.
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

    /// May the field be given so?
    pub fn is_allowed(self, field: &str) -> bool {
        let known = FIELDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(field));
        self == Self::Raw || known.is_none_or(|(_, forms)| forms.contains(&self))
    }

    /// The value of one field.
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

/// What a property says of a header.
pub fn property(octets: &[u8], wanted: &HeaderProperty) -> Value {
    if !wanted.all {
        return last(octets, &wanted.name, wanted.form);
    }
    let fields = header::fields(octets).filter(|field| field.is(&wanted.name));
    fields.map(|field| wanted.form.give(field.raw_value)).collect()
}

/// The last field of a name; null where there is none.
pub fn last(octets: &[u8], name: &str, form: Form) -> Value {
    let last = header::fields(octets).filter(|field| field.is(name)).last();
    last.map_or(Value::Null, |field| form.give(field.raw_value))
}

/// All fields, raw, in order.
pub fn all(octets: &[u8]) -> Value {
    let field =
        |field: header::Field| json!({"name": String::from_utf8_lossy(field.name), "value": raw(field.raw_value)});
    header::fields(octets).map(field).collect()
}

/// What is not UTF-8 becomes U+FFFD; NUL falls away.
fn raw(value: &[u8]) -> String {
    String::from_utf8_lossy(value).replace('\0', "")
}

/// Unfolded and decoded, in NFC, without control characters.
pub fn text(value: &[u8]) -> String {
    let decoded = decode::words(&header::unfold(value));
    decoded.chars().filter(|c| !c.is_control() || *c == '\t').nfc().collect()
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

/// A local part that needs quotes gets them back.
fn quoted(local: &str) -> String {
    let plain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if local.chars().all(plain) {
        return local.to_owned();
    }
    format!("\"{}\"", local.replace('\\', "\\\\").replace('"', "\\\""))
}

fn addresses(value: &[u8]) -> Value {
    let mentions = header::mentions(value, MOST_MENTIONS).into_iter();
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
    for mention in header::mentions(value, MOST_MENTIONS) {
        match mention {
            Mention::GroupStart(its_name) => {
                inside = true;
                groups.push((name(&its_name).map_or(Value::Null, Value::from), Vec::new()));
            }
            Mention::GroupEnd => inside = false,
            Mention::Mailbox { name, local, domain, .. } => {
                // People outside of groups who follow one another stand together.
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

/// The ids in angle brackets; none where something else stands there than comments and blanks.
fn message_ids(value: &[u8]) -> Option<Vec<String>> {
    let value = raw(&header::unfold(value));
    let (mut ids, mut rest) = (Vec::new(), without_comments(&value));
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', ',']).to_owned();
        if trimmed.is_empty() {
            return (!ids.is_empty()).then_some(ids);
        }
        let inside = trimmed.strip_prefix('<')?;
        let (id, behind) = inside.split_once('>')?;
        let id: String = id.chars().filter(|c| !c.is_whitespace()).collect();
        if id.is_empty() || id.contains('<') {
            return None;
        }
        ids.push(id);
        rest = behind.to_owned();
    }
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

/// RFC 3339, in the zone it was written in.
fn date(value: &[u8]) -> Option<String> {
    let (sent, zone) = date::with_zone(&header::unfold(value))?;
    let local = jiff::Timestamp::from_second(sent.seconds.checked_add(zone.checked_mul(60)?)?).ok()?;
    let local = jiff::tz::TimeZone::UTC.to_datetime(local).strftime("%Y-%m-%dT%H:%M:%S");
    if zone == 0 {
        return Some(format!("{local}Z"));
    }
    let sign = if zone < 0 { '-' } else { '+' };
    Some(format!("{local}{sign}{:02}:{:02}", zone.abs() / 60, zone.abs() % 60))
}

/// `<mailto:…>, <https://…>` (RFC 2369 §2).
fn urls(value: &[u8]) -> Option<Vec<String>> {
    let value = raw(&header::unfold(value));
    let (mut urls, mut rest) = (Vec::new(), without_comments(&value));
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', ',']).to_owned();
        if trimmed.is_empty() {
            return (!urls.is_empty()).then_some(urls);
        }
        let (url, behind) = trimmed.strip_prefix('<')?.split_once('>')?;
        urls.push(url.chars().filter(|c| !c.is_whitespace()).collect());
        rest = behind.to_owned();
    }
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
}
