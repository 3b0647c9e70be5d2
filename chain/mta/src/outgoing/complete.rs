//! Completes the header of a letter that one of our people wrote (RFC 6409 §8).

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use mail::header::{self, Field, Mention};
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

/// Returns the octets of the letter with the fields that RFC 5322 §3.6 asks for (Date, From, and Message-ID, §3.6.4; Sender,
/// where it has several authors, §3.6.2) and without those that its author may not send: Bcc, which only the author may see,
/// and what only servers may say. New fields stand behind the trace fields that the letter begins with. All other octets stay
/// as they are; if there is nothing to change, nothing is copied.
pub(super) fn completed(letter: &Letter, author: &Author<'_>) -> Bytes {
    let (missing, raw) = (missing(letter, author), &letter.raw);
    let hidden: Vec<Field<'_>> = header::fields(raw).filter(|field| is_hidden(field, author.hostname)).collect();
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
        if !field.is("Received") || offset(letter, field.whole) != length {
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
    if has_several_authors(&letter.raw) && !has(&letter.raw, "Sender") {
        let _ = write!(fields, "Sender: {address}\r\n");
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

/// RFC 5322 §3.6.2: then Sender says which of them has sent it.
fn has_several_authors(letter: &[u8]) -> bool {
    let Some(from) = header::find(letter, "From") else { return false };
    let authors = header::mentions(&from.value(), 3);
    authors.iter().filter(|mention| matches!(mention, Mention::Mailbox { .. })).count() > 1
}

/// RFC 5322 §3.6.3: recipients in Bcc are not to be seen. RFC 5321 §4.4: Return-Path is written where a letter is delivered.
/// RFC 8601 §5: what checks have found is for servers to say, and not in our name for anybody else. At which address the
/// author sits is nobody's business. An empty field of those we add would stand there twice.
fn is_hidden(field: &Field<'_>, hostname: &Domain) -> bool {
    let emptied =
        ["Date", "From", "Sender", "Message-ID"].iter().any(|name| field.is(name)) && field.value().is_empty();
    let unsent = ["Bcc", "Resent-Bcc", "Return-Path", "X-Originating-IP"].iter().any(|name| field.is(name));
    emptied || unsent || (field.is("Authentication-Results") && is_in_the_name_of(&field.value(), hostname))
}

/// Tells whether results name this server as the one that has checked. A comment may stand before the name.
fn is_in_the_name_of(results: &[u8], hostname: &Domain) -> bool {
    let server = results.split(|octet| *octet == b';').next().unwrap_or_default();
    String::from_utf8_lossy(server).to_ascii_lowercase().contains(hostname.as_str())
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
    fn what_only_servers_may_say_does_not_leave_with_a_letter_of_ours() {
        let forged = "Authentication-Results: mail.ALPHA.test; dkim=pass\r\nAuthentication-Results: (x) mail.alpha.test\r\n 1; spf=pass\r\n";
        let others = "Authentication-Results: mx.beta.test; dkim=pass header.d=mail.alpha.test\r\n";
        let letter = format!(
            "Return-Path: <boss@alpha.test>\r\n{DATE}{FROM}{forged}{ID}{others}X-Originating-IP: 192.0.2.1\r\n\r\nb\r\n"
        );
        assert_eq!(fixed(&letter), format!("{DATE}{FROM}{ID}{others}\r\nb\r\n"));
    }

    #[test]
    fn a_letter_of_several_authors_says_which_of_them_has_sent_it() {
        let both = "From: a@alpha.test, \"B, ob\" <b@alpha.test>\r\n";
        let sender = "Sender: alice@alpha.test\r\n";
        assert_eq!(fixed(&format!("{DATE}{both}{ID}\r\n")), format!("{sender}{DATE}{both}{ID}\r\n"));
        let said = format!("{DATE}{both}Sender: b@alpha.test\r\n{ID}\r\n");
        assert_eq!(fixed(&said), said);
        assert_eq!(fixed(&format!("{DATE}{both}Sender:\r\n{ID}\r\n")), format!("{sender}{DATE}{both}{ID}\r\n"));
        let one = format!("{DATE}From: \"A, lice\" <a@alpha.test>\r\n{ID}\r\n");
        assert_eq!(fixed(&one), one);
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
        fn a_fixed_letter_needs_no_fixing(letter in "((Date|From|Sender|Bcc|Return-Path|Received|X):[ a-z@<>\t]{0,8}\r\n( y\r\n)?){0,6}(\r\n)?[a-z:\r\n]{0,9}") {
            let once = fixed(&letter);
            prop_assert_eq!(fixed(&once), once);
        }
    }
}
