//! A letter as Apple Mail keeps it (`12.emlx`): a line with its length, the letter, and a property list with its flags.

use mail::Timestamp;
use mailbox::System;
use memchr::memmem;

use crate::Fault;
use crate::state::FORWARDED;
use crate::told::Told;

/// Bits of `flags`.
const FLAGS: [(u64, System); 5] = [
    (1 << 0, System::SEEN),
    (1 << 1, System::DELETED),
    (1 << 2, System::ANSWERED),
    (1 << 4, System::FLAGGED),
    (1 << 6, System::DRAFT),
];
/// Bits that keywords say here (as RFC 8621 §4.1.1 and Apple itself over IMAP call them).
const KEYWORDS: [(u64, &str); 3] = [(1 << 8, FORWARDED), (1 << 24, "$Junk"), (1 << 25, "$NotJunk")];

/// Returns true for the name of such a file. `12.partial.emlx` is one whose attachments lie elsewhere.
pub fn is_one(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("emlx"))
}

/// Takes a file apart: the letter, and what its property list says.
pub fn read(content: &[u8]) -> Result<(Vec<u8>, Told), Fault> {
    let line_end = memchr::memchr(b'\n', &content[..content.len().min(64)]).ok_or(Fault::NoLetter)?;
    let length = std::str::from_utf8(&content[..line_end]).ok().and_then(|line| line.trim().parse::<u64>().ok());
    let length = length.and_then(|length| usize::try_from(length).ok()).ok_or(Fault::NoLetter)?;
    let rest = &content[line_end + 1..];
    let letter = rest.get(..length).ok_or(Fault::Short)?;
    Ok((letter.to_vec(), told(&rest[length..])))
}

fn told(list: &[u8]) -> Told {
    let flags = number(list, "flags").unwrap_or(0);
    let system = FLAGS.iter().filter(|(bit, _)| flags & bit != 0).fold(System::NONE, |all, (_, flag)| all | *flag);
    let keywords = KEYWORDS.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, word)| (*word).to_owned()).collect();
    let received = number(list, "date-received").and_then(|seconds| i64::try_from(seconds).ok());
    let received = received.filter(|seconds| *seconds > 0).map(Timestamp::from_seconds);
    Told { system, keywords, received, also: Vec::new() }
}

/// `<key>flags</key><integer>8623750145</integer>`; dates may be `real`.
fn number(list: &[u8], key: &str) -> Option<u64> {
    let key = format!("<key>{key}</key>");
    let rest = list[memmem::find(list, key.as_bytes())? + key.len()..].trim_ascii_start();
    let rest = rest.strip_prefix(b"<integer>").or_else(|| rest.strip_prefix(b"<real>"))?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(letter: &str, list: &str) -> Vec<u8> {
        format!("{:<10}\n{letter}<?xml version=\"1.0\"?>\n<plist><dict>\n{list}</dict></plist>\n", letter.len()).into()
    }

    #[test]
    fn the_letter_is_cut_out_and_its_flags_are_read() {
        let list = "\t<key>date-received</key>\n\t<integer>1795501377</integer>\n\t<key>flags</key>\n\t<integer>8590195733</integer>\n";
        let (letter, told) = read(&file("Subject: x\n\nhi\n", list)).expect("a letter");
        assert_eq!(letter, b"Subject: x\n\nhi\n");
        assert_eq!(told.system, System::SEEN | System::ANSWERED | System::FLAGGED);
        assert_eq!(told.received, Some(Timestamp::from_seconds(1_795_501_377)));
    }

    #[test]
    fn forwarded_and_junk_are_keywords() {
        let flags = (1 << 8) | (1 << 24) | (1 << 6);
        let (_, told) =
            read(&file("A: b\n\n", &format!("<key>flags</key><integer>{flags}</integer>"))).expect("a letter");
        assert_eq!((told.system, told.keywords), (System::DRAFT, vec![FORWARDED.to_owned(), "$Junk".to_owned()]));
    }

    #[test]
    fn what_is_cut_short_or_no_such_file_is_told() {
        assert_eq!(read(b"500\nSubject: x\n\n"), Err(Fault::Short));
        for other in [&b""[..], b"x\n", b"Subject: x\n\n", b"99999999999999999999999999\n", b"-1\nA: b\n"] {
            assert_eq!(read(other), Err(Fault::NoLetter), "{}", other.escape_ascii());
        }
    }
}
