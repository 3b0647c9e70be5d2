//! Coming in: ID, STARTTLS, AUTHENTICATE, LOGIN.

use mail::Password;

use crate::codec::command::{AnyCommand, EntryCommand};
use crate::codec::cursor::{Cursor, Parsed, into_utf8};

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

/// RFC 2971 §3.3 allows 30 pairs.
const PAIRS_MAX: usize = 30;

/// RFC 2971 §3.1
pub(super) fn id(cursor: &mut Cursor<'_>) -> Parsed<AnyCommand> {
    cursor.space()?;
    if cursor.eat_word("NIL") {
        return Ok(AnyCommand::Id(Vec::new()));
    }
    let pairs = cursor.list(PAIRS_MAX, true, |cursor| {
        let name = into_utf8(cursor.string()?)?;
        cursor.space()?;
        let value = cursor.nstring()?.map(into_utf8).transpose()?;
        Ok((name, value))
    })?;
    Ok(AnyCommand::Id(pairs))
}
