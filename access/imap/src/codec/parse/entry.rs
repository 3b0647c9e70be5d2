//! Parses the commands before the log-in: ID, STARTTLS, AUTHENTICATE, LOGIN.

use mail::Password;

use crate::codec::command::{AnyCommand, EntryCommand};
use crate::codec::cursor::{Cursor, Parsed};

pub(super) fn command(verb: &str, cursor: &mut Cursor<'_>) -> Parsed<EntryCommand> {
    match verb {
        "LOGIN" => login(cursor),
        "AUTHENTICATE" => authenticate(cursor),
        _ => Ok(EntryCommand::StartTls),
    }
}

fn login(cursor: &mut Cursor<'_>) -> Parsed<EntryCommand> {
    cursor.space()?;
    let name = cursor.utf8()?;
    cursor.space()?;
    Ok(EntryCommand::Login { name, password: Password::new(cursor.utf8()?) })
}

fn authenticate(cursor: &mut Cursor<'_>) -> Parsed<EntryCommand> {
    cursor.space()?;
    let mechanism = cursor.word()?;
    let initial = if cursor.eat(b' ') && cursor.peek().is_some() { Some(initial_response(cursor)?) } else { None };
    Ok(EntryCommand::Authenticate { mechanism, initial })
}

/// RFC 4959 §3: base64, which is for the mechanism to read, or `=` for an empty response.
fn initial_response(cursor: &mut Cursor<'_>) -> Parsed<Password> {
    let text = cursor.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    if text.is_empty() || !matches!(cursor.peek(), None | Some(b' ')) {
        return Err("The initial response is not base64".into());
    }
    Ok(Password::new(String::from_utf8_lossy(text).into_owned()))
}

/// RFC 2971 §3.3 allows 30 pairs; further pairs are ignored.
const PAIRS_MAX: usize = 30;
/// The most words of the list that are read: many more than anybody sends.
const WORDS_MAX: usize = 1024;

/// Reads an ID (RFC 2971 §3.1). It only says who the client is, so every list is accepted: names without quotes or NIL,
/// a name without a value, text that is not UTF-8. No client is turned away because it introduces itself badly.
pub(super) fn id(cursor: &mut Cursor<'_>) -> Parsed<AnyCommand> {
    if !cursor.eat(b' ') || cursor.eat_word("NIL") {
        return Ok(AnyCommand::Id(Vec::new()));
    }
    let words = cursor.list(WORDS_MAX, true, word_or_nil)?;
    let pairs = words.chunks(2).take(PAIRS_MAX).filter_map(|pair| match pair {
        [Some(name), value @ ..] => Some((name.clone(), value.first().cloned().flatten())),
        _ => None,
    });
    Ok(AnyCommand::Id(pairs.collect()))
}

fn word_or_nil(cursor: &mut Cursor<'_>) -> Parsed<Option<String>> {
    let quoted = matches!(cursor.peek(), Some(b'"' | b'{' | b'~'));
    let word = cursor.string_or(|octet| !matches!(octet, b' ' | b'(' | b')' | b'"' | b'\r' | b'\n'))?;
    if !quoted && word.eq_ignore_ascii_case(b"NIL") {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&word).into_owned()))
}
