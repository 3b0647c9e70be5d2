//! Date-times of letters (RFC 5322 §3.3), with the obsolete forms of §4.3 and what mailers make of them: each word says by
//! its form what it is, so that their order matters only where it must.

use super::summary::Sent;
use crate::search::Day;

/// The longest value that is read, in octets.
const LONGEST: usize = 200;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Months as mailers of other languages write them against the rules.
const OTHER_MONTHS: [(&str, i8); 16] = [
    ("janv", 1),
    ("ene", 1),
    ("gen", 1),
    ("fév", 2),
    ("fev", 2),
    ("mär", 3),
    ("avr", 4),
    ("abr", 4),
    ("mai", 5),
    ("mag", 5),
    ("juin", 6),
    ("juil", 7),
    ("aoû", 8),
    ("aou", 8),
    ("okt", 10),
    ("dez", 12),
];

/// Zones by name, in minutes. Every other name means that the zone is not known: UTC (RFC 5322 §4.3).
const ZONES: [(&str, i64); 31] = [
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("wet", 0),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
    ("akst", -540),
    ("akdt", -480),
    ("hst", -600),
    ("bst", 60),
    ("west", 60),
    ("cet", 60),
    ("met", 60),
    ("mez", 60),
    ("cest", 120),
    ("mest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("eest", 180),
    ("msk", 180),
    ("jst", 540),
    ("kst", 540),
    ("nzst", 720),
    ("nzdt", 780),
];

/// Reads a date-time; `None` if there is none to be read.
pub(super) fn read(value: &[u8]) -> Option<Sent> {
    with_zone(value).map(|(sent, _)| sent)
}

/// Reads a date-time, and how many minutes its zone is east of UTC.
pub fn with_zone(value: &[u8]) -> Option<(Sent, i64)> {
    let value = String::from_utf8_lossy(value.get(..value.len().min(LONGEST))?).to_lowercase();
    let mut found = Found::default();
    words(&value).iter().try_for_each(|word| found.take(word))?;
    found.date_time()
}

/// The values that the words of a date have given so far.
#[derive(Default)]
struct Found<'a> {
    month: Option<i8>,
    /// Numbers of the date, as written.
    numbers: Vec<&'a str>,
    /// Seconds of the day.
    clock: Option<i64>,
    /// Some(true) for twelve hours later, as `PM` says.
    afternoon: Option<bool>,
    /// Minutes, and whether a number said it: a name beside it says nothing new.
    zone: Option<(i64, bool)>,
}

impl<'a> Found<'a> {
    /// Takes a word in; `None` if the word makes the date impossible.
    fn take(&mut self, word: &'a str) -> Option<()> {
        let first = word.bytes().next()?;
        if word.contains(':') && first.is_ascii_digit() {
            return self.take_clock(word);
        }
        if matches!(first, b'+' | b'-') {
            self.set_zone(minutes(word), true);
        } else if first.is_ascii_digit() {
            self.take_number(word)?;
        } else if self.month.is_none() && month(word).is_some() && !is_weekday(word, self.numbers.is_empty()) {
            self.month = month(word);
        } else if matches!(word, "am" | "pm" | "a.m." | "p.m.") && self.clock.is_some() {
            self.afternoon = Some(word.starts_with('p'));
        } else if let Some(offset) =
            ["gmt", "utc"].iter().find_map(|name| word.strip_prefix(name)).filter(|o| !o.is_empty())
        {
            self.set_zone(minutes(offset), true);
        } else if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| *name == word) {
            self.set_zone(*minutes, false);
        }
        Some(())
    }

    /// `10:00:00.123+0100`, `10:00:00z`, `10:00pm`
    fn take_clock(&mut self, word: &'a str) -> Option<()> {
        let end = word.find(|c: char| !c.is_ascii_digit() && !":.".contains(c)).unwrap_or(word.len());
        let (clock, behind) = word.split_at(end);
        if self.clock.is_none() {
            self.clock = Some(seconds(clock, ':')?);
        }
        if behind.is_empty() { Some(()) } else { self.take(behind) }
    }

    fn take_number(&mut self, word: &'a str) -> Option<()> {
        let pieces: Vec<&str> = word.split('.').filter(|piece| !piece.is_empty()).collect();
        match pieces.as_slice() {
            [one] => self.numbers.push(one),
            // "24.11.2026"
            [day, month, year] if year.len() == 4 && self.month.is_none() => {
                self.month = i8::try_from(number(month)?).ok();
                self.numbers.extend([*day, *year]);
            }
            // "10.00.00"
            [_, _] | [_, _, _] if self.clock.is_none() => self.clock = Some(seconds(word, '.')?),
            _ => return None,
        }
        Some(())
    }

    fn set_zone(&mut self, minutes: i64, by_number: bool) {
        if self.zone.is_none_or(|(_, was_number)| by_number && !was_number) {
            self.zone = Some((minutes, by_number));
        }
    }

    fn date_time(self) -> Option<(Sent, i64)> {
        let mut numbers = self.numbers.iter().copied();
        let (first, second) = (numbers.next()?, numbers.next()?);
        let (year, month, day) = match (self.month, first.len()) {
            (Some(month), 4) => (first, month, second),
            (Some(month), _) => (second, month, first),
            // "2026-11-24"
            (None, 4) => {
                (first, i8::try_from(number(second)?).ok().filter(|month| (1..=12).contains(month))?, numbers.next()?)
            }
            (None, _) => return None,
        };
        let day = Day::of(full_year(year)?, month, number(day)?.try_into().ok()?)?.0;
        let clock = match (self.clock.unwrap_or(0), self.afternoon) {
            (clock, Some(true)) if clock < 12 * 3600 => clock + 12 * 3600,
            (clock, Some(false)) if clock >= 12 * 3600 => clock - 12 * 3600,
            (clock, _) => clock,
        };
        let zone = self.zone.map_or(0, |(minutes, _)| minutes);
        Some((Sent { seconds: day * 86_400 + clock - zone * 60, day }, zone))
    }
}

/// The words without comments and quotes. Signs between the numbers of a date count as blanks, and so does the `T` before
/// the time (RFC 3339).
fn words(value: &str) -> Vec<&str> {
    let (mut words, mut start, mut depth) = (Vec::new(), 0, 0usize);
    let bytes = value.as_bytes();
    let mut close = |start: usize, end: usize| words.extend(value.get(start..end).filter(|word| !word.is_empty()));
    for (at, byte) in bytes.iter().enumerate() {
        let word = bytes.get(start..at).unwrap_or_default();
        let after = bytes.get(at + 1).copied().unwrap_or(b' ');
        let in_date = !word.is_empty() && !word.contains(&b':') && after.is_ascii_alphanumeric();
        let is_blank = match byte {
            b'(' | b')' | b',' | b'"' | b'\'' => true,
            b'-' => in_date && !matches!(word, b"gmt" | b"utc"),
            b'/' => in_date,
            b't' => !word.is_empty() && word.iter().all(u8::is_ascii_digit) && after.is_ascii_digit(),
            byte => byte.is_ascii_whitespace(),
        };
        if !is_blank {
            continue;
        }
        if depth == 0 {
            close(start, at);
        }
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        start = at + 1;
    }
    if depth == 0 {
        close(start, value.len());
    }
    words
}

fn number(word: &str) -> Option<i64> {
    let digits = !word.is_empty() && word.len() <= 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| word.parse().ok()).flatten()
}

fn month(word: &str) -> Option<i8> {
    let english = MONTHS.iter().position(|name| word.starts_with(name)).and_then(|at| i8::try_from(at + 1).ok());
    let other = || OTHER_MONTHS.iter().find(|(name, _)| word.starts_with(name)).map(|(_, month)| *month);
    other().or(english)
}

/// "mar." before all else is a French Tuesday, and "mars" after it is March.
fn is_weekday(word: &str, comes_first: bool) -> bool {
    comes_first && ["mar.", "mardi", "martes", "martedì"].contains(&word)
}

/// Two digits are of this century or the last, three count from 1900 (RFC 5322 §4.3).
fn full_year(word: &str) -> Option<i16> {
    let year = number(word)?;
    let year = match word.len() {
        2 if year < 50 => year + 2000,
        2 | 3 => year + 1900,
        _ => year,
    };
    i16::try_from(year).ok().filter(|year| (1900..=9999).contains(year))
}

/// Hours, minutes, perhaps seconds, and parts of a second, which are passed over.
fn seconds(clock: &str, sign: char) -> Option<i64> {
    let mut parts = clock.split(sign);
    let (hours, minutes) = (number(parts.next()?)?, number(parts.next()?)?);
    let seconds = parts.next().map_or(Some(0), |part| number(part.split('.').next().unwrap_or_default()))?;
    // A leap second is the 60th.
    let fits = hours < 24 && minutes < 60 && seconds <= 60;
    fits.then_some(hours * 3600 + minutes * 60 + seconds)
}

/// `+0100`, `+01:00`, `+1`
fn minutes(zone: &str) -> i64 {
    let (sign, digits) = match zone.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return 0,
    };
    let digits = digits.replace(':', "");
    let east = match (number(&digits), digits.len()) {
        (Some(hours), 1 | 2) => hours * 60,
        (Some(number), 3 | 4) => number / 100 * 60 + number % 100,
        _ => 0,
    };
    if east < 24 * 60 { sign * east } else { 0 }
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
            "Tue, 24 Nov 2026 12:00:00+0000",
            "Tue, 24 Nov 2026 07:00:00-0500",
            "Tue, 24 Nov 2026 12.00.00 +0000",
            "Tue, 24 Nov 2026 13:00:00.123 +0100",
            "\"Tue, 24 Nov 2026 12:00:00 +0000\"",
            "'Tue, 24 Nov 2026 12:00:00 +0000'",
            "2026-11-24T13:00:00+01:00",
            "2026-11-24T12:00:00Z",
            "2026-11-24 12:00:00 +0000",
            "2026/11/24 12:00",
            "24.11.2026 13:00 CET",
            "Tue Nov 24 13:00:00 CET 2026",
            "Tue Nov 24 13:00:00 +0100 2026",
            "Tue, Nov 24, 2026 12:00:00 PM",
            "Tue, 24 Nov 2026 12:00 UTC",
            "Tue, 24 Nov 2026 13:00:00 GMT+0100",
            "Tue, 24 Nov 2026 07:00:00 GMT-5",
            "Tue, 24 Nov 2026 13:00:00 +0100 CET",
            "Tue, 24 Nov 2026 13:00:00 CET +0100",
            "Di, 24 Nov. 2026 12:00:00 GMT",
            "mar. 24 novembre 2026 13:00:00 +0100",
            "Tuesday 24 November 2026 12:00",
        ] {
            assert_eq!(at(written), noon, "{written}");
        }
        assert_eq!(at("Tue, 24 Mar 2026 00:00 GMT"), at("mar. 24 mars 2026"));
        assert_eq!(at("24 Nov 2026 0:30 AM"), at("24 Nov 2026 00:30"));
        assert_eq!(at("3 Jan 99 10:00 GMT"), Some(915_357_600));
        assert_eq!(at("24 Nov 2026"), Some(1_795_478_400));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for written in [
            "",
            "yesterday",
            "Tue, 31 Feb 2026 12:00:00 +0000",
            "99 Nov 2026 25:00",
            "1 Jan 0 0:0",
            "Nov",
            "()",
            "10:00",
            "2026-13-01",
            "2026-11",
            "+0100",
            "1.2.3.4 Nov 2026",
            "é",
            "24 Nov",
            "t",
        ] {
            assert_eq!(at(written), None, "{written}");
        }
    }
}
