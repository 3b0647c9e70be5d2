//! The one place that every letter passes which leaves this server: only an [`Outgoing`] enters the queue.
//!
//! There are two kinds:
//! * A letter that is **written here**, by one of our people or by this server, changes its octets here and nowhere
//!   else: it gets the Date and the Message-ID that it lacks, it loses its Bcc, and its 8-bit parts are encoded in 7 bits,
//!   so that a signature survives also a server without 8BITMIME (RFC 6152). It is made once, before anything is filed or
//!   queued, and all its copies have the same octets, also those of people here.
//! * A letter that **passes through** (an alias of ours that leads elsewhere, a redirection) is kept and sent octet for
//!   octet, so that the signatures of others stay good. Only a server without 8BITMIME gets a converted copy of it, made
//!   for that server alone ([`crate::delivery`]); the history of the letter says what that cost.
//!
//! A letter that is written here is also **signed** here, by the keys of the domain that it is from, at the end of
//! [`finished`]: that has the octets that leave, and nothing behind it changes any of them. A letter that passes through is
//! never signed: it is somebody else's.

mod complete;
pub(crate) mod seven_bit;

use bytes::{Bytes, BytesMut};
use mail::sign::{Sign, Signed};
use mail::trace::Event;
use mail::{Finding, Letter, Timestamp};

pub use complete::Author;
use complete::completed;
use seven_bit::{Whose, seven_bit, travels};

/// A letter as it leaves, and as everybody gets it who is named on its envelope. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outgoing {
    letter: Letter,
    /// The facts about its signatures.
    signing: Vec<Finding>,
}

impl Outgoing {
    /// A letter that `author` wrote here, signed by `signer`. Looking through it, encoding it and signing it take a millisecond
    /// at least, and time in proportion to its size: it is worked on where a thread may compute.
    pub fn written_here(letter: Letter, author: &Author<'_>, signer: &dyn Sign) -> Self {
        let raw = completed(&letter, author);
        finished(Letter { raw, ..letter }, author.now, signer)
    }

    /// A report of this server, which is made `now`: its header is complete. Like [`Self::written_here`], it computes.
    pub fn report(letter: Letter, now: Timestamp, signer: &dyn Sign) -> Self {
        finished(letter, now, signer)
    }

    /// A letter that others wrote, or one that was made an outgoing one before: no octet of it changes.
    pub fn passing_through(letter: Letter) -> Self {
        Self { letter, signing: Vec::new() }
    }

    /// The letter.
    pub fn letter(&self) -> &Letter {
        &self.letter
    }

    /// Returns the events, for the history of the letter, that say which keys have signed it, or why none has. There are none
    /// of a letter that is from nobody here.
    pub fn signed(&self) -> impl Iterator<Item = Event> {
        self.signing.iter().map(Finding::event)
    }
}

/// The last octets of a letter that is written here, with the signatures of the domain that it is from.
fn finished(letter: Letter, now: Timestamp, signer: &dyn Sign) -> Outgoing {
    let raw = safe_in_seven_bits(letter.raw);
    let Signed { fields, findings } = signer.sign(&raw, now);
    Outgoing { letter: Letter { raw: headed(&fields, raw), ..letter }, signing: findings }
}

/// The letter behind these fields (RFC 6376 §5.6: a signature stands before the fields that it signs).
fn headed(fields: &str, raw: Bytes) -> Bytes {
    if fields.is_empty() {
        return raw;
    }
    let mut whole = BytesMut::with_capacity(fields.len() + raw.len());
    whole.extend_from_slice(fields.as_bytes());
    whole.extend_from_slice(&raw);
    whole.freeze()
}

/// The letter with its 8-bit parts, and those with lines that are too long, encoded. It stays as it is, as a whole, where that would harm it: where somebody has
/// signed what would have to change, or where its header needs 8 bits anyway. A server without 8BITMIME then gets a
/// converted copy, or the author a report.
fn safe_in_seven_bits(raw: Bytes) -> Bytes {
    if travels(&raw) {
        return raw;
    }
    match seven_bit(&raw, Whose::WrittenHere) {
        Ok(converted) => converted.octets.into(),
        Err(_cannot) => raw,
    }
}

#[cfg(test)]
mod tests {
    use mail::finding::{SIGNATURE, SIGNED};
    use mail::sign::Unsigned;
    use mail::{Address, Domain, LetterId};

    use super::*;

    fn written(raw: &str) -> String {
        let hostname = Domain::parse("mail.alpha.test").unwrap();
        let address = Address::parse("alice@alpha.test").unwrap();
        let letter = Letter { id: LetterId::from_random([0; 10]), raw: Bytes::copy_from_slice(raw.as_bytes()) };
        let author = Author { hostname: &hostname, now: Timestamp(0), address: &address };
        let outgoing = Outgoing::written_here(letter, &author, &Unsigned);
        let again = Outgoing::written_here(outgoing.letter().clone(), &author, &Unsigned);
        assert_eq!(again.letter().raw, outgoing.letter().raw, "it changes once");
        String::from_utf8(outgoing.letter().raw.to_vec()).unwrap()
    }

    const HEAD: &str = "Date: x\r\nFrom: alice@alpha.test\r\nMessage-ID: <1@alpha.test>\r\n";

    #[test]
    fn a_letter_that_is_written_here_needs_no_server_with_8bitmime() {
        let letter = written(&format!(
            "{HEAD}Bcc: eve@x.test\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
             À bientôt\r\n"
        ));
        assert!(letter.is_ascii() && letter.starts_with(HEAD) && !letter.contains("eve"), "{letter}");
        assert!(letter.ends_with("Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=80 bient=C3=B4t\r\n"));
    }

    #[test]
    fn a_line_that_servers_would_break_leaves_encoded_and_what_has_none_as_it_is() {
        let long = "x".repeat(999);
        let letter = written(&format!("{HEAD}\r\n{long}\r\n"));
        assert!(letter.contains("quoted-printable") && letter.lines().all(|line| line.len() <= 998), "{letter}");
        let short = format!("{HEAD}\r\n{}\r\n", "x".repeat(998));
        assert_eq!(written(&short), short);
        // A part that is encoded already stays, and so does a header.
        let base64 = format!("{HEAD}Content-Transfer-Encoding: base64\r\n\r\n{long}\r\n");
        assert_eq!(written(&base64), base64);
        let header = format!("{HEAD}References: {long}\r\n\r\nx\r\n");
        assert_eq!(written(&header), header);
    }

    #[test]
    fn what_somebody_has_signed_is_not_touched() {
        let signed =
            "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\né\r\n--s\r\n\r\nsignature\r\n--s--\r\n";
        let dkim = "DKIM-Signature: v=1; b=x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\né\r\n";
        let arc = "ARC-Message-Signature: i=1; b=x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\né\r\n";
        for own in [signed, dkim, arc] {
            let letter = format!("{HEAD}{own}");
            assert_eq!(written(&letter), letter);
        }
        for inner in [signed, dkim, arc] {
            let part = |content: &str| format!("--b\r\n{content}\r\n");
            let forwarded = part(&format!("Content-Type: message/rfc822\r\n\r\n{inner}"));
            let head = format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n");
            let letter = format!("{head}{}{forwarded}--b--\r\n", part("Content-Type: text/plain\r\n\r\nété\r\n"));
            assert_eq!(written(&letter), letter, "a letter in a letter");
        }
    }

    #[test]
    fn a_signed_part_in_seven_bits_stays_as_it_is_beside_one_that_is_encoded() {
        let signed =
            "--b\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nyes \r\n--s\r\n\r\nsign\r\n--s--\r\n";
        let text = "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nété\r\n";
        let letter =
            written(&format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{text}{signed}\r\n--b--\r\n"));
        assert!(letter.is_ascii() && letter.contains("=C3=A9t=C3=A9") && letter.contains(signed), "{letter}");
    }

    #[test]
    fn a_header_that_needs_8_bits_is_not_made_half_of() {
        let letter = format!("{HEAD}Subject: été\r\n\r\nété\r\n");
        assert_eq!(written(&letter), letter);
    }

    /// Signs by saying how many octets it was given.
    #[derive(Debug)]
    struct Counting;

    impl Sign for Counting {
        fn sign(&self, letter: &[u8], now: Timestamp) -> Signed {
            assert!(letter.is_ascii(), "the signer has the octets that leave");
            let fields = format!("DKIM-Signature: {} octets at {}\r\n", letter.len(), now.seconds());
            Signed { fields, findings: vec![Finding::new(SIGNATURE, "signed").because(SIGNED)] }
        }
    }

    #[test]
    fn a_signature_is_of_the_octets_that_leave_and_stands_before_them() {
        let raw = Bytes::from(format!("{HEAD}Content-Type: text/plain; charset=utf-8\r\n\r\n\u{e9}t\u{e9}\r\n"));
        let letter = Letter { id: LetterId::from_random([0; 10]), raw };
        let signed = Outgoing::report(letter, Timestamp::from_seconds(7), &Counting);
        let text = String::from_utf8(signed.letter().raw.to_vec()).unwrap();
        let (first, rest) = text.split_once("\r\n").unwrap();
        assert_eq!(first, format!("DKIM-Signature: {} octets at 7", rest.len()));
        assert!(rest.starts_with(HEAD) && rest.ends_with("=C3=A9t=C3=A9\r\n"), "{rest}");
        assert_eq!(signed.signed().count(), 1, "the history says so");
    }

    #[test]
    fn what_passes_through_keeps_every_octet() {
        let raw = Bytes::from_static(b"Bcc: eve@x.test\r\n\r\n\xe9\xff \x00\r\n");
        let letter = Letter { id: LetterId::from_random([0; 10]), raw: raw.clone() };
        assert_eq!(Outgoing::passing_through(letter).letter().raw, raw);
    }
}
