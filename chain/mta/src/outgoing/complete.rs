//! Completes the header of a letter that one of our people wrote (RFC 6409 §8).

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use mail::header::{self, Field};
use mail::{Address, Domain, Letter, Timestamp};

/// The author of a letter, the server and the time: for the fields that the letter lacks.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// This server, for a missing Message-ID: `<letter@hostname>`.
    pub hostname: &'a Domain,
    /// The time of a missing Date.
    pub now: Timestamp,
    /// For a missing From.
    pub address: &'a Address,
}

/// Returns the octets of the letter with the fields that RFC 5322 §3.6 asks for (Date, From, and Message-ID, §3.6.4) and
/// without Bcc, which only the author may see. New fields stand behind the trace fields that the letter begins with. All
/// other octets stay as they are; if there is nothing to change, nothing is copied.
pub(super) fn completed(letter: &Letter, author: &Author<'_>) -> Bytes {
    let (missing, raw) = (missing(letter, author), &letter.raw);
    let hidden: Vec<Field<'_>> = header::fields(raw).filter(is_hidden).collect();
    if missing.is_empty() && hidden.is_empty() {
        return raw.clone();
    }
    let mut complete = BytesMut::with_capacity(missing.len() + raw.len() + 2);
    let mut copied = trace_length(raw);
    complete.extend_from_slice(&raw[..copied]);
    complete.extend_from_slice(missing.as_bytes());
    if is_bare_body(&raw[copied..]) {
        complete.extend_from_slice(b"\r\n");
    }
    for field in hidden {
        let start = offset(raw, field.whole);
        complete.extend_from_slice(&raw[copied..start]);
        copied = start + field.whole.len();
    }
    complete.extend_from_slice(&raw[copied..]);
    complete.freeze()
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

fn missing(letter: &Letter, author: &Author<'_>) -> String {
    let Author { hostname, now, address } = author;
    let mut fields = String::new();
    if !has(&letter.raw, "Date") {
        let _ = write!(fields, "Date: {}\r\n", now.rfc5322());
    }
    if !has(&letter.raw, "From") {
        let _ = write!(fields, "From: {address}\r\n");
    }
    if !has(&letter.raw, "Message-ID") {
        let _ = write!(fields, "Message-ID: <{}@{hostname}>\r\n", letter.id);
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
    use mail::LetterId;
    use proptest::prelude::*;

    use super::*;

    fn complete(raw: Bytes) -> Bytes {
        let hostname = Domain::parse("mail.alpha.test").unwrap();
        let address = Address::parse("alice@alpha.test").unwrap();
        let now = Timestamp::from_seconds(1_795_501_377);
        let letter = Letter { id: LetterId::from_random([0; 10]), raw };
        completed(&letter, &Author { hostname: &hostname, now, address: &address })
    }

    fn fixed(letter: &str) -> String {
        String::from_utf8(complete(Bytes::copy_from_slice(letter.as_bytes())).to_vec()).unwrap()
    }

    const DATE: &str = "Date: Tue, 24 Nov 2026 06:22:57 +0000\r\n";
    const FROM: &str = "From: alice@alpha.test\r\n";
    const ID: &str = "Message-ID: <aaaaaaaaaaaaaaaa@mail.alpha.test>\r\n";

    #[test]
    fn a_complete_letter_stays_as_it_is() {
        let letter = Bytes::from_static(b"Date: x\r\nFROM: y@z.test\r\nmessage-id: <1@z.test>\r\n\r\nBcc: body\r\n");
        assert_eq!(complete(letter.clone()).as_ptr(), letter.as_ptr());
    }

    #[test]
    fn what_is_missing_is_added_behind_the_trace() {
        assert_eq!(
            fixed("Received: by x;\r\n\ty\r\nSubject: s\r\n\r\nb\r\n"),
            format!("Received: by x;\r\n\ty\r\n{DATE}{FROM}{ID}Subject: s\r\n\r\nb\r\n")
        );
        assert_eq!(
            fixed("Received: y\r\nDate: x\r\nFrom: a@b.test\r\n\r\n"),
            format!("Received: y\r\n{ID}Date: x\r\nFrom: a@b.test\r\n\r\n")
        );
    }

    #[test]
    fn an_empty_field_is_replaced() {
        assert_eq!(
            fixed("Date: \r\nFrom: a@b.test\r\nMessage-ID:\r\n <1@b>\r\n\r\n"),
            format!("{DATE}From: a@b.test\r\nMessage-ID:\r\n <1@b>\r\n\r\n")
        );
    }

    #[test]
    fn hidden_recipients_stay_hidden() {
        let letter = format!(
            "{DATE}{FROM}Bcc: eve@x.test,\r\n mallory@x.test\r\n{ID}BCC:\r\nTo: bob@beta.test\r\n\r\nBcc: text\r\n"
        );
        assert_eq!(fixed(&letter), format!("{DATE}{FROM}{ID}To: bob@beta.test\r\n\r\nBcc: text\r\n"));
    }

    #[test]
    fn a_body_alone_gets_a_header_and_the_line_between() {
        assert_eq!(fixed("hello\r\n"), format!("{DATE}{FROM}{ID}\r\nhello\r\n"));
        assert_eq!(fixed("\r\nhello\r\n"), format!("{DATE}{FROM}{ID}\r\nhello\r\n"));
        assert_eq!(fixed("Received: x\r\nhello\r\n"), format!("Received: x\r\n{DATE}{FROM}{ID}\r\nhello\r\n"));
        assert_eq!(fixed("Received: x\r\n"), format!("Received: x\r\n{DATE}{FROM}{ID}\r\n"));
    }

    proptest! {
        #[test]
        fn a_fixed_letter_needs_no_fixing(letter in "((Date|From|Bcc|Received|X):[ a-z@<>\t]{0,8}\r\n( y\r\n)?){0,6}(\r\n)?[a-z:\r\n]{0,9}") {
            let once = fixed(&letter);
            prop_assert_eq!(fixed(&once), once);
        }
    }
}
