//! APPEND, with MULTIAPPEND (RFC 3502) and the UTF8 data extension (RFC 6855 §4).

use mail::Timestamp;

use super::set::{civil_date, digits};
use crate::codec::command::{Append, AppendLetter, Flag};
use crate::codec::cursor::{Cursor, Parsed};

/// More flags than a letter will ever have.
pub(super) const FLAGS_MAX: usize = 128;

pub(super) fn append(cursor: &mut Cursor<'_>) -> Parsed<Append> {
    cursor.space()?;
    let folder = cursor.folder()?;
    let mut letters = Vec::new();
    loop {
        letters.push(letter(cursor)?);
        if cursor.peek() != Some(b' ') {
            return Ok(Append { folder, letters });
        }
    }
}

fn letter(cursor: &mut Cursor<'_>) -> Parsed<AppendLetter> {
    cursor.space()?;
    let mut flags = Vec::new();
    if cursor.peek() == Some(b'(') {
        flags = flag_list(cursor)?;
        cursor.space()?;
    }
    let mut received = None;
    if cursor.peek() == Some(b'"') {
        received = Some(date_time(cursor)?);
        cursor.space()?;
    }
    if cursor.eat_word("UTF8 (") {
        let (body, _) = cursor.letter()?;
        cursor.expect(b')', "A ) is missing after the letter")?;
        return Ok(AppendLetter { flags, received, body, binary: true });
    }
    let (body, binary) = cursor.letter()?;
    Ok(AppendLetter { flags, received, body, binary })
}

/// Reads a list such as `(\Seen $Forwarded)`.
pub(super) fn flag_list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Flag>> {
    cursor.list(FLAGS_MAX, true, flag)
}

/// Reads a flag that can be set.
pub(super) fn flag(cursor: &mut Cursor<'_>) -> Parsed<Flag> {
    if !cursor.eat(b'\\') {
        return keyword(cursor);
    }
    Ok(match cursor.word()?.as_str() {
        "SEEN" => Flag::Seen,
        "ANSWERED" => Flag::Answered,
        "FLAGGED" => Flag::Flagged,
        "DELETED" => Flag::Deleted,
        "DRAFT" => Flag::Draft,
        "RECENT" => return Err("The flag \\Recent cannot be set".into()),
        _ => return Err("There is no such system flag".into()),
    })
}

/// Every answer about flags contains the keywords, so they are kept short.
const KEYWORD_MAX: usize = 128;

/// Reads a flag without a backslash.
pub(super) fn keyword(cursor: &mut Cursor<'_>) -> Parsed<Flag> {
    let name = cursor.atom()?;
    if name.len() > KEYWORD_MAX {
        return Err("A keyword is too long".into());
    }
    Ok(Flag::Keyword(String::from_utf8_lossy(name).into_owned()))
}

/// A letter older than electric mail has a wrong date.
const YEAR_1900: i64 = -2_208_988_800;

/// Reads `"24-Nov-2026 06:22:57 +0100"`; a day below ten has a blank or a zero before it. Other forms that clients
/// write (no zone or a named one, `6:22`, the form of a Date field) are read like the date of a letter, so that nobody
/// loses a letter.
fn date_time(cursor: &mut Cursor<'_>) -> Parsed<Timestamp> {
    let text = cursor.string()?;
    let at = by_the_grammar(&text).or_else(|| mailbox::parse::date::with_zone(&text).map(|(sent, _)| sent.seconds));
    match at.filter(|at| *at >= YEAR_1900) {
        Some(at) => Ok(Timestamp::from_seconds(at)),
        None => Err("A date-time is written \"24-Nov-2026 06:22:57 +0100\"".into()),
    }
}

/// Reads a date by the grammar; returns seconds since 1970.
fn by_the_grammar(text: &[u8]) -> Option<i64> {
    let mut parts = std::str::from_utf8(text).ok()?.trim_start_matches(' ').split(' ');
    let (Some(date), Some(time), Some(zone), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let zone = jiff::tz::Offset::from_seconds(zone_seconds(zone)?).ok()?;
    Some(zone.to_timestamp(civil_date(date)?.to_datetime(time_of_day(time)?)).ok()?.as_second())
}

fn time_of_day(text: &str) -> Option<jiff::civil::Time> {
    let mut parts = text.split(':').map(|part| if part.len() == 2 { digits::<i8>(part) } else { None });
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    // A leap second counts as the second before it.
    jiff::civil::Time::new(hour, minute, if second == 60 { 59 } else { second }, 0).ok()
}

/// Reads a zone such as `+0130`; returns its seconds.
fn zone_seconds(zone: &str) -> Option<i32> {
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours: i32 = digits(zone.get(1..3)?)?;
    let minutes: i32 = digits(zone.get(3..5).filter(|_| zone.len() == 5)?)?;
    if hours < 24 && minutes < 60 { Some(sign * (hours * 3600 + minutes * 60)) } else { None }
}
