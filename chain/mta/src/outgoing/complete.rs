//! Completes the header of a letter that one of our people wrote (RFC 6409 §8).

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use mail::header::{self, Field};
use mail::{Address, Domain, LetterId, Timestamp};

/// The values to put into a letter that misses something.
#[derive(Clone, Copy, Debug)]
pub struct Fixer<'a> {
    /// The id of a missing Message-ID: `<id@hostname>`.
    pub id: LetterId,
    /// See `id`.
    pub hostname: &'a Domain,
    /// The time of a missing Date.
    pub now: Timestamp,
    /// The author in a missing From.
    pub author: &'a Address,
}

/// Returns the letter with the fields that RFC 5322 §3.6 asks for (Date, From, and Message-ID, §3.6.4) and without
/// Bcc, which only the sender may see. New fields stand behind the trace fields that the letter begins with; `front`
/// (a Received field, say, with its line end) stands before them all. All other bytes stay as they are; if there is
/// nothing to change, nothing is copied.
pub fn fix(letter: &Bytes, front: &str, fixer: &Fixer<'_>) -> Bytes {
    let missing = missing(letter, fixer);
    let hidden: Vec<Field<'_>> = header::fields(letter).filter(is_hidden).collect();
    if front.is_empty() && missing.is_empty() && hidden.is_empty() {
        return letter.clone();
    }
    let mut fixed = BytesMut::with_capacity(front.len() + missing.len() + letter.len() + 2);
    fixed.extend_from_slice(front.as_bytes());
    let mut copied = trace_length(letter);
    fixed.extend_from_slice(&letter[..copied]);
    fixed.extend_from_slice(missing.as_bytes());
    if is_bare_body(&letter[copied..]) {
        fixed.extend_from_slice(b"\r\n");
    }
    for field in hidden {
        let start = offset(letter, field.whole);
        fixed.extend_from_slice(&letter[copied..start]);
        copied = start + field.whole.len();
    }
    fixed.extend_from_slice(&letter[copied..]);
    fixed.freeze()
}

/// The length of the trace fields that the letter begins with (RFC 5322 §3.6.7).
fn trace_length(letter: &[u8]) -> usize {
    let mut length = 0;
    for field in header::fields(letter) {
        let is_trace = field.is("Received") || field.is("Return-Path");
        if !is_trace || offset(letter, field.whole) != length {
            break;
        }
        length += field.whole.len();
    }
    length
}

/// Returns the position of `part`, a slice of `whole`, in `whole`.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

/// Tells whether a letter has no header field and begins with its body: an empty line must part the body from the
/// fields put before it.
fn is_bare_body(rest: &[u8]) -> bool {
    header::fields(rest).next().is_none() && !rest.starts_with(b"\r\n")
}

fn missing(letter: &[u8], fixer: &Fixer<'_>) -> String {
    let mut fields = String::new();
    if !has(letter, "Date") {
        let _ = write!(fields, "Date: {}\r\n", fixer.now.rfc5322());
    }
    if !has(letter, "From") {
        let _ = write!(fields, "From: {}\r\n", fixer.author);
    }
    if !has(letter, "Message-ID") {
        let _ = write!(fields, "Message-ID: <{}@{}>\r\n", fixer.id, fixer.hostname);
    }
    fields
}

/// There, and not empty.
fn has(letter: &[u8], name: &str) -> bool {
    header::fields(letter).any(|field| field.is(name) && !field.value().is_empty())
}

/// RFC 5322 §3.6.3: recipients in Bcc are not to be seen. An empty field of those we add would stand there twice.
fn is_hidden(field: &Field<'_>) -> bool {
    let emptied = ["Date", "From", "Message-ID"].iter().any(|name| field.is(name)) && field.value().is_empty();
    emptied || field.is("Bcc") || field.is("Resent-Bcc")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fixed(letter: &str, front: &str) -> String {
        let hostname = Domain::parse("mail.alpha.test").unwrap();
        let author = Address::parse("alice@alpha.test").unwrap();
        let fixer = Fixer {
            id: LetterId::from_random([0; 10]),
            hostname: &hostname,
            now: Timestamp::from_seconds(1_795_501_377),
            author: &author,
        };
        String::from_utf8(fix(&Bytes::copy_from_slice(letter.as_bytes()), front, &fixer).to_vec()).unwrap()
    }

    const DATE: &str = "Date: Tue, 24 Nov 2026 06:22:57 +0000\r\n";
    const FROM: &str = "From: alice@alpha.test\r\n";
    const ID: &str = "Message-ID: <aaaaaaaaaaaaaaaa@mail.alpha.test>\r\n";

    #[test]
    fn a_complete_letter_stays_as_it_is() {
        let letter = Bytes::from_static(b"Date: x\r\nFROM: y@z.test\r\nmessage-id: <1@z.test>\r\n\r\nBcc: body\r\n");
        let hostname = Domain::parse("mail.alpha.test").unwrap();
        let author = Address::parse("alice@alpha.test").unwrap();
        let id = LetterId::from_random([0; 10]);
        let same = fix(&letter, "", &Fixer { id, hostname: &hostname, now: Timestamp(0), author: &author });
        assert_eq!(same.as_ptr(), letter.as_ptr());
    }

    #[test]
    fn what_is_missing_is_added_behind_the_trace() {
        assert_eq!(
            fixed("Received: by x;\r\n\ty\r\nSubject: s\r\n\r\nb\r\n", ""),
            format!("Received: by x;\r\n\ty\r\n{DATE}{FROM}{ID}Subject: s\r\n\r\nb\r\n")
        );
        assert_eq!(
            fixed("Date: x\r\nFrom: a@b.test\r\n\r\n", "Received: y\r\n"),
            format!("Received: y\r\n{ID}Date: x\r\nFrom: a@b.test\r\n\r\n")
        );
    }

    #[test]
    fn an_empty_field_is_replaced() {
        assert_eq!(
            fixed("Date: \r\nFrom: a@b.test\r\nMessage-ID:\r\n <1@b>\r\n\r\n", ""),
            format!("{DATE}From: a@b.test\r\nMessage-ID:\r\n <1@b>\r\n\r\n")
        );
    }

    #[test]
    fn hidden_recipients_stay_hidden() {
        let letter = format!(
            "{DATE}{FROM}Bcc: eve@x.test,\r\n mallory@x.test\r\n{ID}BCC:\r\nTo: bob@beta.test\r\n\r\nBcc: text\r\n"
        );
        assert_eq!(fixed(&letter, ""), format!("{DATE}{FROM}{ID}To: bob@beta.test\r\n\r\nBcc: text\r\n"));
    }

    #[test]
    fn a_body_alone_gets_a_header_and_the_line_between() {
        assert_eq!(fixed("hello\r\n", ""), format!("{DATE}{FROM}{ID}\r\nhello\r\n"));
        assert_eq!(fixed("\r\nhello\r\n", ""), format!("{DATE}{FROM}{ID}\r\nhello\r\n"));
        assert_eq!(fixed("", "Received: x\r\n"), format!("Received: x\r\n{DATE}{FROM}{ID}\r\n"));
    }

    proptest! {
        #[test]
        fn a_fixed_letter_needs_no_fixing(letter in "((Date|From|Bcc|Received|X):[ a-z@<>\t]{0,8}\r\n( y\r\n)?){0,6}(\r\n)?[a-z:\r\n]{0,9}") {
            let once = fixed(&letter, "");
            prop_assert_eq!(fixed(&once, ""), once);
        }
    }
}
