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
//! **The signer's place is [`finished`]**: it has the octets that leave, and nothing behind it changes any of them.

mod complete;
pub(crate) mod seven_bit;

use bytes::Bytes;
use mail::Letter;

pub use complete::Author;
use complete::completed;
use seven_bit::{Whose, seven_bit};

/// A letter as it leaves, and as everybody gets it who is named on its envelope. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outgoing(Letter);

impl Outgoing {
    /// A letter that `author` wrote here. Looking through it and encoding it takes time in proportion to its size: a large
    /// one is worked on where a thread may compute.
    pub fn written_here(letter: Letter, author: &Author<'_>) -> Self {
        let raw = completed(&letter, author);
        finished(Letter { raw, ..letter })
    }

    /// A report of this server: its header is complete.
    pub fn report(letter: Letter) -> Self {
        finished(letter)
    }

    /// A letter that others wrote, or one that was made an outgoing one before: no octet of it changes.
    pub fn passing_through(letter: Letter) -> Self {
        Self(letter)
    }

    /// The letter.
    pub fn letter(&self) -> &Letter {
        &self.0
    }
}

/// The last octets of a letter that is written here. The signer will sign them here.
fn finished(letter: Letter) -> Outgoing {
    Outgoing(Letter { raw: safe_in_seven_bits(letter.raw), ..letter })
}

/// The letter with its 8-bit parts encoded. It stays as it is, as a whole, where that would harm it: where somebody has
/// signed what would have to change, or where its header needs 8 bits anyway. A server without 8BITMIME then gets a
/// converted copy, or the author a report.
fn safe_in_seven_bits(raw: Bytes) -> Bytes {
    if raw.is_ascii() {
        return raw;
    }
    match seven_bit(&raw, Whose::WrittenHere) {
        Ok(converted) => converted.octets.into(),
        Err(_cannot) => raw,
    }
}

#[cfg(test)]
mod tests {
    use mail::{Address, Domain, LetterId, Timestamp};

    use super::*;

    fn written(raw: &str) -> String {
        let hostname = Domain::parse("mail.alpha.test").unwrap();
        let address = Address::parse("alice@alpha.test").unwrap();
        let letter = Letter { id: LetterId::from_random([0; 10]), raw: Bytes::copy_from_slice(raw.as_bytes()) };
        let author = Author { hostname: &hostname, now: Timestamp(0), address: &address };
        let outgoing = Outgoing::written_here(letter, &author);
        let again = Outgoing::written_here(outgoing.letter().clone(), &author);
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

    #[test]
    fn what_passes_through_keeps_every_octet() {
        let raw = Bytes::from_static(b"Bcc: eve@x.test\r\n\r\n\xe9\xff \x00\r\n");
        let letter = Letter { id: LetterId::from_random([0; 10]), raw: raw.clone() };
        assert_eq!(Outgoing::passing_through(letter).letter().raw, raw);
    }
}
