//! The conditions of Email/query (RFC 8621 §4.4.1) as the mailbox searches by them.

use mailbox::FolderId;
use mailbox::search::{Criteria, InThread, SearchField, Words};
use serde_json::Value;

use super::keywords;
use crate::api::{MethodError, Object};
use crate::id::Id;
use crate::standard::filter::Filter;

/// The most words and phrases of one text.
const MOST_TOKENS: usize = 16;
/// The most mailboxes that are left out by one condition.
const MOST_FOLDERS: usize = 4096;
/// Octets of a text that are cut into words.
const LONGEST: usize = 4096;

/// Returns true if the filter depends on other letters of a conversation.
pub fn looks_at_threads(criteria: &Criteria) -> bool {
    match criteria {
        Criteria::Thread(..) => true,
        Criteria::And(parts) | Criteria::Or(parts) => parts.iter().any(looks_at_threads),
        Criteria::Not(part) => looks_at_threads(part),
        _ => false,
    }
}

/// Reads a filter.
pub fn read(filter: Option<Value>) -> Result<Criteria, MethodError> {
    let filter = Filter::read(filter, condition)?;
    Ok(filter.map_or(Criteria::All, criteria))
}

fn criteria(filter: Filter<Criteria>) -> Criteria {
    let all = |filters: Vec<Filter<Criteria>>| filters.into_iter().map(criteria).collect();
    match filter {
        Filter::And(filters) => Criteria::And(all(filters)),
        Filter::Or(filters) => Criteria::Or(all(filters)),
        Filter::Not(filters) => Criteria::Not(Box::new(Criteria::Or(all(filters)))),
        Filter::Condition(criteria) => criteria,
    }
}

fn condition(object: Object) -> Result<Criteria, MethodError> {
    let parts: Vec<Criteria> = object.into_iter().map(|(name, value)| one(&name, value)).collect::<Result<_, _>>()?;
    Ok(Criteria::And(parts))
}

fn one(name: &str, value: Value) -> Result<Criteria, MethodError> {
    let wrong = || MethodError::invalid_arguments(format!("the condition {name} has the wrong type"));
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(wrong);
    let not = |criteria| Criteria::Not(Box::new(criteria));
    Ok(match name {
        "inMailbox" => Criteria::In(folder(&text(&value)?)),
        "inMailboxOtherThan" => {
            let ids = value.as_array().ok_or_else(wrong)?;
            if ids.len() > MOST_FOLDERS {
                return Err(MethodError::unsupported_filter("more mailboxes than one filter may name"));
            }
            let folders = ids.iter().map(|id| text(id).map(|id| folder(&id))).collect::<Result<_, _>>()?;
            Criteria::InOtherThan(folders)
        }
        "before" => Criteria::ReceivedUntil(date(&text(&value)?).ok_or_else(wrong)?),
        "after" => Criteria::ReceivedFrom(date(&text(&value)?).ok_or_else(wrong)?),
        "minSize" => not(Criteria::Smaller(value.as_u64().ok_or_else(wrong)?)),
        "maxSize" => Criteria::Smaller(value.as_u64().ok_or_else(wrong)?),
        "allInThreadHaveKeyword" => in_thread(InThread::All, &text(&value)?),
        "someInThreadHaveKeyword" => in_thread(InThread::Some, &text(&value)?),
        "noneInThreadHaveKeyword" => not(in_thread(InThread::Some, &text(&value)?)),
        "hasKeyword" => keyword(&text(&value)?),
        "notKeyword" => not(keyword(&text(&value)?)),
        "hasAttachment" => match value.as_bool().ok_or_else(wrong)? {
            true => Criteria::Attached,
            false => not(Criteria::Attached),
        },
        "text" => words(&text(&value)?, SearchField::Anywhere),
        "from" => words(&text(&value)?, SearchField::From),
        "to" => words(&text(&value)?, SearchField::To),
        "cc" => words(&text(&value)?, SearchField::Cc),
        "bcc" => words(&text(&value)?, SearchField::Bcc),
        "subject" => words(&text(&value)?, SearchField::Subject),
        "body" => words(&text(&value)?, SearchField::Body),
        // The name of an attachment, which RFC 8621 does not have.
        "attachmentName" => words(&text(&value)?, SearchField::Name),
        "header" => match value.as_array().map(Vec::as_slice) {
            Some([name]) => Criteria::Header(text(name)?, String::new()),
            Some([name, wanted]) => Criteria::Header(text(name)?, text(wanted)?),
            _ => return Err(wrong()),
        },
        _ => return Err(MethodError::unsupported_filter(format!("there is no condition {name:?}"))),
    })
}

/// Reads an id; one that belongs to no folder has no letters.
fn folder(id: &str) -> FolderId {
    FolderId::read(id).unwrap_or(FolderId(-1))
}

fn keyword(name: &str) -> Criteria {
    match keywords::meaning(name) {
        (flag, name) if name.is_empty() => Criteria::Flags(flag),
        (_, name) => Criteria::Keyword(name),
    }
}

fn in_thread(how: InThread, name: &str) -> Criteria {
    let (flag, name) = keywords::meaning(name);
    Criteria::Thread(how, flag, name)
}

/// Returns the milliseconds of a UTCDate (RFC 8620 §1.4).
pub fn date(text: &str) -> Option<i64> {
    let is_utc = text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    let time: jiff::Timestamp = text.parse().ok().filter(|_| is_utc)?;
    Some(time.as_millisecond())
}

fn words(text: &str, place: SearchField) -> Criteria {
    let words =
        |token: Token| Criteria::Words(Words { place, text: token.text, quoted: token.quoted, as_typed: false });
    Criteria::And(tokens(text).into_iter().take(MOST_TOKENS).map(words).collect())
}

/// A word, or a phrase that was in quotes.
#[derive(Debug, PartialEq, Eq)]
struct Token {
    text: String,
    quoted: bool,
}

/// Splits the text into words and quoted phrases, in which a backslash takes the next character as it is.
fn tokens(text: &str) -> Vec<Token> {
    let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default();
    let (mut tokens, mut token) = (Vec::new(), String::new());
    let mut chars = text.chars();
    let mut quote = None;
    let close = |token: &mut String, quoted: bool, tokens: &mut Vec<Token>| {
        let text = std::mem::take(token);
        if !text.trim().is_empty() {
            tokens.push(Token { text, quoted });
        }
    };
    // An apostrophe within a word, or one without a partner, is no quotation mark.
    let mut rest = text;
    while let Some(c) = chars.next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match (quote, c) {
            (Some(_), '\\') => {
                if let Some(escaped) = chars.next() {
                    rest = rest.get(escaped.len_utf8()..).unwrap_or_default();
                    token.push(escaped);
                }
            }
            (Some(open), c) if c == open => {
                quote = None;
                close(&mut token, true, &mut tokens);
            }
            (None, '"' | '\'') if token.is_empty() && rest.contains(c) => quote = Some(c),
            (None, c) if c.is_whitespace() => close(&mut token, false, &mut tokens),
            (_, c) => token.push(c),
        }
    }
    close(&mut token, false, &mut tokens);
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_words_and_phrases() {
        for (text, wanted) in [
            ("foo bar", &["foo", "bar"][..]),
            ("\"foo bar\" baz", &["foo bar", "baz"]),
            ("'it \\'s' l'été", &["it 's", "l'été"]),
            ("\"open", &["\"open"]),
            ("  ", &[]),
        ] {
            let texts: Vec<String> = tokens(text).into_iter().map(|token| token.text).collect();
            assert_eq!(texts, wanted, "{text}");
        }
        let quoted: Vec<bool> = tokens("\"a b\" c 'd'").iter().map(|token| token.quoted).collect();
        assert_eq!(quoted, [true, false, true]);
    }

    #[test]
    fn a_date_must_be_in_utc() {
        assert_eq!(date("2018-07-10T01:05:08Z"), Some(1_531_184_708_000));
        for wrong in ["2018-07-10T01:05:08+01:00", "2018-07-10", "x", "2018-07-10 01:05:08Z", "2018-13-10T01:05:08Z"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }
}
