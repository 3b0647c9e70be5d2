//! Rewrites a letter with 8-bit parts for a server without 8BITMIME (RFC 6152 §3: convert or return, never send as is).

use mail::header;

use crate::encode::{base64_lines, quoted_printable};

/// Why a letter cannot be made 7-bit without harm; it is returned with 5.6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotConvertible {
    /// Only SMTPUTF8 allows them, and encoding them is the writer's business.
    #[error("a header of the letter has characters beyond ASCII")]
    Header,
    /// Any change breaks the signature (RFC 1847 §2.1).
    #[error("a signed part of the letter has 8-bit text")]
    Signed,
    /// It says base64 or quoted-printable and has 8-bit octets.
    #[error("a part of the letter is not what its Content-Transfer-Encoding says")]
    Mislabelled,
    /// Nobody nests that deep.
    #[error("the parts of the letter are nested too deeply")]
    TooDeep,
}

const DEEPEST: usize = 30;

/// The letter with every 8-bit part in quoted-printable or base64, everything else as it was.
pub fn seven_bit(letter: &[u8]) -> Result<Vec<u8>, NotConvertible> {
    let mut out = Vec::with_capacity(letter.len() + letter.len() / 3);
    convert(letter, 0, &mut out)?;
    Ok(out)
}

fn convert(entity: &[u8], depth: usize, out: &mut Vec<u8>) -> Result<(), NotConvertible> {
    if entity.is_ascii() {
        out.extend_from_slice(entity);
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
    match boundary(head) {
        Some(boundary) if media.starts_with("multipart/") => {
            head_with_encoding(head, "7bit", out);
            parts(body, &boundary, depth, out)
        }
        _ if media == "message/rfc822" => {
            head_with_encoding(head, "7bit", out);
            convert(body, depth + 1, out)
        }
        _ => leaf(head, body, &media, depth, out),
    }
}

fn leaf(head: &[u8], body: &[u8], media: &str, depth: usize, out: &mut Vec<u8>) -> Result<(), NotConvertible> {
    let encoding = header::find(head, "Content-Transfer-Encoding").map(|field| field.value().to_ascii_lowercase());
    if matches!(encoding.as_deref(), Some(b"base64" | b"quoted-printable")) {
        return Err(NotConvertible::Mislabelled);
    }
    if depth == 0 && media.is_empty() {
        // RFC 1428 §3: a letter from before MIME, in a charset nobody named.
        out.extend_from_slice(b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n");
    }
    if media.is_empty() || media.starts_with("text/") {
        head_with_encoding(head, "quoted-printable", out);
        quoted_printable(body, out);
    } else {
        head_with_encoding(head, "base64", out);
        base64_lines(body, out);
    }
    Ok(())
}

/// The header with another Content-Transfer-Encoding, and the empty line.
fn head_with_encoding(head: &[u8], encoding: &str, out: &mut Vec<u8>) {
    header::fields(head)
        .filter(|field| !field.is("Content-Transfer-Encoding"))
        .for_each(|field| out.extend_from_slice(field.whole));
    out.extend_from_slice(format!("Content-Transfer-Encoding: {encoding}\r\n\r\n").as_bytes());
}

/// The parts between the boundary lines (RFC 2046 §5.1.1); preamble and epilogue are for nobody and go when not ASCII.
fn parts(body: &[u8], boundary: &[u8], depth: usize, out: &mut Vec<u8>) -> Result<(), NotConvertible> {
    let mut start = 0;
    let mut place = Section::Preamble;
    for delimiter in delimiters(body, boundary) {
        piece(&body[start..delimiter.line], place, depth, out)?;
        out.extend_from_slice(&body[delimiter.line..delimiter.end]);
        start = delimiter.end;
        place = if delimiter.last { Section::Epilogue } else { Section::Part };
        if delimiter.last {
            break;
        }
    }
    piece(&body[start..], place, depth, out)
}

#[derive(Clone, Copy, PartialEq)]
enum Section {
    Preamble,
    Part,
    Epilogue,
}

/// One part; the line end before a boundary belongs to the boundary, not to the part.
fn piece(bytes: &[u8], place: Section, depth: usize, out: &mut Vec<u8>) -> Result<(), NotConvertible> {
    if place != Section::Part {
        if bytes.is_ascii() {
            out.extend_from_slice(bytes);
        }
        return Ok(());
    }
    let content = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
    convert(content, depth + 1, out)?;
    if !out.ends_with(b"\r\n") || content.len() < bytes.len() {
        out.extend_from_slice(b"\r\n");
    }
    Ok(())
}

struct Delimiter {
    /// Where its line begins.
    line: usize,
    /// Where the next line begins.
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
        String::from_utf8(seven_bit(letter.as_bytes()).unwrap()).unwrap()
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
    fn a_letter_without_mime_gets_the_charset_that_says_so() {
        assert!(
            converted("Subject: x\r\n\r\né\r\n")
                .starts_with("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\nSubject: x\r\n")
        );
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_in_the_result_is_seven_bit(letter: Vec<u8>) {
            if let Ok(converted) = seven_bit(&letter) {
                proptest::prop_assert!(converted.is_ascii());
            }
        }
    }
}
