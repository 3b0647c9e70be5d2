//! Reads values with parameters: `text/plain; charset="utf-8"` (RFC 2045 §5.1), extended and in pieces (RFC 2231). It
//! is lenient.

use serde::{Deserialize, Serialize};

use crate::{charset, hex, words};

/// A parameter of a field, as written: encoded and split values (RFC 2231) are not put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// `charset`, in the case it was written.
    #[serde(with = "octets")]
    pub name: Vec<u8>,
    /// The value without its quotes.
    #[serde(with = "octets")]
    pub value: Vec<u8>,
}

/// The most parameters of one field, and the most octets of one value.
const MOST: usize = 64;
const LONGEST: usize = 8 * 1024;

/// Returns the value before the first `;` and the parameters behind it.
pub fn read(value: &[u8]) -> (Vec<u8>, Vec<Param>) {
    let mut reader = Reader { rest: value };
    let first = reader.text(b";", Parentheses::Comment);
    let mut params = Vec::new();
    while !reader.rest.is_empty() && params.len() < MOST {
        let name = reader.text(b"=;", Parentheses::Comment);
        if reader.take(b'=') {
            // A file name that should have been quoted: "report (1).pdf".
            let names_file = [&b"name"[..], b"filename"].iter().any(|known| starts_with(&name, known));
            let value = reader.text(b";", if names_file { Parentheses::Text } else { Parentheses::Comment });
            if !name.is_empty() {
                params.push(Param { name, value });
            }
        }
        reader.take(b';');
    }
    (first, params)
}

/// Returns the value of the first parameter called `name`, whatever the case, as it is written.
pub fn find<'a>(params: &'a [Param], name: &str) -> Option<&'a [u8]> {
    params.iter().find(|param| param.name.eq_ignore_ascii_case(name.as_bytes())).map(|param| param.value.as_slice())
}

/// Returns the value of a parameter as text: extended and split values are put together (RFC 2231), and encoded words
/// are decoded where mailers put them against the rules.
pub fn text(params: &[Param], name: &str) -> Option<String> {
    if let Some(extended) = find(params, &format!("{name}*")) {
        let (charset, octets) = extended_value(extended);
        return Some(told(charset.as_deref(), &octets));
    }
    if let Some((charset, octets)) = continued(params, name) {
        return Some(told(charset.as_deref(), &octets));
    }
    find(params, name).map(words::read)
}

/// Returns the text of an extended value. Some mailers put encoded words into it.
fn told(charset: Option<&[u8]>, octets: &[u8]) -> String {
    match charset.filter(|charset| !charset.is_empty()) {
        _ if octets.starts_with(b"=?") => words::read(octets),
        Some(charset) => charset::read(Some(charset), octets, true).text.into_owned(),
        None => words::read(octets),
    }
}

/// Joins `name*0*=utf-8''…; name*1=…` (RFC 2231 §4.1).
fn continued(params: &[Param], name: &str) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
    let (mut charset, mut octets) = (None, Vec::new());
    for index in 0..64 {
        if let Some(value) = find(params, &format!("{name}*{index}*")) {
            if index == 0 {
                let (first_charset, decoded) = extended_value(value);
                (charset, octets) = (first_charset, decoded);
            } else {
                octets.extend(percent(value));
            }
        } else if let Some(value) = find(params, &format!("{name}*{index}")) {
            octets.extend_from_slice(value);
        } else {
            break;
        }
    }
    (!octets.is_empty()).then_some((charset, octets))
}

/// Reads `charset'language'percent-encoded`.
fn extended_value(value: &[u8]) -> (Option<Vec<u8>>, Vec<u8>) {
    let mut pieces = value.splitn(3, |byte| *byte == b'\'');
    match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(charset), Some(_), Some(encoded)) => (Some(charset.to_vec()), percent(encoded)),
        _ => (None, percent(value)),
    }
}

fn percent(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match (byte, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                out.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

fn starts_with(name: &[u8], known: &[u8]) -> bool {
    let (start, rest) = name.split_at(name.len().min(known.len()));
    start.eq_ignore_ascii_case(known) && matches!(rest.first(), None | Some(b'*'))
}

/// The meaning of parentheses outside of quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parentheses {
    Comment,
    Text,
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, wanted: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == wanted => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Reads up to one of `stops` outside quotes and comments; blanks at both ends fall away.
    fn text(&mut self, stops: &[u8], parentheses: Parentheses) -> Vec<u8> {
        let mut text = Vec::new();
        let mut quoted = false;
        while let Some((&byte, rest)) = self.rest.split_first() {
            if stops.contains(&byte) {
                break;
            }
            self.rest = rest;
            match byte {
                b'"' => {
                    quoted = true;
                    self.quoted(&mut text);
                }
                b'(' if quoted || parentheses == Parentheses::Comment => self.comment(),
                byte if text.len() < LONGEST => text.push(byte),
                _ => {}
            }
        }
        if !quoted {
            let end = text.trim_ascii_end().len();
            text.truncate(end);
            return text.trim_ascii_start().to_vec();
        }
        text.trim_ascii().to_vec()
    }

    fn quoted(&mut self, text: &mut Vec<u8>) {
        // The signs before the quote were blank space.
        if text.trim_ascii().is_empty() {
            text.clear();
        }
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            let byte = match byte {
                b'"' => return,
                // In "C:\\files\\a.txt" each backslash is a plain one.
                b'\\' => match self.rest.split_first() {
                    Some((&escaped, rest)) if matches!(escaped, b'"' | b'\\') => {
                        self.rest = rest;
                        escaped
                    }
                    Some(_) => byte,
                    None => return,
                },
                byte => byte,
            };
            if text.len() < LONGEST {
                text.push(byte);
            }
        }
    }

    fn comment(&mut self) {
        let mut depth = 1;
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'\\' => self.rest = self.rest.get(1..).unwrap_or_default(),
                b'(' => depth += 1,
                b')' if depth == 1 => return,
                b')' => depth -= 1,
                _ => {}
            }
        }
    }
}

/// Writes and reads octets as a whole; serde alone would handle a `Vec<u8>` one by one.
mod octets {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(octets)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        <&[u8]>::deserialize(deserializer).map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(value: &str) -> (String, Vec<(String, String)>) {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (first, params) = read(value.as_bytes());
        (text(first), params.into_iter().map(|p| (text(p.name), text(p.value))).collect())
    }

    #[test]
    fn values_with_parameters_are_read() {
        let (first, params) = pairs(r#" text/plain (plain) ; charset = "utf-8" ; name="a \"b\"; c.txt";x=1;;"#);
        assert_eq!(first, "text/plain");
        let expected = [("charset", "utf-8"), ("name", "a \"b\"; c.txt"), ("x", "1")];
        assert_eq!(params, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn the_name_of_a_file_may_have_parentheses_in_it() {
        for (written, name) in [
            ("a/b; name=report (1).pdf", "report (1).pdf"),
            ("a/b; NAME=(draft) report.pdf; x=y", "(draft) report.pdf"),
            ("attachment; filename*0=report (; filename*1=1).pdf", "report ("),
            ("a/b; name=\"report (1).pdf\" (a comment)", "report (1).pdf"),
            ("a/b; name=\"C:\\files\\a.txt\"", "C:\\files\\a.txt"),
        ] {
            assert_eq!(pairs(written).1[0].1, name, "{written}");
        }
        assert_eq!(pairs("text/plain; charset=us-ascii (Plain text)").1[0].1, "us-ascii");
    }

    #[test]
    fn broken_values_give_what_they_can() {
        for broken in ["", ";", "=", "a;=", "a;b", "a;b=\"", "a;b=\"\\", "(((", "a;(b", "\"", "a;b=c=d"] {
            pairs(broken);
        }
        assert_eq!(pairs("a/b; boundary=x=y").1, [("boundary".to_owned(), "x=y".to_owned())]);
    }

    #[test]
    fn parameters_are_put_together() {
        let param_of = |pairs: &[(&str, &str)]| {
            let params: Vec<_> = pairs
                .iter()
                .map(|(name, value)| Param { name: name.as_bytes().to_vec(), value: value.as_bytes().to_vec() })
                .collect();
            super::text(&params, "filename")
        };
        assert_eq!(param_of(&[("FileName", "a.pdf")]).as_deref(), Some("a.pdf"));
        assert_eq!(param_of(&[("filename*", "utf-8'fr'%C3%A9t%C3%A9.pdf")]).as_deref(), Some("été.pdf"));
        assert_eq!(
            param_of(&[("filename*0*", "utf-8''%C3%A9t"), ("filename*1*", "%C3%A9"), ("filename*2", ".pdf")])
                .as_deref(),
            Some("été.pdf")
        );
        assert_eq!(param_of(&[("filename", "=?utf-8?q?=C3=A9t=C3=A9?=.pdf")]).as_deref(), Some("été.pdf"));
        assert_eq!(param_of(&[]), None);
    }
}
