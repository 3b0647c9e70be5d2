//! The primitives of answers (RFC 9051 §9). They append to a buffer and cannot fail.

use mail::mutf7;

/// Writes a number.
pub fn number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes a string: quoted if that is possible, otherwise as a literal.
///
/// Quoted strings contain ASCII only, because a rev1 client does not expect more; UTF-8 goes as a literal, which
/// clients of both revisions read.
pub fn string(out: &mut Vec<u8>, text: &[u8]) {
    if is_quotable(text) { quoted(out, text) } else { literal(out, text) }
}

/// Writes a string, or `NIL` for none.
pub fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Writes a string, without quotes if that is possible.
pub fn astring(out: &mut Vec<u8>, text: &[u8]) {
    if !text.is_empty() && text.iter().all(|&b| is_astring_char(b)) && !text.eq_ignore_ascii_case(b"NIL") {
        out.extend_from_slice(text);
    } else {
        string(out, text);
    }
}

/// Writes a literal. It cannot contain NUL (RFC 9051 §9, CHAR8), which becomes a character that most clients show as
/// nothing: 0x80, as with Dovecot.
pub fn literal(out: &mut Vec<u8>, text: &[u8]) {
    literal_head(out, text.len() as u64);
    let start = out.len();
    out.extend_from_slice(text);
    without_nul(out.get_mut(start..).unwrap_or_default());
}

/// Writes `{size}` and its line end: exactly `size` octets must follow.
pub fn literal_head(out: &mut Vec<u8>, size: u64) {
    out.push(b'{');
    number(out, size);
    out.extend_from_slice(b"}\r\n");
}

/// Writes `~{size}` and its line end (RFC 3516): octets of any kind follow.
pub fn literal8_head(out: &mut Vec<u8>, size: u64) {
    out.push(b'~');
    literal_head(out, size);
}

/// Replaces NUL in the bytes of a literal. See [`literal`].
pub fn without_nul(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(0, rest)) {
        at += found;
        if let Some(byte) = bytes.get_mut(at) {
            *byte = 0x80;
        }
    }
}

/// Writes the name of a folder: UTF-8 for clients of rev2 (or UTF8=ACCEPT), modified UTF-7 for others (RFC 3501
/// §5.1.3).
pub fn folder_name(out: &mut Vec<u8>, name: &str, utf8: bool) {
    if !utf8 {
        return astring(out, mutf7::encode(name).as_bytes());
    }
    if name.bytes().all(is_astring_char) && !name.is_empty() && !name.eq_ignore_ascii_case("NIL") {
        out.extend_from_slice(name.as_bytes());
    } else if name.bytes().all(|b| !matches!(b, 0 | b'\r' | b'\n')) {
        quoted(out, name.as_bytes());
    } else {
        literal(out, name.as_bytes());
    }
}

/// Writes text for a person after a status word: never empty, without line ends, and in ASCII, which is all that a rev1
/// client expects there.
pub fn text(out: &mut Vec<u8>, text: &str) {
    if text.is_empty() {
        return out.push(b'.');
    }
    out.extend(text.chars().map(|c| if (' '..='~').contains(&c) { c as u8 } else { b'?' }));
}

/// Writes a quoted string. The caller has made sure that it contains no line end and no NUL.
pub(crate) fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// The longest string that is quoted; a longer one becomes a literal, which no client has to scan.
pub(crate) const QUOTED_MAX: usize = 1000;

fn is_quotable(text: &[u8]) -> bool {
    text.len() <= QUOTED_MAX && text.iter().all(|&b| b.is_ascii() && !matches!(b, 0 | b'\r' | b'\n'))
}

/// Tells whether the byte is an ASTRING-CHAR: any character but the specials, and `]`.
pub(super) fn is_astring_char(byte: u8) -> bool {
    byte == b']' || is_atom_char(byte)
}

/// Tells whether the byte is an ATOM-CHAR.
pub(super) fn is_atom_char(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// Returns the octets that `write` writes, as text.
#[cfg(test)]
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_quoted_only_where_that_is_allowed() {
        assert_eq!(written(|out| string(out, b"a \"b\" \\")), "\"a \\\"b\\\" \\\\\"");
        assert_eq!(written(|out| string(out, b"two\r\nlines")), "{10}\r\ntwo\r\nlines");
        assert_eq!(written(|out| string(out, "é".as_bytes())), "{2}\r\né");
        assert_eq!(written(|out| nstring(out, None)), "NIL");
    }

    #[test]
    fn an_astring_needs_quotes_only_for_specials() {
        assert_eq!(written(|out| astring(out, b"Sent")), "Sent");
        assert_eq!(written(|out| astring(out, b"")), "\"\"");
        assert_eq!(written(|out| astring(out, b"nil")), "\"nil\"");
        assert_eq!(written(|out| astring(out, b"a b")), "\"a b\"");
    }

    #[test]
    fn a_folder_name_is_written_as_the_client_expects() {
        assert_eq!(written(|out| folder_name(out, "Événements", false)), "&AMk-v&AOk-nements");
        assert_eq!(written(|out| folder_name(out, "Événements", true)), "\"Événements\"");
        assert_eq!(written(|out| folder_name(out, "R&D", true)), "R&D");
        assert_eq!(written(|out| folder_name(out, "R&D", false)), "R&-D");
    }

    #[test]
    fn numbers_are_written_in_full() {
        assert_eq!(written(|out| number(out, 0)), "0");
        assert_eq!(written(|out| number(out, u64::MAX)), u64::MAX.to_string());
    }
}
