//! Encoded words (RFC 2047).

use crate::{base64, charset, hex};

/// Returns a header value with its encoded words (RFC 2047) decoded. Blank space between two of them falls away (§6.2).
pub fn read(value: &[u8]) -> String {
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
                // The octets between two words are part of the text only if they are more than blanks.
                if after_word && before_word && octets.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                pending.flush(&mut out);
                out.push_str(&charset::read(None, octets, true).text);
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
pub enum Token<'a> {
    /// An encoded word.
    Word(Word<'a>),
    /// The text before, between and after them.
    Plain {
        /// The stretch as written.
        octets: &'a [u8],
        /// True if an encoded word follows.
        before_word: bool,
    },
}

impl<'a> Token<'a> {
    /// Returns the octets, if they are no encoded word.
    pub fn plain(self) -> Option<&'a [u8]> {
        match self {
            Self::Plain { octets, .. } => Some(octets),
            Self::Word(_) => None,
        }
    }
}

/// An encoded word.
pub struct Word<'a> {
    /// The label of its charset, without a language.
    pub charset: &'a [u8],
    /// The octets, decoded, in that charset.
    pub octets: Vec<u8>,
    /// All of it, as written.
    pub written: &'a [u8],
}

/// Returns the encoded words of a value, and the octets between them.
pub fn tokens(value: &[u8]) -> impl Iterator<Item = Token<'_>> {
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

/// The longest data of an encoded word that is recognised, in octets.
const LONGEST_WORD: usize = 4096;

/// The place of the next `?=`. It is found once, and not again for each beginning of a word before it: a stranger's
/// words without an end would otherwise cost their number times the text between.
#[derive(Default)]
struct Ends {
    /// Octets from the next end (and its own two) to the end of the value; `None` if it was not looked for yet.
    next: Option<usize>,
}

impl Ends {
    /// Returns the distance of the next `?=` in `data`, the rest of the value.
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

/// Reads `=?charset*language?B?…?=` at the start.
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
        b'B' | b'b' => base64::decoded(&data[..end]),
        b'Q' | b'q' => q_word(&data[..end]),
        _ => return None,
    };
    Some(Word { charset, octets, written: value.get(..2 + start + end + 2)? })
}

/// Decodes the Q encoding (RFC 2047 §4.2).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_decoded() {
        for (written, expected) in [
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
            assert_eq!(read(written.as_bytes()), expected, "{written}");
        }
        assert_eq!(read(b"=?utf-8?q?=?utf-8?q?a?= =?utf-8?q?b?= =?utf-8?q?c"), "=?utf-8?q?ab =?utf-8?q?c");
        assert_eq!(read(b"caf\xe9"), "café");
    }
}
