//! Completes the header of a letter that one of our people wrote (RFC 6409 §8).

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use mail::header::{self, Field};
use mail::{Address, Domain, LetterId, Timestamp};

/// What is put where something is missing.
#[derive(Clone, Copy, Debug)]
pub struct Fixer<'a> {
    /// For a missing Message-ID: `<id@hostname>`.
    pub id: LetterId,
    /// See `id`.
    pub hostname: &'a Domain,
    /// For a missing Date.
    pub now: Timestamp,
    /// For a missing From.
    pub author: &'a Address,
}

/// Gives the letter with what RFC 5322 §3.6 asks for (Date, From, and Message-ID, §3.6.4) and without Bcc, which only
/// the sender may see. `front` (a Received field, say, with its line end) is put before it all. All other bytes stay
/// as they are. Without any change to make, nothing is copied.
pub fn fix(letter: &Bytes, front: &str, fixer: &Fixer<'_>) -> Bytes {
    let missing = missing(letter, fixer);
    let hidden: Vec<Field<'_>> = header::fields(letter).filter(is_hidden).collect();
    if front.is_empty() && missing.is_empty() && hidden.is_empty() {
        return letter.clone();
    }
    let mut fixed = BytesMut::with_capacity(front.len() + missing.len() + letter.len() + 2);
    fixed.extend_from_slice(front.as_bytes());
    fixed.extend_from_slice(missing.as_bytes());
    if is_bare_body(letter) {
        fixed.extend_from_slice(b"\r\n");
    }
    let mut copied = 0;
    for field in hidden {
        let start = offset(letter, field.whole);
        fixed.extend_from_slice(&letter[copied..start]);
        copied = start + field.whole.len();
    }
    fixed.extend_from_slice(&letter[copied..]);
    fixed.freeze()
}

/// Where `part`, a slice of `whole`, begins in it.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

/// A letter without any header field begins with its body: an empty line must part it from what is put before.
fn is_bare_body(letter: &[u8]) -> bool {
    header::fields(letter).next().is_none() && !letter.starts_with(b"\r\n")
}

fn missing(letter: &[u8], fixer: &Fixer<'_>) -> String {
    let mut fields = String::new();
    if !has(letter, "Date") {
        let _ = write!(fields, "Date: {}\r\n", fixer.now.rfc5322());
    }
    if !has(letter, "From") {
        let _ = write!(fields, "From: {}\r\n", fixer.author);
    }
    if !has(letter, "Message-ID") {
        let _ = write!(fields, "Message-ID: <{}@{}>\r\n", fixer.id, fixer.hostname);
    }
    fields
}

/// There, and not empty.
fn has(letter: &[u8], name: &str) -> bool {
    header::fields(letter).any(|field| field.is(name) && !field.value().is_empty())
}

/// RFC 5322 §3.6.3: recipients in Bcc are not to be seen. An empty field of those we add would stand there twice.
fn is_hidden(field: &Field<'_>) -> bool {
    let emptied = ["Date", "From", "Message-ID"].iter().any(|name| field.is(name)) && field.value().is_empty();
    emptied || field.is("Bcc") || field.is("Resent-Bcc")
}
