//! Recognizes a letter, whichever way it comes: fetched, or out of an mbox, a Maildir, an archive.

use mail::header::{self, Field};

/// Identifies a letter. Two copies of one letter have the same identity, though one of them has passed through an
/// mbox, another server or another program: the fields that those add, line ends, blank lines at the end and the
/// quoting of `From ` do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub(crate) [u8; 16]);

/// Fields in which mailboxes and mail programs keep the state of a letter.
const OF_MAILBOXES: [&str; 27] = [
    "Status",
    "X-Status",
    "X-Keywords",
    "X-UID",
    "X-UIDL",
    "X-IMAP",
    "X-IMAPbase",
    "Content-Length",
    "Lines",
    "X-Mozilla-Status",
    "X-Mozilla-Status2",
    "X-Mozilla-Keys",
    "X-Account-Key",
    "X-Gmail-Labels",
    "X-GM-THRID",
    "X-GM-THIRD",
    "X-GM-MSGID",
    "X-Facteur-State",
    "X-Evolution",
    "X-Evolution-Source",
    "X-KMail-MDN-Sent",
    "X-KMail-SignatureState",
    "X-KMail-EncryptionState",
    "Replied",
    "Repliedgroup",
    "Forwarded",
    "X-Folder",
];

/// Fields that each station of the way adds.
const OF_THE_WAY: [&str; 14] = [
    "Received",
    "X-Received",
    "Return-Path",
    "Delivered-To",
    "X-Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "X-Envelope-From",
    "Delivery-Date",
    "Authentication-Results",
    "Received-SPF",
    "X-Google-Smtp-Source",
    "X-Originalarrivaltime",
];

/// The same, by how their names begin.
const OF_THE_WAY_TOO: [&str; 3] = ["ARC-", "X-Spam-", "X-Virus-"];

impl Identity {
    /// Returns the identity of a letter, with any line ends. The time it takes grows with the size of the letter and
    /// no faster.
    pub fn of(letter: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("facteur removal: a letter, whichever way it came");
        let body = header::body_start(letter);
        hash_header(&mut hasher, &letter[..body]);
        hasher.update(b"\0");
        hash_lines(&mut hasher, &letter[body..]);
        let mut identity = [0; 16];
        hasher.finalize_xof().fill(&mut identity);
        Self(identity)
    }
}

fn hash_header(hasher: &mut blake3::Hasher, head: &[u8]) {
    // The letters that a program sends every night may differ in nothing but the fields that servers added on the
    // way: only a letter with a name or a date can be told from all others without those fields.
    let named = ["Message-ID", "Date"]
        .iter()
        .any(|name| header::find(head, name).is_some_and(|field| !field.value().is_empty()));
    let (base, mut done) = (head.as_ptr().addr(), 0);
    for field in header::fields(head) {
        let at = field.whole.as_ptr().addr() - base;
        // Lines that are no fields count as they are.
        hash_lines(hasher, &head[done..at]);
        done = at + field.whole.len();
        if !is_added(&field, named) {
            hash_field(hasher, &field);
        }
    }
    hash_lines(hasher, &head[done..]);
}

fn is_added(field: &Field<'_>, named: bool) -> bool {
    let begins = |start: &str| {
        let name = field.name.get(..start.len());
        name.is_some_and(|name| name.eq_ignore_ascii_case(start.as_bytes()))
    };
    OF_MAILBOXES.iter().any(|name| field.is(name))
        || named && (OF_THE_WAY.iter().any(|name| field.is(name)) || OF_THE_WAY_TOO.iter().any(|start| begins(start)))
}

/// Its name in small letters and its value with single blanks: servers fold anew.
fn hash_field(hasher: &mut blake3::Hasher, field: &Field<'_>) {
    hasher.update(&field.name.to_ascii_lowercase()).update(b":");
    let words = field.raw_value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for word in words {
        hasher.update(word).update(b" ");
    }
    hasher.update(b"\n");
}

fn hash_lines(hasher: &mut blake3::Hasher, text: &[u8]) {
    // Blank lines are held back until something follows them: those at the end belong to the file.
    let mut blank = 0_usize;
    for line in text.split(|byte| *byte == b'\n') {
        let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
        if end > 0 {
            for _ in 0..blank {
                hasher.update(b"\n");
            }
            hasher.update(unquoted(&line[..end]));
            blank = 0;
        }
        blank += 1;
    }
}

/// The line without the `>` that an mbox puts before `From `.
fn unquoted(line: &[u8]) -> &[u8] {
    let marks = line.iter().take_while(|byte| **byte == b'>').count();
    let rest = &line[marks..];
    if rest.starts_with(b"From ") { rest } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &str =
        "From: ann@one.test\r\nSubject: a\r\n long one\r\nMessage-ID: <1@one.test>\r\n\r\nhi\r\n\r\nFrom here\r\n";

    #[track_caller]
    fn is_the_same(other: &str) {
        assert_eq!(Identity::of(LETTER.as_bytes()), Identity::of(other.as_bytes()), "{other}");
    }

    #[test]
    fn what_carriers_and_files_do_to_a_letter_does_not_count() {
        is_the_same(&LETTER.replace("\r\n", "\n"));
        is_the_same(&LETTER.replace("\r\nFrom here", "\r\n>From here"));
        is_the_same(&format!("{LETTER}\r\n\r\n"));
        is_the_same(LETTER.trim_end());
        is_the_same(&LETTER.replace("a\r\n long one", "a long\r\n\tone"));
        let added = "Return-Path: <a@b>\r\nDelivered-To: c@d\r\nReceived: by x;\r\n now\r\nX-Spam-Score: 1\r\nARC-Seal: i=1\r\n";
        is_the_same(&format!("{added}{LETTER}"));
        is_the_same(&format!(
            "X-Gmail-Labels: Inbox\r\nStatus: RO\r\nX-Mozilla-Status: 0001\r\nReplied: now\r\n{LETTER}"
        ));
    }

    #[test]
    fn what_people_write_counts() {
        let differs = |other: String| Identity::of(LETTER.as_bytes()) != Identity::of(other.as_bytes());
        assert!(differs(LETTER.replace("hi", "ho")) && differs(LETTER.replace("hi\r\n", "hi\r\n\r\n")));
        assert!(differs(LETTER.replace("one.test>", "two.test>")) && differs(LETTER.replace("a\r\n", "b\r\n")));
        assert!(differs(format!("X-Own: 1\r\n{LETTER}")));
        let of = |text: &str| Identity::of(text.as_bytes());
        assert_ne!(of("no header at all"), of("no header either"));
        assert_ne!(of(""), of("x"));
    }

    #[test]
    fn letters_without_a_name_are_told_by_their_way() {
        let nightly = |way: &str| Identity::of(format!("Received: {way}\r\nSubject: backup\r\n\r\nok\r\n").as_bytes());
        assert_ne!(nightly("on Monday"), nightly("on Tuesday"));
    }

    #[test]
    fn a_letter_of_line_ends_alone_costs_no_more_than_its_size() {
        let text = b"A: b\n\n".iter().copied().chain(std::iter::repeat_n(b'\n', 4 << 20)).collect::<Vec<_>>();
        assert_eq!(Identity::of(&text), Identity::of(b"A: b\n\n"));
    }
}
