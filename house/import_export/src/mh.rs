//! MH: a directory is a folder, each letter a file with a number for its name, and `.mh_sequences` says which of them are
//! unseen, flagged, answered. nmh, Claws Mail, Sylpheed, Gnus and Cyrus keep letters so.

use mailbox::System;

use crate::state::FORWARDED;
use crate::told::Told;

/// The list of sequences in a directory.
pub const SEQUENCES: &str = ".mh_sequences";

/// Files that only a directory of such letters has.
const MARKS: [&str; 10] = [
    SEQUENCES,
    ".xmhcache",
    ".claws_mark",
    ".claws_cache",
    ".sylpheed_mark",
    ".sylpheed_cache",
    ".overview",
    ".marks",
    "cyrus.header",
    "cyrus.index",
];

/// Returns true if this file shows that the letters beside it are in MH's form.
pub fn is_mark(file: &str) -> bool {
    MARKS.contains(&file)
}

/// The number that is the name of a file: `12`, or `12.` of Cyrus.
pub fn number(file: &str) -> Option<u32> {
    let digits = file.strip_suffix('.').unwrap_or(file);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// The sequences of a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequences(Vec<(String, Ranges)>);

/// Ascending, none touching another.
type Ranges = Vec<(u32, u32)>;

impl Sequences {
    /// Reads `.mh_sequences`.
    pub fn read(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let sequence = |line: &str| {
            let (name, numbers) = line.split_once(':')?;
            Some((name.trim().to_owned(), ranges(numbers)))
        };
        Self(text.lines().filter_map(sequence).filter(|(name, _)| !name.is_empty()).collect())
    }

    /// Returns what the sequences say of the letter of a number. A letter that is not in `unseen` has been seen.
    /// Sequences that people name themselves are keywords; `cur` and `pseq` are the program's.
    pub fn of(&self, number: u32) -> Told {
        let mut told = Told { system: System::SEEN, ..Told::default() };
        let mut unseen = false;
        for (name, _) in self.0.iter().filter(|(_, ranges)| contain(ranges, number)) {
            match name.as_str() {
                "unseen" => unseen = true,
                "flagged" => told.system |= System::FLAGGED,
                "replied" | "answered" => told.system |= System::ANSWERED,
                "draft" => told.system |= System::DRAFT,
                "deleted" => told.system |= System::DELETED,
                "forwarded" => told.keywords.push(FORWARDED.to_owned()),
                "cur" | "pseq" | "seen" => {}
                own => told.keywords.push(own.to_owned()),
            }
        }
        if unseen {
            told.system = told.system.without(System::SEEN);
        }
        told
    }
}

/// `1-3 7`
fn ranges(text: &str) -> Ranges {
    let range = |word: &str| {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    let mut all: Ranges =
        text.split_ascii_whitespace().filter_map(range).filter(|(first, last)| first <= last).collect();
    all.sort_unstable();
    let mut merged = Ranges::with_capacity(all.len());
    for (first, last) in all {
        match merged.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

fn contain(ranges: &Ranges, number: u32) -> bool {
    let at = ranges.partition_point(|(_, last)| *last < number);
    ranges.get(at).is_some_and(|(first, _)| *first <= number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_say_what_a_letter_is() {
        let sequences = Sequences::read(b"cur: 2\nunseen: 7 1-3 2-4\nflagged: 4\ntodo: 4 9\nreplied: 9\n");
        assert_eq!(sequences.of(3), Told::default());
        assert_eq!(sequences.of(5).system, System::SEEN);
        let four = sequences.of(4);
        assert_eq!((four.system, four.keywords), (System::FLAGGED, vec!["todo".to_owned()]));
        assert_eq!(sequences.of(9).system, System::SEEN | System::ANSWERED);
        assert_eq!(sequences.of(2).keywords, Vec::<String>::new());
    }

    #[test]
    fn numbers_are_names_of_letters() {
        assert_eq!(number("12"), Some(12));
        assert_eq!(number("12."), Some(12));
        for other in ["", ".", "1a", "+1", "1.eml", "-3", "99999999999999999999"] {
            assert_eq!(number(other), None, "{other}");
        }
    }
}
