//! Writes strings from letters to a client, without `format!`: this code runs once for each item of each letter of a
//! FETCH.

use mailbox::parse::decode;

use crate::codec::write::{QUOTED_MAX, literal, quoted};
use crate::session::Enabled;

/// The charset of strings to this client: UTF-8 if it has enabled rev2 (RFC 9051 §5.1) or UTF8=ACCEPT (RFC 6855).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Quoted strings contain US-ASCII; other text goes as encoded words (RFC 2047).
    Ascii,
    /// Quoted strings contain UTF-8.
    Utf8,
}

impl Charset {
    /// Returns the charset that the client has enabled.
    pub fn of(enabled: Enabled) -> Self {
        if enabled.rev2 || enabled.utf8 { Self::Utf8 } else { Self::Ascii }
    }
}

/// Writes `NIL`, or the string.
pub fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>, charset: Charset) {
    match text {
        Some(text) => string(out, text, charset),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Writes text from a header field: quoted if that is allowed, else as a literal; outside US-ASCII in the client's
/// charset.
pub fn string(out: &mut Vec<u8>, text: &[u8], charset: Charset) {
    if text.is_ascii() {
        return plain_string(out, text);
    }
    match charset {
        Charset::Utf8 => plain_string(out, decode::text(None, text).as_bytes()),
        // Encoded words beside raw text are decoded first: no client reads one inside another.
        Charset::Ascii => plain_string(out, encoded_words(&decode::words(text)).as_bytes()),
    }
}

fn plain_string(out: &mut Vec<u8>, text: &[u8]) {
    let quotable = text.len() <= QUOTED_MAX && !text.iter().any(|b| matches!(b, 0 | b'\r' | b'\n'));
    if quotable { quoted(out, text) } else { literal(out, text) }
}

/// The octets of text in one encoded word: 45 give 60 of base64, and 72 with the frame (RFC 2047 §2: at most 75).
const WORD: usize = 45;

/// Encodes the words from the first to the last one outside US-ASCII (RFC 2047), and leaves those around them as they
/// are.
fn encoded_words(text: &str) -> String {
    use base64::Engine;
    let foreign = |word: &&str| !word.is_ascii();
    let head: usize = text.split_inclusive(' ').take_while(|word| !foreign(word)).map(str::len).sum();
    let tail: usize = text[head..].rsplit_inclusive_blank().take_while(|word| !foreign(word)).map(str::len).sum();
    let (middle, after) = text[head..].split_at(text.len() - head - tail);
    let mut out = text[..head].to_owned();
    let mut rest = middle;
    while !rest.is_empty() {
        let (word, next) = rest.split_at(boundary(rest, WORD));
        if rest.len() != middle.len() {
            out.push(' ');
        }
        out.push_str("=?UTF-8?B?");
        base64::engine::general_purpose::STANDARD.encode_string(word, &mut out);
        out.push_str("?=");
        rest = next;
    }
    out.push_str(after);
    out
}

/// Words from the end, each with the blank before it.
trait FromTheEnd {
    fn rsplit_inclusive_blank(&self) -> impl Iterator<Item = &str>;
}

impl FromTheEnd for str {
    fn rsplit_inclusive_blank(&self) -> impl Iterator<Item = &str> {
        let mut rest = self;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (before, word) = rest.split_at(rest.rfind(' ').unwrap_or(0));
            rest = before;
            Some(word)
        })
    }
}

/// Returns the last character boundary at or before `most`.
fn boundary(text: &str, most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::write::written;

    #[test]
    fn a_string_is_quoted_where_it_can_be() {
        assert_eq!(written(|out| string(out, b"a \"b\" \\c", Charset::Ascii)), r#""a \"b\" \\c""#);
        assert_eq!(written(|out| string(out, b"", Charset::Ascii)), r#""""#);
        assert_eq!(written(|out| string(out, b"a\nb", Charset::Ascii)), "{3}\r\na\nb");
        assert_eq!(written(|out| nstring(out, None, Charset::Ascii)), "NIL");
    }

    #[test]
    fn text_outside_ascii_is_raw_only_where_utf8_was_enabled() {
        assert_eq!(written(|out| string(out, "Grüße".as_bytes(), Charset::Utf8)), "\"Grüße\"");
        assert_eq!(
            written(|out| string(out, "Re: Grüße an alle".as_bytes(), Charset::Ascii)),
            "\"Re: =?UTF-8?B?R3LDvMOfZQ==?= an alle\""
        );
        assert_eq!(written(|out| string(out, b"caf\xe9", Charset::Utf8)), "\"café\"");
    }

    #[test]
    fn no_encoded_word_is_encoded_again() {
        for (raw, read) in [
            (&b"Heinz =?iso-8859-1?Q?M\xfcller?="[..], "Heinz Müller"),
            ("=?utf-8?q?=C3=89t=C3=A9?= à la mer".as_bytes(), "Été à la mer"),
            ("a =?utf-8?b?w4k=?= b é c".as_bytes(), "a É b é c"),
        ] {
            let text = written(|out| string(out, raw, Charset::Ascii));
            assert!(text.is_ascii());
            assert_eq!(decode::words(text.trim_matches('"').as_bytes()), read);
        }
    }

    #[test]
    fn a_long_text_becomes_several_encoded_words_cut_between_characters() {
        let coded = encoded_words(&"é".repeat(100));
        assert!(
            coded.split(' ').all(|word| word.len() <= 75 && word.starts_with("=?UTF-8?B?") && word.ends_with("?="))
        );
        assert_eq!(coded.split(' ').count(), 5);
    }

    #[test]
    fn nul_never_stands_in_a_string() {
        assert_eq!(
            {
                let mut out = Vec::new();
                string(&mut out, b"a\0b\0", Charset::Ascii);
                out
            },
            b"{4}\r\na\x80b\x80"
        );
    }
}
