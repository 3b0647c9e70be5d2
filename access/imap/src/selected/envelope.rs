//! `ENVELOPE` (RFC 9051 §2.3.5, §7.5.2) from the pieces of the header that were kept at filing.

use mail::header::Mention;
use mailbox::Summary;
use mailbox::parse::Piece;

use super::write::{Charset, nstring, string};

/// Writes the envelope.
pub fn envelope(out: &mut Vec<u8>, pieces: &Summary, charset: Charset) {
    out.push(b'(');
    nstring(out, pieces.date(), charset);
    out.push(b' ');
    nstring(out, pieces.subject(), charset);
    out.push(b' ');
    let from = out.len();
    addresses(out, pieces, Piece::From, charset);
    let from = from..out.len();
    for instead in [Piece::Sender, Piece::ReplyTo] {
        out.push(b' ');
        let start = out.len();
        addresses(out, pieces, instead, charset);
        // RFC 9051 §7.5.2: an absent or empty Sender or Reply-To is written as From.
        if out.ends_with(b"NIL") && out.len() == start + 3 {
            out.truncate(start);
            out.extend_from_within(from.clone());
        }
    }
    for field in [Piece::To, Piece::Cc, Piece::Bcc] {
        out.push(b' ');
        addresses(out, pieces, field, charset);
    }
    for field in [pieces.in_reply_to(), pieces.message_id()] {
        out.push(b' ');
        nstring(out, field, charset);
    }
    out.push(b')');
}

fn addresses(out: &mut Vec<u8>, pieces: &Summary, field: Piece, charset: Charset) {
    let list = pieces.mentions(field);
    if list.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for mention in &list {
        address(out, mention, charset);
    }
    out.push(b')');
}

fn address(out: &mut Vec<u8>, mention: &Mention, charset: Charset) {
    match mention {
        Mention::Mailbox { name, route, local, domain } => {
            out.push(b'(');
            nstring(out, name.as_deref(), charset);
            out.push(b' ');
            nstring(out, route.as_deref(), charset);
            out.push(b' ');
            string(out, local, charset);
            out.push(b' ');
            // A NIL host would mean the start of a group (RFC 9051 §7.5.2), so a missing one is an empty string.
            string(out, domain, charset);
            out.push(b')');
        }
        Mention::GroupStart(name) => {
            out.extend_from_slice(b"(NIL NIL ");
            string(out, name, charset);
            out.extend_from_slice(b" NIL)");
        }
        Mention::GroupEnd => out.extend_from_slice(b"(NIL NIL NIL NIL)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(header: &str, charset: Charset) -> String {
        let mut out = Vec::new();
        envelope(&mut out, &Summary::parse(header.as_bytes()), charset);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_envelope_of_the_standards_example() {
        // RFC 9051 §8.
        let header = "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
            From: Terry Gray <gray@cac.washington.edu>\r\n\
            Subject: IMAP4rev2 WG mtg summary and minutes\r\n\
            To: imap@cac.washington.edu\r\n\
            cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
            Message-Id: <B27397-0100000@cac.washington.ed>\r\n\r\n";
        assert_eq!(
            written(header, Charset::Ascii),
            "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
             ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((NIL NIL \"imap\" \"cac.washington.edu\")) \
             ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL \
             \"<B27397-0100000@cac.washington.ed>\")"
        );
    }

    #[test]
    fn an_empty_letter_has_an_envelope_of_nils() {
        assert_eq!(written("", Charset::Ascii), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    }

    #[test]
    fn groups_and_missing_hosts() {
        let text = written("To: Friends: a@x.test;, bob\r\n", Charset::Ascii);
        let expected = "((NIL NIL \"Friends\" NIL)(NIL NIL \"a\" \"x.test\")(NIL NIL NIL NIL)(NIL NIL \"bob\" \"\"))";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn an_empty_reply_to_is_told_to_be_from() {
        let text = written("From: a@x.test\r\nReply-To:\r\nSender: s@x.test\r\n", Charset::Ascii);
        let (from, sender) = ("((NIL NIL \"a\" \"x.test\"))", "((NIL NIL \"s\" \"x.test\"))");
        assert_eq!(text, format!("(NIL NIL {from} {sender} {from} NIL NIL NIL NIL NIL)"));
    }

    #[test]
    fn utf8_in_a_header_is_raw_only_where_it_was_enabled() {
        let header = "Subject: Été\r\nFrom: Zoë <zoë@x.test>\r\n";
        assert!(written(header, Charset::Utf8).contains("\"Été\" ((\"Zoë\" NIL \"zoë\" \"x.test\"))"));
        assert!(written(header, Charset::Ascii).is_ascii());
    }

    #[test]
    fn encoded_words_stay_encoded() {
        let header = "Subject: =?UTF-8?Q?=C3=89t=C3=A9?=\r\n =?UTF-8?Q?!?=\r\n";
        assert!(written(header, Charset::Utf8).contains("\"=?UTF-8?Q?=C3=89t=C3=A9?= =?UTF-8?Q?!?=\""));
    }
}
