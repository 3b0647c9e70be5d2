//! Tells whether a letter is encrypted or signed, so that the pages can say so in words. Nothing is opened or
//! checked.

use std::ops::Range;

use bytes::Bytes;

use super::contents::{Contents, Role};
use super::steps::unpacked;
use super::structure::Part;

/// Octets of a part that are looked at.
const LOOKED_AT: u64 = 4096;
/// Octets at the beginning of a CMS object in which its kind stands.
const BEGINNING: usize = 64;
/// The kinds of CMS objects (RFC 5652 §3, RFC 5083 §2.1), as they stand in one.
const KINDS: [(&[u8], What); 3] = [
    (b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", What::Signed),
    (b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", What::Encrypted),
    (b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17", What::Encrypted),
];
/// The first lines of texts that OpenPGP made (RFC 9580 §6.2).
const ARMOURS: [(&str, What); 2] =
    [("-----BEGIN PGP MESSAGE-----", What::Encrypted), ("-----BEGIN PGP SIGNED MESSAGE-----", What::Signed)];

/// The protection of a letter, the standard behind it, and the part that shows it.
#[derive(Clone, Copy, Debug)]
pub struct Protection<'a> {
    /// The kind of protection.
    pub what: What,
    /// The standard.
    pub by: By,
    /// The signature, or what is encrypted.
    pub part: &'a Part,
}

/// The kind of a letter's protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Only whoever has the key can read it.
    Encrypted,
    /// A signature goes with it, which nobody has checked.
    Signed,
    /// One of the two.
    Unknown,
}

/// The standard by which it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// OpenPGP (RFC 3156, RFC 9580).
    OpenPgp,
    /// S/MIME (RFC 8551).
    Smime,
}

/// Returns the protection of a letter, seen from outside: of several the first. `read` reads a range of its octets.
pub fn protection<'a, E>(
    contents: &Contents<'a>,
    mut read: impl FnMut(Range<u64>) -> Result<Bytes, E>,
) -> Result<Option<Protection<'a>>, E> {
    for item in &contents.items {
        let part = item.part;
        let by = if part.subtype.windows(3).any(|word| word == b"pgp") { By::OpenPgp } else { By::Smime };
        let found = match item.role {
            Role::Signature => Some((What::Signed, by)),
            Role::Sealed if is_smime(part) => Some((kind(part, &mut read)?, By::Smime)),
            Role::Sealed => Some((What::Encrypted, By::OpenPgp)),
            Role::Text | Role::Html => armour(&beginning(part, &mut read)?).map(|what| (what, By::OpenPgp)),
            _ => None,
        };
        if let Some((what, by)) = found {
            return Ok(Some(Protection { what, by, part }));
        }
    }
    Ok(None)
}

fn is_smime(part: &Part) -> bool {
    let is_named = || part.file_name().is_some_and(|name| name.to_lowercase().ends_with(".p7m"));
    part.subtype.ends_with(b"pkcs7-mime") || is_named()
}

/// Returns the kind that an S/MIME part names, else the kind that its first octets show (RFC 8551 §3.2.2).
fn kind<E>(part: &Part, read: &mut impl FnMut(Range<u64>) -> Result<Bytes, E>) -> Result<What, E> {
    let said = part.param("smime-type").unwrap_or_default().to_ascii_lowercase();
    match &*said {
        b"enveloped-data" | b"authenveloped-data" => return Ok(What::Encrypted),
        b"signed-data" => return Ok(What::Signed),
        _ => {}
    }
    let octets = beginning(part, read)?;
    let octets = octets.get(..BEGINNING).unwrap_or(&octets);
    let is = |kind: &[u8]| octets.windows(kind.len()).any(|place| place == kind);
    Ok(KINDS.into_iter().find(|(kind, _)| is(kind)).map_or(What::Unknown, |(_, what)| what))
}

fn beginning<E>(part: &Part, read: &mut impl FnMut(Range<u64>) -> Result<Bytes, E>) -> Result<Vec<u8>, E> {
    let path = part.steps();
    let (start, end) = path.first().map_or((0, 0), |step| (step.start, step.end));
    Ok(unpacked(&path, &read(start..end.min(start.saturating_add(LOOKED_AT)))?))
}

/// Finds the armour that begins a line, or stands behind a tag; a quoted armour is somebody else's.
fn armour(text: &[u8]) -> Option<What> {
    let text = String::from_utf8_lossy(text);
    let begins = |at: usize| text[..at].chars().next_back().is_none_or(|before| matches!(before, '\n' | '>'));
    let is = |armour: &str| text.match_indices(armour).any(|(at, _)| begins(at));
    ARMOURS.into_iter().find(|(armour, _)| is(armour)).map(|(_, what)| what)
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, scan};
    use super::*;

    fn told(letter: &str) -> Option<(What, By)> {
        let structure = scan(letter.as_bytes(), Limits::default());
        let contents = Contents::of_octets(&structure, letter.as_bytes());
        let read = |range: Range<u64>| {
            Ok::<_, ()>(Bytes::copy_from_slice(&letter.as_bytes()[range.start as usize..range.end as usize]))
        };
        protection(&contents, read).unwrap().map(|found| (found.what, found.by))
    }

    #[test]
    fn an_encrypted_letter_is_known_from_outside() {
        let pgp = "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n\
            --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
            --b\r\nContent-Type: application/octet-stream; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--b--\r\n";
        assert_eq!(told(pgp), Some((What::Encrypted, By::OpenPgp)));
        let smime = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\r\nx";
        assert_eq!(told(smime), Some((What::Encrypted, By::Smime)));
        let inline = "Content-Type: text/plain\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n";
        assert_eq!(told(inline), Some((What::Encrypted, By::OpenPgp)));
        let quoted = "Content-Type: text/plain\r\n\r\nYou wrote:\r\n> -----BEGIN PGP MESSAGE-----\r\n> hQEMA\r\n";
        assert_eq!(told(quoted), None);
        let page = "Content-Type: text/html\r\n\r\n<pre>-----BEGIN PGP MESSAGE-----\r\n";
        assert_eq!(told(page), Some((What::Encrypted, By::OpenPgp)));
    }

    #[test]
    fn a_part_that_does_not_say_what_it_is_says_it_in_its_first_octets() {
        // The samples are from openssl, in base64: a sequence, its length, and the kind.
        for (octets, what) in [
            ("MIIFcQYJKoZIhvcNAQcDoIIFYjCCBV4CAQAx", What::Encrypted),
            ("MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglg", What::Signed),
            ("AAAA", What::Unknown),
        ] {
            let header = "Content-Type: application/octet-stream; name=smime.p7m\r\nContent-Transfer-Encoding: base64";
            assert_eq!(told(&format!("{header}\r\n\r\n{octets}\r\n")), Some((what, By::Smime)), "{octets}");
        }
    }

    #[test]
    fn a_signed_letter_is_known_and_a_signature_that_came_as_a_file_signs_nothing() {
        let parts = |kind: &str| {
            format!(
                "Content-Type: multipart/{kind}; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n\
                 --b\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\nx\r\n--b--\r\n"
            )
        };
        assert_eq!(told(&parts("signed")), Some((What::Signed, By::OpenPgp)));
        assert_eq!(told(&parts("mixed")), None);
        let whole = "Content-Type: application/x-pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\r\nx";
        assert_eq!(told(whole), Some((What::Signed, By::Smime)));
        assert_eq!(told("Content-Type: application/pkcs7-mime; smime-type=certs-only\r\n\r\nx"), None);
    }
}
