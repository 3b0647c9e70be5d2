//! Tells the kind of a file by its first octets and, if those say nothing, by its name.

use mail::header;

use crate::foreign::Foreign;
use crate::{Beside, mbox, state};

/// The kind that a file seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Letters one behind the other.
    Mbox,
    /// One letter.
    Letter,
    /// Letters in a form that is not read here.
    Foreign(Foreign),
    /// Known to be no letter.
    Beside(Beside),
    /// Nobody knows.
    Unknown,
}

/// Looks at the beginning of a file. `named`: its name says that it is a letter.
pub fn see(name: &str, start: &[u8], named: bool) -> Seen {
    let file = name.rsplit('/').next().unwrap_or(name);
    if start.is_empty() {
        return Seen::Beside(Beside::Empty);
    }
    if let Some(foreign) = Foreign::of(file, start) {
        return Seen::Foreign(foreign);
    }
    if mbox::is_mbox(start) {
        return Seen::Mbox;
    }
    if is_letter(start) || named && header::fields(start).next().is_some() && !is_binary(start) {
        return Seen::Letter;
    }
    match Beside::by_content(start).or_else(|| Beside::by_ending(file)) {
        Some(kind) => Seen::Beside(kind),
        None => Seen::Unknown,
    }
}

/// Fields that only letters have. One of them must be there; which stands first does not matter.
const OF_LETTERS: [&str; 21] = [
    "From",
    "To",
    "Cc",
    "Bcc",
    "Sender",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Received",
    "Return-Path",
    "Delivered-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "X-Mailer",
    "X-Gmail-Labels",
    "X-Mozilla-Status",
    "DKIM-Signature",
    "Resent-From",
];

/// A header from the first line on, of fields and nothing else, one of which is a letter's.
fn is_letter(start: &[u8]) -> bool {
    if state::is_there(start) {
        return true;
    }
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let head = &start[..header::body_start(start)];
    if is_binary(head) || !is_header(head) {
        return false;
    }
    header::fields(head).any(|field| OF_LETTERS.iter().any(|name| field.is(name)))
}

/// Every line is a field, goes on with one, or is a separator that a program has left at the beginning. One line in ten may be
/// damaged.
fn is_header(head: &[u8]) -> bool {
    let lines = head.split_inclusive(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let (mut all, mut odd) = (0_usize, 0_usize);
    for line in lines {
        let is_odd = !is_field(line) && !line.starts_with(b" ") && !line.starts_with(b"\t");
        if is_odd && all == 0 && !line.starts_with(b">From ") {
            return false;
        }
        all += 1;
        odd += usize::from(is_odd);
    }
    all > 0 && odd * 10 <= all.max(10)
}

fn is_field(line: &[u8]) -> bool {
    let name = memchr::memchr(b':', line).map(|colon| line[..colon].trim_ascii_end());
    name.is_some_and(|name| !name.is_empty() && name.iter().all(|byte| (33..=126).contains(byte)))
}

fn is_binary(text: &[u8]) -> bool {
    text.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Seen {
        see("x", text.as_bytes(), false)
    }

    #[test]
    fn a_letter_may_begin_with_any_field() {
        for first in ["Replied: now", "DKIM-Signature: v=1", "X-Own: 1", "Autocrypt: a=b", "ARC-Seal: i=1", "a: b"] {
            assert_eq!(seen(&format!("{first}\nFrom: a@b.test\n\nhi\n")), Seen::Letter, "{first}");
        }
        assert_eq!(seen("From : ann@one.test\nSubject: wide\n\nx\n"), Seen::Letter);
        assert_eq!(seen("\u{feff}Subject: x\n\n"), Seen::Letter);
        assert_eq!(seen(&format!("X-Long: {}\nSubject: x\n\n", "a\n b".repeat(9000))), Seen::Letter);
    }

    #[test]
    fn other_texts_are_no_letters() {
        for text in
            ["Dear Bob,\nnote: buy milk\n", "name: x\nversion: 1\n", "From now on all is well\n", "\0From: a\n\n"]
        {
            assert_eq!(seen(text), Seen::Unknown, "{text}");
        }
        assert_eq!(see("a.eml", b"Odd: yes\n\nhi\n", true), Seen::Letter);
        assert_eq!(see("a.json", b"{\"a\": 1}", false), Seen::Beside(Beside::Settings));
    }

    #[test]
    fn an_mbox_is_known_by_its_separator_whatever_stands_before_it() {
        assert_eq!(seen("From a@b.test Tue Nov 24 12:00:00 2026\nSubject: x\n\n"), Seen::Mbox);
        assert_eq!(seen("\n\nFrom - Tue Nov 24 12:00:00 2026\nX: y\n\n"), Seen::Mbox);
        assert_eq!(seen("From a@b.test\nSubject: x\n\n"), Seen::Mbox);
    }
}
