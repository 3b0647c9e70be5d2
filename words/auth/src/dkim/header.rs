//! The fields of a header as both sides of a signature see them, and their choice by `h=` (RFC 6376 §5.4.2).

use std::collections::HashMap;

/// A field: octets of the header, by their positions, so that the header is held once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    start: usize,
    colon: usize,
    end: usize,
}

/// The header of a letter.
#[derive(Debug, Default)]
pub struct Header {
    octets: Vec<u8>,
    fields: Vec<Place>,
    /// The fields of each name in lower case, from the top.
    named: HashMap<Vec<u8>, Vec<usize>>,
}

/// A field of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, with the white space that may stand before the colon.
    pub name: &'a [u8],
    /// The value as it stands in the letter, without the line end that closes it.
    pub value: &'a [u8],
}

impl Header {
    /// Reads a header: the octets before the empty line. Lines that are no field are not looked at, and cannot be signed.
    pub fn new(octets: Vec<u8>) -> Self {
        let mut header = Self { octets, ..Self::default() };
        let mut start = 0;
        for end in ends_of_fields(&header.octets) {
            if let Some((name, place)) = field(&header.octets, start, end) {
                header.named.entry(name).or_default().push(header.fields.len());
                header.fields.push(place);
            }
            start = end;
        }
        header
    }

    /// Returns the field with this number, counted from the top.
    pub fn field(&self, number: usize) -> Field<'_> {
        let Place { start, colon, end } = self.fields[number];
        Field { name: &self.octets[start..colon], value: &self.octets[colon + 1..end] }
    }

    /// Returns the numbers of the fields with this name, which is in lower case, from the top.
    pub fn named(&self, name: &[u8]) -> &[usize] {
        self.named.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the fields that a list of names in lower case chooses, in its order: each name stands for the lowest field
    /// of that name that was not chosen yet, or for none (RFC 6376 §5.4.2). The field `except` is never chosen.
    pub fn chosen<'a>(&'a self, names: &[Vec<u8>], except: Option<usize>) -> Vec<Field<'a>> {
        let mut left: HashMap<&[u8], std::iter::Rev<std::slice::Iter<'_, usize>>> = HashMap::new();
        let next = |name| {
            let numbers = left.entry(name).or_insert_with(|| self.named(name).iter().rev());
            numbers.find(|number| Some(**number) != except)
        };
        names.iter().map(Vec::as_slice).filter_map(next).map(|number| self.field(*number)).collect()
    }
}

/// Finds the octet behind each field: behind a line end that no white space follows.
fn ends_of_fields(octets: &[u8]) -> Vec<usize> {
    let mut ends: Vec<usize> = memchr::memchr_iter(b'\n', octets)
        .map(|at| at + 1)
        .filter(|end| !matches!(octets.get(*end), Some(b' ' | b'\t')))
        .collect();
    if ends.last() != Some(&octets.len()) {
        ends.push(octets.len());
    }
    ends
}

fn field(octets: &[u8], start: usize, end: usize) -> Option<(Vec<u8>, Place)> {
    let whole = &octets[start..end];
    let colon = memchr::memchr(b':', whole)?;
    let name = whole[..colon].trim_ascii_end();
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let ended = whole.strip_suffix(b"\r\n").or(whole.strip_suffix(b"\n")).unwrap_or(whole);
    Some((name.to_ascii_lowercase(), Place { start, colon: start + colon, end: start + ended.len().max(colon + 1) }))
}

/// Returns the end of the header, and the start of the body behind the empty line. `from` is the start of a line before
/// which no empty line is. `None` if the empty line has not come yet. Files that went through Windows twice have CR CR LF;
/// every reader in the house takes it for an empty line, so it is one here, too: nobody is shown other fields than those
/// that were checked.
pub fn end(octets: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut start = from;
    loop {
        let rest = octets.get(start..)?;
        let line = memchr::memchr(b'\n', rest)?;
        if matches!(&rest[..line], b"" | b"\r" | b"\r\r") {
            return Some((start, start + line + 1));
        }
        start += line + 1;
    }
}

/// Splits a letter that is there as a whole into its header and its body.
pub fn split(letter: &[u8]) -> (&[u8], &[u8]) {
    end(letter, 0).map_or((letter, &[][..]), |(end, body)| (&letter[..end], &letter[body..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"Received: one\r\nSubject: a\r\n long one\r\nbroken line\r\nreceived : two\r\n";

    fn chosen(names: &[&str], except: Option<usize>) -> Vec<String> {
        let header = Header::new(HEADER.to_vec());
        let names: Vec<_> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        let value = |field: Field<'_>| String::from_utf8_lossy(field.value).into_owned();
        header.chosen(&names, except).into_iter().map(value).collect()
    }

    #[test]
    fn names_choose_fields_from_the_bottom_and_then_nothing() {
        assert_eq!(chosen(&["received", "subject", "received", "received"], None), [" two", " a\r\n long one", " one"]);
        assert_eq!(chosen(&["received", "received"], Some(2)), [" one"]);
        assert_eq!(chosen(&["broken line", "to"], None), [""; 0]);
    }

    #[test]
    fn a_name_keeps_the_white_space_before_its_colon() {
        let header = Header::new(HEADER.to_vec());
        assert_eq!(header.field(header.named(b"received")[1]).name, b"received ");
    }

    #[test]
    fn a_header_ends_at_the_first_empty_line() {
        for (letter, parts) in [
            ("A: b\r\n\r\nbody\r\n\r\n", ("A: b\r\n", "body\r\n\r\n")),
            ("\r\nbody", ("", "body")),
            ("A: b\n\nbody", ("A: b\n", "body")),
            ("A: b\r\r\n\r\r\nbody", ("A: b\r\r\n", "body")),
            ("A: b\r\n c", ("A: b\r\n c", "")),
            ("", ("", "")),
        ] {
            assert_eq!(split(letter.as_bytes()), (parts.0.as_bytes(), parts.1.as_bytes()), "{letter:?}");
        }
    }

    #[test]
    fn a_field_without_a_value_is_read() {
        for header in ["A:", "A:\r\n", "A:\n"] {
            let header = Header::new(header.as_bytes().to_vec());
            assert_eq!(header.field(0), Field { name: b"A", value: b"" });
        }
    }
}
