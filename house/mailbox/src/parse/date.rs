//! Date-times of letters (RFC 5322 §3.3), with the obsolete forms of §4.3 and what mailers make of them.

use super::summary::Sent;
use crate::search::Day;

const MONTHS: [&[u8]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

/// Zones by name, in minutes. Every other name means that the zone is not known: UTC (RFC 5322 §4.3).
const ZONES: [(&[u8], i64); 10] = [
    (b"ut", 0),
    (b"gmt", 0),
    (b"est", -300),
    (b"edt", -240),
    (b"cst", -360),
    (b"cdt", -300),
    (b"mst", -420),
    (b"mdt", -360),
    (b"pst", -480),
    (b"pdt", -420),
];

/// Reads a date-time; `None` where there is none to be read.
pub(super) fn read(value: &[u8]) -> Option<Sent> {
    with_zone(value).map(|(sent, _)| sent)
}

/// Reads a date-time, and how many minutes its zone is east of UTC.
pub fn with_zone(value: &[u8]) -> Option<(Sent, i64)> {
    let mut words = tokens(value.get(..value.len().min(200))?).into_iter().peekable();
    // "Tue, 24 Nov": the name of the day says nothing new.
    words.next_if(|word| word.first().is_some_and(u8::is_ascii_alphabetic) && month(word).is_none());
    let (first, second) = (words.next()?, words.next()?);
    let (day, month) = match month(&second) {
        Some(month) => (number(&first)?, month),
        // "Nov 24 2026", as ctime writes it.
        None => (number(&second)?, month(&first)?),
    };
    let third = words.next()?;
    let (year, clock) = if third.contains(&b':') { (words.next()?, Some(third)) } else { (third, words.next()) };
    let day = Day::of(full_year(&year)?, month, day.try_into().ok()?)?.0;
    let of_day = clock.as_deref().map_or(Some(0), seconds)?;
    let zone = words.next().map_or(0, |zone| minutes(&zone));
    Some((Sent { seconds: day * 86_400 + of_day - zone * 60, day }, zone))
}

/// Words in lower case, without comments; `,` and `-` between date parts count as blanks.
fn tokens(value: &[u8]) -> Vec<Vec<u8>> {
    let (mut words, mut word, mut depth) = (Vec::new(), Vec::new(), 0usize);
    for (at, &byte) in value.iter().enumerate() {
        let dash_in_date = byte == b'-' && !word.is_empty() && value.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            byte if byte.is_ascii_whitespace() || byte == b',' || dash_in_date => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            byte => word.push(byte.to_ascii_lowercase()),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn number(word: &[u8]) -> Option<i64> {
    let digits = !word.is_empty() && word.len() <= 6 && word.iter().all(u8::is_ascii_digit);
    digits.then(|| word.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

fn month(word: &[u8]) -> Option<i8> {
    let start = word.get(..3)?;
    MONTHS.iter().position(|name| *name == start).and_then(|at| i8::try_from(at + 1).ok())
}

/// Two digits are of this century or the last, three count from 1900 (RFC 5322 §4.3).
fn full_year(word: &[u8]) -> Option<i16> {
    let year = number(word)?;
    let year = match word.len() {
        2 if year < 50 => year + 2000,
        2 | 3 => year + 1900,
        _ => year,
    };
    i16::try_from(year).ok().filter(|year| (1900..=9999).contains(year))
}

fn seconds(clock: &[u8]) -> Option<i64> {
    let mut parts = clock.split(|byte| *byte == b':').map(number);
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = parts.next().unwrap_or(Some(0))?;
    // A leap second is the 60th.
    let fits = hours < 24 && minutes < 60 && seconds <= 60;
    fits.then_some(hours * 3600 + minutes * 60 + seconds)
}

fn minutes(zone: &[u8]) -> i64 {
    let (sign, digits) = match zone.split_first() {
        Some((b'+', digits)) => (1, digits),
        Some((b'-', digits)) => (-1, digits),
        _ => return ZONES.iter().find(|(name, _)| *name == zone).map_or(0, |(_, minutes)| *minutes),
    };
    match number(digits) {
        Some(number) if digits.len() == 4 => sign * (number / 100 * 60 + number % 100),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(value: &str) -> Option<i64> {
        read(value.as_bytes()).map(|sent| sent.seconds)
    }

    #[test]
    fn dates_are_read_as_rfc_5322_and_old_mailers_write_them() {
        let noon = Some(1_795_521_600);
        for written in [
            "Tue, 24 Nov 2026 12:00:00 +0000",
            "Tue, 24 Nov 2026 07:00:00 -0500",
            "24 Nov 2026 12:00 GMT",
            "Tue, 24 November 26 14:00:00 +0200 (CEST)",
            "Tue,24 Nov 2026 12:00:00 UT",
            "Tue Nov 24 12:00:00 2026",
            "24-Nov-2026 12:00:00 +0000",
            " Tuesday, 24 Nov 2026 04:00:00 PST",
        ] {
            assert_eq!(at(written), noon, "{written}");
        }
        assert_eq!(at("3 Jan 99 10:00 GMT"), Some(915_357_600));
        assert_eq!(at("24 Nov 2026"), Some(1_795_478_400));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for written in
            ["", "yesterday", "Tue, 31 Feb 2026 12:00:00 +0000", "99 Nov 2026 25:00", "1 Jan 0 0:0", "Nov", "()"]
        {
            assert_eq!(at(written), None, "{written}");
        }
    }
}
