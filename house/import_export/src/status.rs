//! Fields that mail programs put before a letter to remember its state. They are read, and taken off: they are no part of
//! the letter.

use mail::header;
use mailbox::System;

/// The flags and keywords that such fields said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Flags.
    pub system: System,
    /// Keywords.
    pub keywords: Vec<String>,
    /// The value of X-Gmail-Labels, unfolded.
    pub labels: Option<Vec<u8>>,
    /// Deleted in Thunderbird, and only not yet swept out of the file.
    pub expunged: bool,
    /// True if any of them said something about flags.
    pub known: bool,
}

/// Fields of mbox files (Dovecot, UW, mutt, Python), which a letter elsewhere may have for itself.
const OF_MBOX: [&str; 7] = ["Status", "X-Status", "X-Keywords", "X-UID", "X-IMAP", "X-IMAPbase", "Content-Length"];
/// Fields that mean the same wherever they stand: of Thunderbird and of Google Takeout.
const OF_ALL: [&str; 6] =
    ["X-Mozilla-Status", "X-Mozilla-Status2", "X-Mozilla-Keys", "X-Gmail-Labels", "X-GM-THRID", "X-GM-THIRD"];

/// Reads the fields of a letter. Returns the letter without them; `None` if it has none.
pub fn read(letter: &[u8], of_mbox: bool) -> (Status, Option<Vec<u8>>) {
    let mut status = Status::default();
    let (mut rest, mut copied) = (Vec::new(), 0);
    let base = letter.as_ptr().addr();
    for field in header::fields(letter) {
        let ours = OF_ALL.iter().chain(if of_mbox { &OF_MBOX[..] } else { &[] }).find(|name| field.is(name));
        let Some(name) = ours else { continue };
        note(&mut status, name, &field.value());
        let at = field.whole.as_ptr().addr() - base;
        rest.extend_from_slice(&letter[copied..at]);
        copied = at + field.whole.len();
    }
    if copied == 0 {
        return (status, None);
    }
    rest.extend_from_slice(&letter[copied..]);
    (status, Some(rest))
}

fn note(status: &mut Status, name: &str, value: &[u8]) {
    let has = |letter: u8| value.contains(&letter);
    let mut set = |flag: System, is_set: bool| {
        if is_set {
            status.system |= flag;
        }
    };
    match name {
        "Status" => {
            set(System::SEEN, has(b'R'));
            set(System::DELETED, has(b'D'));
        }
        "X-Status" => {
            set(System::ANSWERED, has(b'A'));
            set(System::FLAGGED, has(b'F'));
            set(System::DELETED, has(b'D'));
            set(System::DRAFT, has(b'T'));
        }
        "X-Mozilla-Status" => {
            let text = String::from_utf8_lossy(value);
            let bits = u16::from_str_radix(text.trim(), 16).unwrap_or(0);
            set(System::SEEN, bits & 0x0001 != 0);
            set(System::ANSWERED, bits & 0x0002 != 0);
            set(System::FLAGGED, bits & 0x0004 != 0);
            status.expunged = bits & 0x0008 != 0;
            if bits & 0x1000 != 0 {
                status.keywords.push("$Forwarded".to_owned());
            }
        }
        "X-Keywords" | "X-Mozilla-Keys" => {
            let words = String::from_utf8_lossy(value);
            status.keywords.extend(words.split_whitespace().map(str::to_owned));
        }
        "X-Gmail-Labels" => status.labels = Some(value.to_vec()),
        _ => {}
    }
    status.known |= matches!(name, "Status" | "X-Status" | "X-Mozilla-Status");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_an_mbox_are_read_and_taken_off() {
        let letter = b"Status: RO\nSubject: x\nX-Status: AF\nX-Keywords: a  b\nX-UID: 4\n\nStatus: no field\n";
        let (status, rest) = read(letter, true);
        assert_eq!(status.system, System::SEEN | System::ANSWERED | System::FLAGGED);
        assert_eq!(status.keywords, ["a", "b"]);
        assert_eq!(rest.as_deref(), Some(&b"Subject: x\n\nStatus: no field\n"[..]));
    }

    #[test]
    fn elsewhere_a_status_is_the_letters_own() {
        let (status, rest) = read(b"Status: RO\n\n", false);
        assert_eq!((status, rest), (Status::default(), None));
    }

    #[test]
    fn thunderbirds_bits_are_known() {
        let (status, rest) =
            read(b"X-Mozilla-Status: 1007\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: $label1   \nA: b\n\n", false);
        assert_eq!(status.system, System::SEEN | System::ANSWERED | System::FLAGGED);
        assert_eq!(status.keywords, ["$Forwarded", "$label1"]);
        assert!(!status.expunged && status.known);
        assert_eq!(rest.as_deref(), Some(&b"A: b\n\n"[..]));
        assert!(read(b"X-Mozilla-Status: 0009\n\n", true).0.expunged);
        assert_eq!(read(b"X-Mozilla-Status: rubbish\n\n", true).0.system, System::NONE);
    }
}
