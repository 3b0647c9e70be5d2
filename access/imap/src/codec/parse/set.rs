//! Sets of numbers, and dates.

use std::str::FromStr;

use crate::codec::cursor::{Cursor, Parsed};
use crate::codec::sets::{SequenceSet, SetNumber, SetRange, UidSet};

/// Reads a sequence-set, or `$`.
pub(super) fn sequence_set(cursor: &mut Cursor<'_>) -> Parsed<SequenceSet> {
    if cursor.eat(b'$') {
        return Ok(SequenceSet::Saved);
    }
    let mut ranges = Vec::new();
    loop {
        let first = set_number(cursor)?;
        let last = if cursor.eat(b':') { set_number(cursor)? } else { first };
        ranges.push(SetRange { first, last });
        if !cursor.eat(b',') {
            return Ok(SequenceSet::Ranges(ranges));
        }
    }
}

fn set_number(cursor: &mut Cursor<'_>) -> Parsed<SetNumber> {
    if cursor.eat(b'*') { Ok(SetNumber::Star) } else { cursor.nz_number().map(SetNumber::Number) }
}

/// Reads a set without `*`.
pub(super) fn uid_set(cursor: &mut Cursor<'_>) -> Parsed<UidSet> {
    let mut ranges = Vec::new();
    loop {
        let first = cursor.nz_number()?.get();
        let last = if cursor.eat(b':') { cursor.nz_number()?.get() } else { first };
        ranges.push(first.min(last)..=first.max(last));
        if !cursor.eat(b',') {
            return Ok(UidSet(ranges));
        }
    }
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads a date such as `1-Feb-1994`.
pub(super) fn civil_date(text: &str) -> Option<jiff::civil::Date> {
    let mut parts = text.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || day.len() > 2 || year.len() != 4 {
        return None;
    }
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let year = digits(year).filter(|year| *year > 0)?;
    jiff::civil::Date::new(year, i8::try_from(month).ok()? + 1, digits(day)?).ok()
}

/// Reads a number that has only digits.
pub(super) fn digits<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}
