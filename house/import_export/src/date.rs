//! Finds when a letter was received, from the dates that there are.

use mail::{Timestamp, header};
use mailbox::parse::date;

/// Returns the time that the topmost Received field says: the letter came then to the mailbox that it is moved from.
pub fn received(letter: &[u8]) -> Option<Timestamp> {
    let field = header::find(letter, "Received")?;
    let value = field.value();
    let at = memchr::memrchr(b';', &value)?;
    read(&value[at + 1..])
}

/// Returns the time that the letter's Date field says.
pub fn written(letter: &[u8]) -> Option<Timestamp> {
    read(&header::find(letter, "Date")?.value())
}

fn read(value: &[u8]) -> Option<Timestamp> {
    date::with_zone(value).map(|(sent, _)| Timestamp::from_seconds(sent.seconds))
}

/// The date of a separator in an mbox: `From alice@alpha.test Tue Nov 24 06:22:57 2026`, with a zone before or behind the
/// year, or none, which is UTC (RFC 4155).
pub fn of_separator(line: &[u8]) -> Option<Timestamp> {
    let words: Vec<&[u8]> =
        line.get(..line.len().min(300))?.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).collect();
    // The sender may have blanks and months in it, so the date is looked for from the end.
    let month =
        (2..words.len()).rev().find(|at| is_month(words[*at]) && words.get(at + 1).is_some_and(|day| is_day(day)))?;
    let (day, rest) = (words[month + 1], words.get(month + 2..)?);
    let clock = rest.iter().find(|word| word.contains(&b':'))?;
    let year = rest.iter().find(|word| word.len() == 4 && word.iter().all(u8::is_ascii_digit))?;
    let zone = rest.iter().find(|word| is_zone(word)).copied().unwrap_or(b"+0000");
    read(&[day, words[month], year, clock, zone].join(&b' '))
}

fn is_month(word: &[u8]) -> bool {
    let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    months.iter().any(|month| word.eq_ignore_ascii_case(month.as_bytes()))
}

fn is_day(word: &[u8]) -> bool {
    (1..=2).contains(&word.len()) && word.iter().all(u8::is_ascii_digit)
}

fn is_zone(word: &[u8]) -> bool {
    let (Some(first), 3..=5) = (word.first(), word.len()) else { return false };
    matches!(first, b'+' | b'-') || word.iter().all(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dates_of_separators_are_read_as_programs_write_them() {
        let at = |line: &str| of_separator(line.as_bytes()).map(Timestamp::seconds);
        let noon = Some(1_795_521_600);
        for line in [
            "From alice@alpha.test Tue Nov 24 12:00:00 2026",
            "From - Tue Nov 24 12:00:00 2026",
            "From 1828754568043628583@xxx Tue Nov 24 12:00:00 +0000 2026",
            "From alice@alpha.test Tue Nov 24 13:00:00 2026 +0100",
            "From \"May B\"@x.test  Tue Nov 24 12:00:00 UTC 2026",
            "From a@b.test Tue Nov 24 12:00 2026\r\n",
        ] {
            assert_eq!(at(line), noon, "{line}");
        }
        for line in
            ["From ", "From - ", "From me to you", "From now on, May 4 is a feast", "From x Tue Nov 99 1:1 2026"]
        {
            assert_eq!(at(line), None, "{line}");
        }
    }

    #[test]
    fn the_topmost_received_field_counts() {
        let letter = b"Received: from a by b; Tue, 24 Nov 2026 13:00:00\r\n +0100\r\nReceived: x; Mon, 23 Nov 2026 1:00\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\n";
        assert_eq!(received(letter).map(Timestamp::seconds), Some(1_795_521_600));
        assert_eq!(written(letter).map(Timestamp::seconds), Some(1_795_348_800));
        assert_eq!(received(b"Received: nothing\r\n\r\n"), None);
    }
}
