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

/// `(\Seen $Forwarded)`
pub(super) fn flag_list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Flag>> {
    cursor.list(FLAGS_MAX, true, flag)
}

/// A flag that can be set.
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

/// Keywords are told in every answer about flags, so they are kept short.
const KEYWORD_MAX: usize = 128;

/// A flag without a backslash.
pub(super) fn keyword(cursor: &mut Cursor<'_>) -> Parsed<Flag> {
    let name = cursor.atom()?;
    if name.len() > KEYWORD_MAX {
        return Err("A keyword is too long".into());
    }
    Ok(Flag::Keyword(String::from_utf8_lossy(name).into_owned()))
}

/// Older letters than electric mail are a slip of the pen.
const YEAR_1900: i64 = -2_208_988_800;

/// `"24-Nov-2026 06:22:57 +0100"`, a day below ten with a blank or a zero before it.
fn date_time(cursor: &mut Cursor<'_>) -> Parsed<Timestamp> {
    const WRONG: &str = "A date-time is written \"24-Nov-2026 06:22:57 +0100\"";
    let text = cursor.string()?;
    let text = std::str::from_utf8(&text).ok().filter(|text| text.is_ascii()).ok_or(WRONG)?;
    let mut parts = text.trim_start_matches(' ').split(' ');
    let (Some(date), Some(time), Some(zone), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(WRONG.into());
    };
    let date = civil_date(date).ok_or(WRONG)?;
    let time = time_of_day(time).ok_or(WRONG)?;
    let zone = zone_seconds(zone).ok_or(WRONG)?;
    let zone = jiff::tz::Offset::from_seconds(zone).map_err(|_| WRONG)?;
    let at = zone.to_timestamp(date.to_datetime(time)).map_err(|_| WRONG)?.as_second();
    if at < YEAR_1900 { Err(WRONG.into()) } else { Ok(Timestamp::from_seconds(at)) }
}

fn time_of_day(text: &str) -> Option<jiff::civil::Time> {
    let mut parts = text.split(':').map(|part| if part.len() == 2 { digits::<i8>(part) } else { None });
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    // A leap second counts as the one before it.
    jiff::civil::Time::new(hour, minute, if second == 60 { 59 } else { second }, 0).ok()
}

/// `+0130`
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
