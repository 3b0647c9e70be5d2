//! The header of a letter as bytes: fields, unfolding, and address lists with the names left as they were written (RFC
//! 5322 §2.2, §3.4). The reading is lenient: a malformed field yields less, never an error.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

mod mentions;
pub mod raw;

pub use mentions::{Mention, mentions};

/// One field: its name and its value as written, folds included, without the line end that closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// `Subject`
    pub name: &'a [u8],
    /// ` Hello\r\n world`
    pub raw_value: &'a [u8],
    /// Name, colon, value and the closing line end, as they stand in the letter.
    pub whole: &'a [u8],
}

impl<'a> Field<'a> {
    /// Returns true if the field is called `name`, whatever the case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Returns the value without folds and without the white space around it.
    pub fn value(&self) -> Cow<'a, [u8]> {
        unfold(self.raw_value)
    }
}

/// Returns the fields of a header in order. Stops at the empty line that ends the header, or at the end.
pub fn fields(letter: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = letter;
    std::iter::from_fn(move || {
        loop {
            let length = field_length(rest)?;
            let (whole, after) = rest.split_at(length);
            rest = after;
            // A line without a colon is no field (mbox "From " lines, broken mail): it is skipped.
            if let Some(field) = as_field(whole) {
                return Some(field);
            }
        }
    })
}

/// Returns the first field called `name`.
pub fn find<'a>(letter: &'a [u8], name: &str) -> Option<Field<'a>> {
    fields(letter).find(|field| field.is(name))
}

/// Returns the last field called `name`, which counts if there are several (RFC 8621 §4.1.3), in ASCII and UTF-8:
/// octets of another charset are converted, encoded words stay encoded. No more than `most` octets of the value are
/// read.
pub fn legible<'a>(letter: &'a [u8], name: &str, most: usize) -> Option<Cow<'a, [u8]>> {
    let field = fields(letter).filter(|field| field.is(name)).last()?;
    let value = match field.value() {
        Cow::Borrowed(value) => Cow::Borrowed(&value[..value.len().min(most)]),
        Cow::Owned(mut value) => {
            value.truncate(most);
            Cow::Owned(value)
        }
    };
    Some(raw::repaired(value, || raw::charset_told(letter)))
}

/// Returns the same as a person reads it: encoded words are decoded.
pub fn text(letter: &[u8], name: &str, most: usize) -> Option<String> {
    legible(letter, name, most).map(|value| reading::words::read(&value))
}

/// Returns the letter without its fields called `name`; the same bytes if there are none.
pub fn without(letter: &Bytes, name: &str) -> Bytes {
    without_those(letter, |field| field.is(name))
}

/// Returns the letter without the fields for which `unwanted` is true; the same bytes if there are none.
pub fn without_those(letter: &Bytes, unwanted: impl Fn(&Field<'_>) -> bool) -> Bytes {
    let mut rest: Option<(BytesMut, usize)> = None;
    for field in fields(letter).filter(unwanted) {
        let start = (field.whole.as_ptr() as usize).saturating_sub(letter.as_ptr() as usize);
        let (kept, from) = rest.get_or_insert_with(|| (BytesMut::with_capacity(letter.len()), 0));
        kept.extend_from_slice(letter.get(*from..start).unwrap_or_default());
        *from = start + field.whole.len();
    }
    let Some((mut kept, from)) = rest else { return letter.clone() };
    kept.extend_from_slice(letter.get(from..).unwrap_or_default());
    kept.freeze()
}

/// Returns the offset of the body: behind the empty line, or at the end of a letter that has none.
pub fn body_start(letter: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length) = field_length(&letter[at..]) {
        at += length;
    }
    at + empty_line(&letter[at..]).unwrap_or(0)
}

/// Returns the offset of a part's body: mailers leave the empty line out in parts, and a line that can be no field is
/// then the first of the body.
pub fn part_body_start(part: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length) = field_length(&part[at..]) {
        let line = &part[at..at + length];
        if as_field(line).is_none() && !is_loose_parameter(line) {
            return at;
        }
        at += length;
    }
    at + empty_line(&part[at..]).unwrap_or(0)
}

/// Returns true for `charset=utf-8` on a line of its own: the blank before it was lost.
fn is_loose_parameter(line: &[u8]) -> bool {
    let name = memchr::memchr(b'=', line).and_then(|end| line.get(..end)).unwrap_or_default();
    !name.is_empty() && name.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-*".contains(octet))
}

/// Returns the length of the empty line at the start. Files that went through Windows twice have CR CR LF.
fn empty_line(rest: &[u8]) -> Option<usize> {
    [&b"\r\n"[..], b"\n", b"\r\r\n"].iter().find(|end| rest.starts_with(end)).map(|end| end.len())
}

/// Returns the length of the field at the start, its folded lines and line end included. `None` at the empty line or
/// the end.
fn field_length(rest: &[u8]) -> Option<usize> {
    if rest.is_empty() || empty_line(rest).is_some() {
        return None;
    }
    for end in memchr::memchr_iter(b'\n', rest) {
        if !matches!(rest.get(end + 1), Some(b' ' | b'\t')) {
            return Some(end + 1);
        }
    }
    Some(rest.len())
}

fn as_field(whole: &[u8]) -> Option<Field<'_>> {
    let colon = memchr::memchr(b':', whole)?;
    let name = whole[..colon].trim_ascii_end();
    // A mark of UTF-8 at the start of a file.
    let name = name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name);
    if name.is_empty() || !name.iter().all(|b| (33..=126).contains(b)) {
        return None;
    }
    let value = &whole[colon + 1..];
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    Some(Field { name, raw_value: value, whole })
}

/// Removes the line ends of folding (RFC 5322 §2.2.3) and trims. Borrowed if there is no fold.
pub fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    let value = value.trim_ascii();
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &[u8] = b"From: Alice <alice@alpha.test>\r\nSubject: a\r\n long one\r\nbroken line\r\nTo : bob@beta.test\r\n\r\nBody: no field\r\n";

    #[test]
    fn a_field_is_read_in_whatever_charset_it_was_written() {
        let koi8 =
            b"Subject: one\r\nContent-Type: text/plain; charset=koi8-r\r\nSubject: =?utf-8?q?a?= \xf0\xd2\xc9\r\n\r\n";
        assert_eq!(text(koi8, "Subject", 100).as_deref(), Some("a При"));
        assert_eq!(legible(koi8, "subject", 100).as_deref(), Some("=?utf-8?q?a?= При".as_bytes()));
        assert_eq!(text(koi8, "Subject", 15).as_deref(), Some("a П"));
        assert_eq!(text(b"Subject: caf\xe9\r\n\r\n", "Subject", 100).as_deref(), Some("café"));
        assert_eq!(text(koi8, "To", 100), None);
    }

    #[test]
    fn fields_are_read_in_order_up_to_the_empty_line() {
        let names: Vec<_> = fields(LETTER).map(|f| String::from_utf8_lossy(f.name).into_owned()).collect();
        assert_eq!(names, ["From", "Subject", "To"]);
        assert_eq!(&*find(LETTER, "SUBJECT").unwrap().value(), b"a long one");
        assert_eq!(&LETTER[body_start(LETTER)..], b"Body: no field\r\n");
    }

    #[test]
    fn line_ends_of_windows_text_files_and_marks_of_utf8_are_no_part_of_the_header() {
        let letter = b"\xef\xbb\xbfFrom: a@b.test\r\r\nSubject: one\r\r\n two\r\r\n\r\r\nbody\r\r\n";
        assert_eq!(&letter[body_start(letter)..], b"body\r\r\n");
        assert_eq!(&*find(letter, "From").unwrap().value(), b"a@b.test");
        assert_eq!(&*find(letter, "Subject").unwrap().value(), b"one two");
    }

    #[test]
    fn the_header_of_a_part_ends_where_its_text_begins() {
        for (part, body) in [
            ("Content-Type: text/plain\r\nHello, without an empty line.\r\n", "Hello, without an empty line.\r\n"),
            ("Content-Type: text/plain\r\n\r\nHello\r\n", "Hello\r\n"),
            ("Content-Type: text/plain;\r\ncharset=utf-8\r\n\r\nHello\r\n", "Hello\r\n"),
            ("Content-Type: text/plain;\r\n charset=utf-8\r\n\r\nHello\r\n", "Hello\r\n"),
            ("Hello there\r\n", "Hello there\r\n"),
            ("\r\nHello there\r\n", "Hello there\r\n"),
            ("", ""),
        ] {
            assert_eq!(&part[part_body_start(part.as_bytes())..], body);
        }
    }

    #[test]
    fn a_header_without_an_end_has_no_body() {
        assert_eq!(body_start(b"Subject: x"), 10);
        assert_eq!(body_start(b"\r\nbody"), 2);
        assert_eq!(body_start(b""), 0);
    }
}
