//! From octets as they travel to text as a person reads it: transfer encodings, charsets, encoded words, parameters.
//! Lenient: what cannot be decoded stays as it is or falls away.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::charset;
use super::structure::{Encoding, Param, Part, find};
pub use super::transfer::Decoder;
use super::transfer::hex;

/// A whole body decoded.
pub fn body(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(encoding);
    let mut out = Vec::with_capacity(bytes.len());
    decoder.push(bytes, &mut out);
    decoder.finish(&mut out);
    out
}

/// Octets in a named charset as text (see [`charset::read`]).
pub fn text<'a>(label: Option<&[u8]>, octets: &'a [u8]) -> Cow<'a, str> {
    charset::read(label, octets, true).text
}

/// The decoded octets of a text part as text, and whether all of them meant something: in the charset that the part or,
/// where it is a page, the text itself names, else in what it looks like. `whole` is false where the octets were cut.
pub fn part_text<'a>(part: &Part, octets: &'a [u8], whole: bool) -> charset::Read<'a> {
    let label = part.charset();
    let label = label.as_deref().map(str::as_bytes);
    match part.is("text", "html") {
        true => charset::read_page(label, octets, whole),
        false => charset::read(label, octets, whole),
    }
}

/// A header value with its encoded words (RFC 2047) decoded. Blank space between two of them falls away (§6.2).
pub fn words(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len());
    let mut pending = Pending::default();
    let mut after_word = false;
    for token in tokens(value) {
        match token {
            Token::Word(word) => {
                pending.add(word, &mut out);
                after_word = true;
            }
            Token::Plain { octets, before_word } => {
                // What stands between two words is part of the text only where it is more than blanks.
                if after_word && before_word && octets.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                pending.flush(&mut out);
                out.push_str(&text(None, octets));
                after_word = false;
            }
        }
    }
    pending.flush(&mut out);
    out
}

/// Neighbouring words in one charset that wait to be read together: some mailers cut a character in two.
#[derive(Default)]
struct Pending {
    charset: Vec<u8>,
    pieces: Vec<Vec<u8>>,
}

impl Pending {
    fn add(&mut self, word: Word<'_>, out: &mut String) {
        if !self.charset.eq_ignore_ascii_case(word.charset) {
            self.flush(out);
            self.charset = word.charset.to_vec();
        }
        self.pieces.push(word.octets);
    }

    fn flush(&mut self, out: &mut String) {
        let pieces = std::mem::take(&mut self.pieces);
        if !pieces.is_empty() {
            out.push_str(&charset::read_pieces(&self.charset, &pieces));
        }
    }
}

/// A stretch of a header value.
pub(super) enum Token<'a> {
    /// An encoded word.
    Word(Word<'a>),
    /// What stands before, between and after them.
    Plain {
        octets: &'a [u8],
        /// Does an encoded word follow?
        before_word: bool,
    },
}

impl<'a> Token<'a> {
    /// What it is where it is no encoded word.
    pub(super) fn plain(self) -> Option<&'a [u8]> {
        match self {
            Self::Plain { octets, .. } => Some(octets),
            Self::Word(_) => None,
        }
    }
}

/// An encoded word.
pub(super) struct Word<'a> {
    pub(super) charset: &'a [u8],
    /// Decoded, in that charset.
    pub(super) octets: Vec<u8>,
    /// All of it, as written.
    pub(super) written: &'a [u8],
}

/// The encoded words of a value, and what is between them.
pub(super) fn tokens(value: &[u8]) -> impl Iterator<Item = Token<'_>> {
    let (mut rest, mut waiting) = (value, None);
    let mut ends = Ends::default();
    std::iter::from_fn(move || {
        if let Some(word) = waiting.take() {
            return Some(Token::Word(word));
        }
        let mut at = 0;
        while let Some(found) = rest.get(at..).and_then(|from| memchr::memmem::find(from, b"=?")) {
            at += found;
            if let Some(word) = encoded_word(&rest[at..], &mut ends) {
                let plain = &rest[..at];
                rest = &rest[at + word.written.len()..];
                if plain.is_empty() {
                    return Some(Token::Word(word));
                }
                waiting = Some(word);
                return Some(Token::Plain { octets: plain, before_word: true });
            }
            at += 1;
        }
        let plain = std::mem::take(&mut rest);
        (!plain.is_empty()).then_some(Token::Plain { octets: plain, before_word: false })
    })
}

/// The longest data of an encoded word that is looked for, in octets.
const LONGEST_WORD: usize = 4096;

/// Where the next `?=` stands. It is found once, and not again for each beginning of a word before it: those that a stranger
/// writes without an end would cost their number times the text between.
#[derive(Default)]
struct Ends {
    /// Octets from the next end (and its own two) to the end of the value; none: not looked for yet.
    next: Option<usize>,
}

impl Ends {
    /// How far into `data`, the rest of the value, the next `?=` stands.
    fn find(&mut self, data: &[u8]) -> Option<usize> {
        let is_ahead = self.next.is_some_and(|left| left <= data.len());
        if !is_ahead {
            let found = memchr::memmem::find(data, b"?=");
            self.next = Some(found.map_or(0, |at| data.len() - at));
        }
        let left = self.next.filter(|left| *left > 0)?;
        Some(data.len() - left)
    }
}

/// `=?charset*language?B?…?=` at the start.
fn encoded_word<'a>(value: &'a [u8], ends: &mut Ends) -> Option<Word<'a>> {
    let inside = value.strip_prefix(b"=?")?;
    let charset_end = memchr::memchr(b'?', inside.get(..inside.len().min(80))?)?;
    let charset = inside.get(..charset_end)?;
    let charset = charset.split(|byte| *byte == b'*').next().unwrap_or_default();
    let kind = *inside.get(charset_end + 1)?;
    if inside.get(charset_end + 2) != Some(&b'?') || charset.is_empty() {
        return None;
    }
    let start = charset_end + 3;
    let data = inside.get(start..)?;
    let end = ends.find(data).filter(|end| *end + 2 <= LONGEST_WORD)?;
    // "=?utf-8?Q?=41?=": the first "?=" may be the "?" before the data and an escape; data holds no "?" itself.
    let octets = match kind {
        b'B' | b'b' => body(Encoding::Base64, &data[..end]),
        b'Q' | b'q' => q_word(&data[..end]),
        _ => return None,
    };
    Some(Word { charset, octets, written: value.get(..2 + start + end + 2)? })
}

/// The Q encoding (RFC 2047 §4.2).
fn q_word(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let escaped = match (byte, after) {
            (b'=', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match (byte, escaped) {
            (_, Some((high, low))) => {
                out.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'_', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
    }
    out
}

/// The value of a parameter as text: extended and split values put together (RFC 2231), encoded words decoded where
/// mailers put them against the rules.
pub(super) fn param(params: &[Param], name: &str) -> Option<String> {
    if let Some(extended) = find(params, &format!("{name}*")) {
        let (charset, octets) = extended_value(extended);
        return Some(told(charset.as_deref(), &octets));
    }
    if let Some((charset, octets)) = continued(params, name) {
        return Some(told(charset.as_deref(), &octets));
    }
    find(params, name).map(words)
}

/// The text of an extended value. Some mailers put encoded words into it.
fn told(charset: Option<&[u8]>, octets: &[u8]) -> String {
    match charset.filter(|charset| !charset.is_empty()) {
        _ if octets.starts_with(b"=?") => words(octets),
        Some(charset) => text(Some(charset), octets).into_owned(),
        None => words(octets),
    }
}

/// `name*0*=utf-8''…; name*1=…` (RFC 2231 §4.1).
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

/// `charset'language'percent-encoded`
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

/// Text as searches compare it: compatible characters made one (NFKC), case taken away.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    // Full case folding makes these one; lower case does not.
    lower.nfkc().collect::<String>().replace('ß', "ss").replace('ς', "σ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_decoded() {
        for (written, read) in [
            ("=?utf-8?Q?R=C3=A9union_d=27=C3=A9quipe?=", "Réunion d'équipe"),
            ("=?iso-8859-1?q?caf=E9?= noir", "café noir"),
            ("=?UTF-8?B?w4l0w6k=?=\t=?utf-8?Q?_=C3=A0_la_mer?=", "Été à la mer"),
            ("=?utf-8*fr?q?=C3=A7a?=", "ça"),
            ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
            ("Re: =?utf-8?q?a?= b =?utf-8?q?c?=", "Re: a b c"),
            ("=?nonsense", "=?nonsense"),
            ("=?x?y?z?=", "=?x?y?z?="),
            ("1 =? 2 ?= 3", "1 =? 2 ?= 3"),
        ] {
            assert_eq!(words(written.as_bytes()), read, "{written}");
        }
        assert_eq!(words(b"=?utf-8?q?=?utf-8?q?a?= =?utf-8?q?b?= =?utf-8?q?c"), "=?utf-8?q?ab =?utf-8?q?c");
        assert_eq!(words(b"caf\xe9"), "café");
        assert_eq!(text(Some(b"utf-7"), b"f+APw-r"), "für");
        assert_eq!(text(Some(b"utf-8"), b"\xef\xbb\xbfa"), "a");
    }

    #[test]
    fn bodies_are_decoded_in_pieces_as_in_one() {
        let quoted = b"=C3=A9t=\r\n=C3=A9 =3D  \r\nx=\n=zz=4";
        assert_eq!(body(Encoding::QuotedPrintable, quoted), "été =\r\nx=zz=4".as_bytes());
        let base64 = b"w6l0w6kgIQ==\r\nw6k=";
        assert_eq!(body(Encoding::Base64, base64), "été !é".as_bytes());
        for (encoding, bytes) in [(Encoding::QuotedPrintable, &quoted[..]), (Encoding::Base64, base64)] {
            let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
            bytes.iter().for_each(|byte| decoder.push(&[*byte], &mut out));
            decoder.finish(&mut out);
            assert_eq!(out, body(encoding, bytes));
        }
    }

    #[test]
    fn parameters_are_put_together() {
        let param_of = |pairs: &[(&str, &str)]| {
            let params: Vec<_> = pairs
                .iter()
                .map(|(name, value)| Param { name: name.as_bytes().to_vec(), value: value.as_bytes().to_vec() })
                .collect();
            param(&params, "filename")
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

    #[test]
    fn folding_makes_what_looks_alike_equal() {
        assert_eq!(fold("ÉTÉ"), fold("e\u{301}te\u{301}"));
        assert_eq!(fold("Straße"), fold("STRASSE"));
        assert_eq!(fold("ﬁn"), "fin");
    }
}
