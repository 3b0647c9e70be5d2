//! Writes the state of a letter, as far as the format has no place for it, before the letter in fields of our own:
//!
//! ```text
//! X-Facteur-State: 3 2026-11-24T06:22:57Z
//! Status: RO
//! X-Status: AF
//! X-Keywords: facture $Forwarded
//! Subject: the letter itself begins here
//! ```
//!
//! The number says how many fields follow that are no part of the letter, so that exactly they are taken off again. The
//! names are those other programs know. `open` behind the time says that the letter has no line end of its own at its end,
//! `asis` that its line ends are as they stand, and `letter=17` that this is the same letter as all others of the export
//! that say so: one letter that lies in several folders.

use mail::{Timestamp, lines};
use mailbox::System;
use serde::{Deserialize, Serialize};

use crate::written;

/// The keyword of a letter that was forwarded: `P` in the names of files.
pub const FORWARDED: &str = "$Forwarded";

/// The state that a mailbox keeps of a letter beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Its flags.
    #[serde(with = "written::system")]
    pub system: System,
    /// The names of its keywords.
    pub keywords: Vec<String>,
    /// When it was received.
    #[serde(with = "written::time")]
    pub received: Timestamp,
    /// A number that all places of one letter share, where it lies in several folders.
    #[serde(default)]
    pub shared: Option<i64>,
}

const FIELD: &str = "X-Facteur-State:";
const SHARED: &str = "letter=";
const FLAGS: [(System, char); 4] =
    [(System::ANSWERED, 'A'), (System::DELETED, 'D'), (System::FLAGGED, 'F'), (System::DRAFT, 'T')];

/// Returns true if the content begins as if we had written it.
pub fn is_there(content: &[u8]) -> bool {
    content.starts_with(FIELD.as_bytes())
}

/// The letter (CRLF inside our house) as it stands in a file, its state before it.
pub fn write(state: &State, letter: &[u8]) -> Vec<u8> {
    let unix = lines::to_lf(letter);
    let line_end = if unix.is_some() { "\n" } else { "\r\n" };
    let body = unix.as_deref().unwrap_or(letter);
    let mut fields = Vec::new();
    fields.push(format!("Status: {}", if state.system.contains(System::SEEN) { "RO" } else { "O" }));
    let flags: String =
        FLAGS.iter().filter(|(flag, _)| state.system.contains(*flag)).map(|(_, letter)| letter).collect();
    if !flags.is_empty() {
        fields.push(format!("X-Status: {flags}"));
    }
    if !state.keywords.is_empty() {
        fields.push(format!("X-Keywords: {}", state.keywords.join(" ")));
    }
    let as_is = if unix.is_none() { " asis" } else { "" };
    let open = if body.ends_with(b"\n") { "" } else { " open" };
    let shared = state.shared.map(|number| format!(" {SHARED}{number}")).unwrap_or_default();
    let first = format!("{FIELD} {} {}{as_is}{open}{shared}", fields.len(), state.received.rfc3339());
    let mut out = Vec::with_capacity(body.len() + 200);
    for line in std::iter::once(&first).chain(&fields) {
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(line_end.as_bytes());
    }
    out.extend_from_slice(body);
    if !open.is_empty() {
        out.extend_from_slice(line_end.as_bytes());
    }
    out
}

/// Takes state and letter apart. `None` if the field is not ours after all.
pub fn read(content: &[u8]) -> Option<(State, Vec<u8>)> {
    let (first, mut rest) = line(content)?;
    let mut words = first.strip_prefix(FIELD)?.split_ascii_whitespace();
    let count: usize = words.next()?.parse().ok().filter(|count| *count <= 8)?;
    let received = rfc3339(words.next()?)?;
    let marks: Vec<&str> = words.collect();
    let shared = marks.iter().find_map(|mark| mark.strip_prefix(SHARED)?.parse().ok());
    let mut state = State { received, shared, ..State::default() };
    for _ in 0..count {
        let (field, after) = line(rest)?;
        let (name, value) = field.split_once(':')?;
        apply(&mut state, name, value.trim());
        rest = after;
    }
    if marks.contains(&"open") {
        rest = rest.strip_suffix(b"\n")?;
        rest = rest.strip_suffix(b"\r").filter(|_| marks.contains(&"asis")).unwrap_or(rest);
    }
    let letter = if marks.contains(&"asis") { rest.to_vec() } else { lines::to_crlf(rest).into_owned() };
    Some((state, letter))
}

fn apply(state: &mut State, name: &str, value: &str) {
    match name {
        "Status" if value.contains('R') => state.system |= System::SEEN,
        "X-Status" => {
            FLAGS.iter().filter(|(_, letter)| value.contains(*letter)).for_each(|(flag, _)| state.system |= *flag)
        }
        "X-Keywords" => state.keywords = value.split_ascii_whitespace().map(str::to_owned).collect(),
        _ => {}
    }
}

fn line(content: &[u8]) -> Option<(&str, &[u8])> {
    let end = memchr::memchr(b'\n', content)?;
    let text = std::str::from_utf8(&content[..end]).ok()?;
    Some((text.strip_suffix('\r').unwrap_or(text), &content[end + 1..]))
}

fn rfc3339(text: &str) -> Option<Timestamp> {
    let (date, clock) = text.strip_suffix('Z')?.rsplit_once('T')?;
    let mut parts = date.rsplitn(3, '-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let mut clock = clock.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    let day = mailbox::search::Day::of(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    Some(Timestamp::from_seconds(day.0 * 86_400 + hours * 3600 + minutes * 60 + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn goes_round(state: &State, letter: &[u8]) -> bool {
        read(&write(state, letter)).is_some_and(|(read, back)| read == *state && back == letter)
    }

    #[test]
    fn a_state_stands_before_the_letter_in_words_others_know() {
        let state = State {
            system: System::SEEN | System::FLAGGED,
            keywords: vec!["facture".into()],
            received: Timestamp::from_seconds(1_795_501_377),
            shared: None,
        };
        let written = write(&state, b"Subject: x\r\n\r\nhi\r\n");
        let text =
            "X-Facteur-State: 3 2026-11-24T06:22:57Z\nStatus: RO\nX-Status: F\nX-Keywords: facture\nSubject: x\n\nhi\n";
        assert_eq!(String::from_utf8_lossy(&written), text);
        let written = write(&State { shared: Some(17), ..state }, b"Subject: x\r\n\r\nhi\r\n");
        let text = text.replacen("57Z", "57Z letter=17", 1);
        assert_eq!(String::from_utf8_lossy(&written), text);
    }

    #[test]
    fn odd_letters_come_back_as_they_were() {
        let state = State { received: Timestamp::from_seconds(-5_000_000_000), ..State::default() };
        for letter in
            [&b""[..], b"\r\n", b"\n", b"\r", b"no end", b"a\nb\r\n", b"a\r", b"X-Facteur-State: 2\r\n\r\n", b"x\r\n\n"]
        {
            assert!(goes_round(&state, letter), "{}", letter.escape_ascii());
        }
        let again = write(&state, b"Subject: x\r\n\r\n");
        assert!(goes_round(&state, &again), "an export inside an export");
    }

    #[test]
    fn what_only_looks_like_ours_is_left_alone() {
        for other in [
            "X-Facteur-State: 99 2026-11-24T06:22:57Z\n\n",
            "X-Facteur-State: 1 now\n",
            "X-Facteur-State:",
            "X-Facteur-State: 3 2026-11-24T06:22:57Z\na: b\n",
        ] {
            assert_eq!(read(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_state_goes_round(bits in 0u8..32, keywords in proptest::collection::vec("[!-~é]{1,9}", 0..4), seconds in -60_000_000_000i64..200_000_000_000, letter in "[ab:\r\n]{0,30}", shared in any::<Option<i64>>()) {
            let state = State { system: System::from_bits(bits), keywords, received: Timestamp::from_seconds(seconds), shared };
            prop_assert!(goes_round(&state, letter.as_bytes()));
        }
    }
}
