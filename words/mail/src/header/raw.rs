//! Repairs header fields with octets that no standard allows there (RFC 5322 §2.2): as a rule they are in the charset
//! of the body, and are converted to UTF-8 before any code reads the field, so that all read the same.

use std::borrow::Cow;

use reading::words::{Token, tokens};
use reading::{charset, params};

use super::{body_start, find};

/// Octets behind the header in which the letter's first text is searched for.
pub const BEGINNING: usize = 16 * 1024;
/// The most lines of that which are read.
const LINES: usize = 400;

/// Returns a field's value in ASCII and UTF-8: encoded words stay encoded. `told` returns the charset of the letter's
/// text.
pub fn repaired<'a>(value: Cow<'a, [u8]>, told: impl FnOnce() -> Option<String>) -> Cow<'a, [u8]> {
    if !charset::is_unlabelled_text(&value) {
        return value;
    }
    let plain: Vec<u8> = tokens(&value).filter_map(Token::plain).flatten().copied().collect();
    let is_told = |label: &String| std::str::from_utf8(&plain).is_err() && charset::fits(label.as_bytes(), &plain);
    let label = told().filter(is_told).unwrap_or_else(|| charset::label_of(&plain).to_owned());
    let mut out = Vec::with_capacity(value.len() * 2);
    for token in tokens(&value) {
        match token {
            Token::Word(word) => escaped(word.written, &mut out),
            Token::Plain { octets, .. } => {
                out.extend_from_slice(charset::read(Some(label.as_bytes()), octets, true).text.as_bytes())
            }
        }
    }
    Cow::Owned(out)
}

/// Writes an encoded word without octets outside ASCII: the Q encoding escapes them.
fn escaped(word: &[u8], out: &mut Vec<u8>) {
    for octet in word {
        match octet.is_ascii() {
            true => out.push(*octet),
            false => out.extend_from_slice(format!("={octet:02X}").as_bytes()),
        }
    }
}

/// Returns the charset of a letter's first text, if its beginning names one. `letter` is its header and the octets
/// behind it.
pub fn charset_told(letter: &[u8]) -> Option<String> {
    let body = body_start(letter);
    let own = find(letter, "Content-Type").and_then(|field| label(&field.value()));
    own.or_else(|| {
        let mut rest = letter.get(body..)?;
        rest = rest.get(..rest.len().min(BEGINNING))?;
        for _ in 0..LINES {
            let end = memchr::memchr(b'\n', rest)?;
            let starts_field =
                |line: &[u8]| line.get(..13).is_some_and(|name| name.eq_ignore_ascii_case(b"content-type:"));
            if starts_field(rest)
                && let Some(label) = find(rest, "Content-Type").and_then(|field| label(&field.value()))
            {
                return Some(label);
            }
            rest = &rest[end + 1..];
        }
        None
    })
}

fn label(content_type: &[u8]) -> Option<String> {
    let (_, params) = params::read(content_type.get(..content_type.len().min(4096))?);
    params::text(&params, "charset").filter(|label| !label.is_empty())
}
