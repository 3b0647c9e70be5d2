//! Rewrites a letter with 8-bit parts, so that a server without 8BITMIME can have it (RFC 6152 §3: convert or return,
//! never send as is).

use mail::header;

use crate::encode::{base64_lines, quoted_printable};

/// The reason why a letter cannot be made 7-bit without harm; it is returned with 5.6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotConvertible {
    /// Only SMTPUTF8 allows them, and encoding them is the writer's business.
    #[error("a header of the letter has characters beyond ASCII")]
    Header,
    /// Any change breaks the signature: that of a part (RFC 1847 §2.1), or, of a letter that is written here, that of a
    /// server.
    #[error("a signed part of the letter has 8-bit text")]
    Signed,
    /// It says base64 or quoted-printable and has 8-bit octets.
    #[error("a part of the letter is not what its Content-Transfer-Encoding says")]
    Mislabelled,
    /// It has 8-bit text, is no MIME, and the text is not UTF-8.
    #[error("nobody says in which charset the letter is written")]
    Charset,
    /// Nobody nests that deep.
    #[error("the parts of the letter are nested too deeply")]
    TooDeep,
}

const DEEPEST: usize = 30;

/// The origin of the letter, which says how much may be risked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// It is written here, and may well leave as it is. So nothing is rewritten that bears the signature of a server (DKIM,
    /// RFC 6376; ARC, RFC 8617), be it the letter or a letter in it; and a text whose charset nobody named is UTF-8, or
    /// stays as it is.
    WrittenHere,
    /// It passes through, to a server that takes it in 7 bits or not at all. Signatures of servers are lost.
    PassingThrough,
}

/// A letter in 7 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// Every 8-bit part in quoted-printable or base64, everything else as it was.
    pub octets: Vec<u8>,
    /// Something that was signed is not what it was.
    pub signatures_lost: bool,
}

/// Converts the letter.
pub fn seven_bit(letter: &[u8], whose: Whose) -> Result<Converted, NotConvertible> {
    let out = Vec::with_capacity(letter.len() + letter.len() / 3);
    let mut conversion = Conversion { out, whose, lost: false };
    conversion.entity(letter, 0)?;
    Ok(Converted { octets: conversion.out, signatures_lost: conversion.lost })
}

/// Tells whether every server passes a letter, or a part of one, on as it is: it is in ASCII, and its lines are no longer than
/// the 998 octets of RFC 5322 §2.1.1. Servers break longer ones, and signatures with them.
pub fn travels(entity: &[u8]) -> bool {
    let body = entity.get(header::body_start(entity)..).unwrap_or_default();
    entity.is_ascii() && body.split(|octet| *octet == b'\n').all(|line| line.len() <= LONGEST_LINE)
}

/// A line with its CR.
const LONGEST_LINE: usize = 999;

struct Conversion {
    out: Vec<u8>,
    whose: Whose,
    lost: bool,
}

impl Conversion {
    fn entity(&mut self, entity: &[u8], depth: usize) -> Result<(), NotConvertible> {
        let travels = match self.whose {
            Whose::WrittenHere => travels(entity),
            Whose::PassingThrough => entity.is_ascii(),
        };
        if travels {
            self.out.extend_from_slice(entity);
            return Ok(());
        }
        if depth > DEEPEST {
            return Err(NotConvertible::TooDeep);
        }
        let (head, body) = entity.split_at(header::body_start(entity));
        if !head.is_ascii() {
            return Err(NotConvertible::Header);
        }
        let media = media_type(head);
        if media == "multipart/signed" {
            return Err(NotConvertible::Signed);
        }
        self.lose_signatures(head)?;
        match boundary(head) {
            Some(boundary) if media.starts_with("multipart/") => {
                head_with_encoding(head, "7bit", &mut self.out);
                self.parts(body, &boundary, depth)
            }
            _ if media == "message/rfc822" => {
                head_with_encoding(head, "7bit", &mut self.out);
                self.entity(body, depth + 1)
            }
            _ => self.leaf(head, body, &media, depth),
        }
    }

    fn leaf(&mut self, head: &[u8], body: &[u8], media: &str, depth: usize) -> Result<(), NotConvertible> {
        let encoding = header::find(head, "Content-Transfer-Encoding").map(|field| field.value().to_ascii_lowercase());
        if matches!(encoding.as_deref(), Some(b"base64" | b"quoted-printable")) {
            return Err(NotConvertible::Mislabelled);
        }
        if depth == 0 && media.is_empty() {
            let charset = self.charset(body)?;
            let field = format!("MIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}\r\n");
            self.out.extend_from_slice(field.as_bytes());
        }
        if media.is_empty() || media.starts_with("text/") {
            head_with_encoding(head, "quoted-printable", &mut self.out);
            quoted_printable(body, &mut self.out);
        } else {
            head_with_encoding(head, "base64", &mut self.out);
            base64_lines(body, &mut self.out);
        }
        Ok(())
    }

    /// The charset of a letter from before MIME, which nobody named.
    fn charset(&self, body: &[u8]) -> Result<&'static str, NotConvertible> {
        match self.whose {
            Whose::WrittenHere if std::str::from_utf8(body).is_ok() => Ok("utf-8"),
            // Readers guess better from the octets as they are.
            Whose::WrittenHere => Err(NotConvertible::Charset),
            // RFC 1428 §3
            Whose::PassingThrough => Ok("unknown-8bit"),
        }
    }

    fn lose_signatures(&mut self, head: &[u8]) -> Result<(), NotConvertible> {
        let of_server = |field: header::Field<'_>| field.is("DKIM-Signature") || field.is("ARC-Message-Signature");
        if !header::fields(head).any(of_server) {
            return Ok(());
        }
        self.lost = true;
        if self.whose == Whose::WrittenHere { Err(NotConvertible::Signed) } else { Ok(()) }
    }

    /// The parts between the boundary lines (RFC 2046 §5.1.1); preamble and epilogue are for nobody and go when not ASCII.
    fn parts(&mut self, body: &[u8], boundary: &[u8], depth: usize) -> Result<(), NotConvertible> {
        let mut start = 0;
        let mut place = Section::Preamble;
        for delimiter in delimiters(body, boundary) {
            self.piece(&body[start..delimiter.line], place, depth)?;
            self.out.extend_from_slice(&body[delimiter.line..delimiter.end]);
            start = delimiter.end;
            place = if delimiter.last { Section::Epilogue } else { Section::Part };
            if delimiter.last {
                break;
            }
        }
        self.piece(&body[start..], place, depth)
    }

    /// One part; the line end before a boundary belongs to the boundary, not to the part.
    fn piece(&mut self, bytes: &[u8], place: Section, depth: usize) -> Result<(), NotConvertible> {
        if place != Section::Part {
            if bytes.is_ascii() {
                self.out.extend_from_slice(bytes);
            }
            return Ok(());
        }
        let content = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
        self.entity(content, depth + 1)?;
        if !self.out.ends_with(b"\r\n") || content.len() < bytes.len() {
            self.out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }
}

/// The header with another Content-Transfer-Encoding, and the empty line.
fn head_with_encoding(head: &[u8], encoding: &str, out: &mut Vec<u8>) {
    header::fields(head)
        .filter(|field| !field.is("Content-Transfer-Encoding"))
        .for_each(|field| out.extend_from_slice(field.whole));
    out.extend_from_slice(format!("Content-Transfer-Encoding: {encoding}\r\n\r\n").as_bytes());
}

#[derive(Clone, Copy, PartialEq)]
enum Section {
    Preamble,
    Part,
    Epilogue,
}

struct Delimiter {
    /// The position of its line.
    line: usize,
    /// The position of the next line.
    end: usize,
    last: bool,
}

fn delimiters<'a>(body: &'a [u8], boundary: &'a [u8]) -> impl Iterator<Item = Delimiter> + 'a {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < body.len() {
            let line = at;
            at = memchr::memchr(b'\n', &body[at..]).map_or(body.len(), |found| at + found + 1);
            let Some(rest) = body[line..at].strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary)) else {
                continue;
            };
            let rest = rest.trim_ascii_end();
            if rest.is_empty() || rest == b"--" {
                return Some(Delimiter { line, end: at, last: !rest.is_empty() });
            }
        }
        None
    })
}

/// `text/plain`, in lower case; nothing where there is no Content-Type.
fn media_type(head: &[u8]) -> String {
    let Some(field) = header::find(head, "Content-Type") else { return String::new() };
    let value = field.value();
    let media = value.split(|b| *b == b';').next().unwrap_or_default();
    String::from_utf8_lossy(media.trim_ascii()).to_ascii_lowercase()
}

fn boundary(head: &[u8]) -> Option<Vec<u8>> {
    let field = header::find(head, "Content-Type")?;
    let value = field.value();
    let at = value.to_ascii_lowercase().windows(9).position(|window| window == b"boundary=")?;
    let rest = &value[at + 9..];
    let text = match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|b| *b == b'"').next(),
        None => rest.split(|b| matches!(b, b';' | b' ' | b'\t')).next(),
    }?;
    if text.is_empty() { None } else { Some(text.to_vec()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(letter: &str) -> String {
        String::from_utf8(seven_bit(letter.as_bytes(), Whose::WrittenHere).unwrap().octets).unwrap()
    }

    #[test]
    fn a_letter_in_ascii_stays_as_it_is() {
        let letter = "Subject: hi\r\nContent-Transfer-Encoding: 8bit\r\n\r\nhello\r\n";
        assert_eq!(converted(letter), letter);
    }

    #[test]
    fn text_becomes_quoted_printable() {
        assert_eq!(
            converted(
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nSubject: x\r\n\r\nCafé = bon \r\n"
            ),
            "Content-Type: text/plain; charset=utf-8\r\nSubject: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nCaf=C3=A9 =3D bon=20\r\n"
        );
    }

    #[test]
    fn only_the_parts_that_need_it_change_and_other_things_become_base64() {
        let letter = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"b 1\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\npreamble\r\n\
            --b 1\r\nContent-Type: text/plain\r\n\r\nplain\r\n\
            --b 1\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: 8bit\r\n\r\né\r\n\
            --b 1\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: text/html\r\n\r\nà\r\n\
            --b 1--\r\n";
        assert_eq!(
            converted(letter),
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"b 1\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\npreamble\r\n\
            --b 1\r\nContent-Type: text/plain\r\n\r\nplain\r\n\
            --b 1\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\nw6k=\r\n\r\n\
            --b 1\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nSubject: in\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A0\r\n\
            --b 1--\r\n"
        );
    }

    #[test]
    fn what_cannot_be_converted_is_said() {
        let seven_bit = |letter: &[u8]| seven_bit(letter, Whose::PassingThrough);
        assert_eq!(seven_bit("Subject: é\r\n\r\nx".as_bytes()), Err(NotConvertible::Header));
        let signed = "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\né\r\n--b--\r\n";
        assert_eq!(seven_bit(signed.as_bytes()), Err(NotConvertible::Signed));
        let mislabelled = "Content-Transfer-Encoding: base64\r\n\r\né";
        assert_eq!(seven_bit(mislabelled.as_bytes()), Err(NotConvertible::Mislabelled));
        let mut nested = "Content-Type: message/rfc822\r\n\r\n".repeat(40);
        nested.push('é');
        assert_eq!(seven_bit(nested.as_bytes()), Err(NotConvertible::TooDeep));
    }

    #[test]
    fn the_signatures_of_servers_are_kept_or_said_to_be_lost() {
        let signed = "DKIM-Signature: v=1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\né\r\n";
        let forwarded = format!("Content-Type: message/rfc822\r\n\r\n{signed}");
        for letter in [signed, &forwarded] {
            assert_eq!(seven_bit(letter.as_bytes(), Whose::WrittenHere), Err(NotConvertible::Signed));
            let given_up = seven_bit(letter.as_bytes(), Whose::PassingThrough).unwrap();
            assert!(given_up.signatures_lost && given_up.octets.is_ascii());
        }
        let plain = seven_bit("Content-Type: text/plain\r\n\r\né\r\n".as_bytes(), Whose::PassingThrough).unwrap();
        assert!(!plain.signatures_lost);
        let harmless = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\né\r\n--b\r\n\
            Content-Type: message/rfc822\r\n\r\nDKIM-Signature: v=1\r\n\r\nx\r\n--b--\r\n";
        assert!(
            !seven_bit(harmless.as_bytes(), Whose::WrittenHere).unwrap().signatures_lost,
            "the signed one did not change"
        );
    }

    #[test]
    fn a_letter_without_mime_gets_the_charset_that_says_so() {
        assert!(
            converted("Subject: x\r\n\r\né\r\n")
                .starts_with("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nSubject: x\r\n")
        );
        let latin = b"Subject: x\r\n\r\n\xe9\r\n";
        assert_eq!(seven_bit(latin, Whose::WrittenHere), Err(NotConvertible::Charset));
        let passes = seven_bit(latin, Whose::PassingThrough).unwrap().octets;
        assert!(passes.starts_with(b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\nSubject"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_in_the_result_is_seven_bit(letter: Vec<u8>) {
            if let Ok(converted) = seven_bit(&letter, Whose::PassingThrough) {
                proptest::prop_assert!(converted.octets.is_ascii());
            }
        }
    }
}
