//! The letter on standard input: read as sendmail reads it, and its header understood and completed.

use std::io::Read;

use base64::prelude::{BASE64_STANDARD, Engine};
use mail::header::{self, Mention};
use mail::{Address, Domain};

/// The reason why there is no letter.
#[derive(Debug)]
pub enum ReadError {
    Empty,
    TooLarge { limit: usize },
    Io(std::io::Error),
}

/// Reads a letter and gives it CRLF line ends. A line with a single dot ends it, unless `whole` (sendmail's `-i`).
pub fn read(input: impl Read, whole: bool, limit: usize) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    input.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(ReadError::Io)?;
    let letter = with_crlf(&bytes, whole);
    if bytes.len() > limit || letter.len() > limit {
        return Err(ReadError::TooLarge { limit });
    }
    if letter.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::Empty);
    }
    Ok(letter)
}

/// Every line end becomes CRLF, also a lone CR: nothing that could be taken for something else further on.
fn with_crlf(bytes: &[u8], whole: bool) -> Vec<u8> {
    let mut letter = Vec::with_capacity(bytes.len() + bytes.len() / 32 + 2);
    let mut rest = bytes;
    // Programs that read from an mbox file pass its "From " line on.
    if rest.starts_with(b"From ") {
        rest = take_line(rest).1;
    }
    while !rest.is_empty() {
        let (line, after) = take_line(rest);
        if line == b"." && !whole {
            break;
        }
        letter.extend_from_slice(line);
        letter.extend_from_slice(b"\r\n");
        rest = after;
    }
    letter
}

fn take_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else { return (bytes, &[]) };
    let length = if bytes[end..].starts_with(b"\r\n") { 2 } else { 1 };
    (&bytes[..end], &bytes[end + length..])
}

/// A text that should have been an address, as it stood in the letter or on the command line.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAnAddress(pub String);

/// The recipients named in the header: To, Cc and Bcc, or their Resent- namesakes if the letter was resent
/// (RFC 5322 §3.6.6). `home` completes addresses without a domain.
pub fn recipients(letter: &[u8], home: &Domain) -> Result<Vec<Address>, NotAnAddress> {
    let plain = ["To", "Cc", "Bcc"];
    let resent = ["Resent-To", "Resent-Cc", "Resent-Bcc"];
    let was_resent = resent.iter().any(|name| header::find(letter, name).is_some());
    let names = if was_resent { resent } else { plain };
    let mut found = Vec::new();
    for field in header::fields(letter).filter(|field| names.iter().any(|name| field.is(name))) {
        found.extend(addresses(field.raw_value, home)?);
    }
    Ok(found)
}

/// The addresses of a list as people write it: `Bob <bob@beta.test>, carol`.
pub fn addresses(list: &[u8], home: &Domain) -> Result<Vec<Address>, NotAnAddress> {
    let mailboxes = header::mentions(list, usize::MAX).into_iter().filter_map(|mention| match mention {
        Mention::Mailbox { local, domain, .. } => Some((local, domain)),
        Mention::GroupStart(_) | Mention::GroupEnd => None,
    });
    mailboxes.map(|(local, domain)| address(&local, &domain, home)).collect()
}

fn address(local: &[u8], domain: &[u8], home: &Domain) -> Result<Address, NotAnAddress> {
    let local = String::from_utf8_lossy(local);
    let domain = String::from_utf8_lossy(domain);
    let wrong = || NotAnAddress(if domain.is_empty() { local.to_string() } else { format!("{local}@{domain}") });
    let domain = if domain.is_empty() { home.clone() } else { Domain::parse(&domain).map_err(|_| wrong())? };
    Address::new(&local, domain).map_err(|_| wrong())
}

/// Puts an empty line in front where the letter begins with its body, so that nothing of the body becomes a header.
pub fn with_header_end(letter: Vec<u8>) -> Vec<u8> {
    let first = header::fields(&letter).next();
    if first.is_some_and(|field| letter.starts_with(field.whole)) || letter.starts_with(b"\r\n") {
        return letter;
    }
    [b"\r\n", letter.as_slice()].concat()
}

/// A From field for a letter that has none.
pub fn from_field(name: Option<&str>, address: &Address) -> String {
    match name.map(str::trim).filter(|name| !name.is_empty()) {
        None => format!("From: {address}\r\n"),
        Some(name) => format!("From: {} <{address}>\r\n", phrase(name)),
    }
}

/// A name as it may stand before an address: quoted, or as encoded words (RFC 2047) if it is not ASCII.
fn phrase(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !c.is_control()).collect();
    if plain.is_ascii() {
        return format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let mut words = vec![String::new()];
    for c in plain.chars() {
        // RFC 2047 §2: 75 octets a word, of which base 64 leaves room for 45.
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= 45 => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    let encoded = words.iter().map(|word| format!("=?utf-8?b?{}?=", BASE64_STANDARD.encode(word)));
    encoded.collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Domain {
        Domain::parse("alpha.test").unwrap()
    }

    fn listed(letter: &[u8]) -> Vec<String> {
        recipients(letter, &home()).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn line_ends_become_crlf_and_a_lone_dot_ends_the_letter_unless_told_otherwise() {
        let typed = b"Subject: x\n\none\r\n.\ntwo";
        assert_eq!(read(&typed[..], false, 100).unwrap(), b"Subject: x\r\n\r\none\r\n");
        assert_eq!(read(&typed[..], true, 100).unwrap(), b"Subject: x\r\n\r\none\r\n.\r\ntwo\r\n");
        assert_eq!(read(&b"a\rb\n"[..], true, 100).unwrap(), b"a\r\nb\r\n");
        assert_eq!(read(&b"From x Tue\nTo: b\n"[..], true, 100).unwrap(), b"To: b\r\n");
    }

    #[test]
    fn nothing_or_too_much_is_no_letter() {
        assert!(matches!(read(&b"\n"[..], false, 100), Err(ReadError::Empty)));
        assert!(matches!(read(&b"x".repeat(101)[..], false, 100), Err(ReadError::TooLarge { limit: 100 })));
    }

    #[test]
    fn the_recipients_are_those_of_to_cc_and_bcc() {
        let letter =
            b"To: Bob <bob@beta.test>, carol\r\nCC: Team: d@x.test;\r\nBcc: e@x.test\r\n\r\nTo: no@body.test\r\n";
        assert_eq!(listed(letter), ["bob@beta.test", "carol@alpha.test", "d@x.test", "e@x.test"]);
        assert_eq!(listed(b"To: bob@beta.test\r\nResent-To: eve@x.test\r\n\r\n"), ["eve@x.test"]);
        assert_eq!(
            recipients(b"To: bob@be ta..test\r\n\r\n", &home()),
            Err(NotAnAddress("bob@be ta..test".to_owned()))
        );
    }

    #[test]
    fn a_letter_without_a_header_keeps_its_first_line_as_text() {
        assert_eq!(with_header_end(b"hello you\r\n".to_vec()), b"\r\nhello you\r\n");
        assert_eq!(with_header_end(b"To: a@x.test\r\n\r\nhi\r\n".to_vec()), b"To: a@x.test\r\n\r\nhi\r\n");
    }

    #[test]
    fn a_name_in_from_cannot_break_out() {
        let alice = Address::parse("alice@alpha.test").unwrap();
        assert_eq!(from_field(Some("A \"q\"\r\nBcc: x"), &alice), "From: \"A \\\"q\\\"Bcc: x\" <alice@alpha.test>\r\n");
        assert_eq!(from_field(None, &alice), "From: alice@alpha.test\r\n");
        assert_eq!(from_field(Some("Élise"), &alice), "From: =?utf-8?b?w4lsaXNl?= <alice@alpha.test>\r\n");
        let long = from_field(Some(&"é".repeat(40)), &alice);
        assert!(long.lines().all(|line| line.len() < 100) && long.contains("?=\r\n =?"));
    }
}
