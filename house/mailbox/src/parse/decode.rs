//! From octets as they travel to text as a person reads it: transfer encodings, charsets, encoded words, parameters.
//! Lenient: what cannot be decoded stays as it is or falls away.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::structure::{Encoding, Param, find};

/// Blanks kept back until it is known whether a line ends behind them.
const MOST_HELD: usize = 1024;

/// Undoes a transfer encoding piece by piece, so that no part need be in memory whole.
#[derive(Clone, Debug)]
pub struct Decoder {
    encoding: Encoding,
    bits: u32,
    count: u8,
    /// quoted-printable: what waits for its rest, `=` and one digit, or blanks before a line end.
    held: Vec<u8>,
}

impl Decoder {
    /// For a part's encoding. An unknown one leaves the octets as they are.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, bits: 0, count: 0, held: Vec::new() }
    }

    /// Decodes a piece; `out` grows by what it gives.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Identity | Encoding::Unknown => out.extend_from_slice(piece),
            Encoding::Base64 => self.base64(piece, out),
            Encoding::QuotedPrintable => self.quoted_printable(piece, out),
        }
    }

    /// The end has come: what was held back is given.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.encoding == Encoding::QuotedPrintable {
            // A lone "=" at the end is a soft line end; "=4" is what it says.
            if self.held != b"=" {
                out.append(&mut self.held);
            }
            self.held.clear();
        }
    }

    /// RFC 2045 §6.8: characters outside of the alphabet are passed over.
    fn base64(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for byte in piece {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                b'=' => {
                    // Padding closes a group; some mailers put several encoded texts one after the other.
                    (self.bits, self.count) = (0, 0);
                    continue;
                }
                _ => continue,
            };
            self.bits = self.bits << 6 | u32::from(value);
            self.count += 1;
            match self.count {
                2 => out.push((self.bits >> 4) as u8),
                3 => out.push((self.bits >> 2) as u8),
                4 => {
                    out.push(self.bits as u8);
                    (self.bits, self.count) = (0, 0);
                }
                _ => {}
            }
        }
    }

    /// RFC 2045 §6.7.
    fn quoted_printable(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for &byte in piece {
            // No line has so many blanks at its end by mistake.
            if self.held.len() > MOST_HELD {
                out.append(&mut self.held);
            }
            match (self.held.first(), byte) {
                (Some(b'='), _) => self.escape(byte, out),
                (_, b'=') => {
                    out.append(&mut self.held);
                    self.held.push(b'=');
                }
                (_, b' ' | b'\t') => self.held.push(byte),
                // Blanks before a line end were added on the way.
                (_, b'\r' | b'\n') => {
                    self.held.clear();
                    out.push(byte);
                }
                _ => {
                    out.append(&mut self.held);
                    out.push(byte);
                }
            }
        }
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        let soft = self.held.len() > 1 && matches!(self.held.get(1), Some(b' ' | b'\t' | b'\r'));
        match byte {
            b'\n' => self.held.clear(),
            b' ' | b'\t' | b'\r' if self.held.len() == 1 || soft => self.held.push(byte),
            _ if self.held.len() == 1 && byte.is_ascii_hexdigit() => self.held.push(byte),
            _ => {
                let first = self.held.get(1).copied().and_then(hex);
                match (first, hex(byte)) {
                    (Some(high), Some(low)) if self.held.len() == 2 => {
                        self.held.clear();
                        out.push(high << 4 | low);
                    }
                    // Not an escape after all: as it stands.
                    _ => {
                        out.append(&mut self.held);
                        self.quoted_printable(&[byte], out);
                    }
                }
            }
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| value.try_into().ok())
}

/// A whole body decoded.
pub fn body(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(encoding);
    let mut out = Vec::with_capacity(bytes.len());
    decoder.push(bytes, &mut out);
    decoder.finish(&mut out);
    out
}

/// Bytes in a named charset as text. An unknown charset, or none, is read as UTF-8, else as Windows-1252.
pub fn text<'a>(charset: Option<&[u8]>, bytes: &'a [u8]) -> Cow<'a, str> {
    if let Some(encoding) = charset.and_then(encoding_rs::Encoding::for_label) {
        return encoding.decode_with_bom_removal(bytes).0;
    }
    // Browsers have given up UTF-7, and so has encoding_rs; letters have not.
    if let Some(decode) = charset.and_then(mail_parser::decoders::charsets::map::charset_decoder) {
        return Cow::Owned(decode(bytes));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// A header value with its encoded words (RFC 2047) decoded. Blank space between two of them falls away (§6.2).
pub fn words(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len());
    let mut plain = Vec::new();
    let mut after_word = false;
    // Octets of neighbouring words in one charset are joined before they are decoded: some mailers cut a
    // character in two.
    let mut pending: Option<(Vec<u8>, Vec<u8>)> = None;
    let mut rest = value;
    let mut ends = Ends::default();
    while let Some(&byte) = rest.first() {
        let word = if rest.starts_with(b"=?") { encoded_word(rest, &mut ends) } else { None };
        let Some((charset, octets, length)) = word else {
            plain.push(byte);
            rest = &rest[1..];
            continue;
        };
        rest = rest.get(length..).unwrap_or_default();
        let only_blank = plain.iter().all(u8::is_ascii_whitespace);
        if !(after_word && only_blank) {
            flush(&mut pending, &mut out);
            out.push_str(&text(None, &plain));
        }
        plain.clear();
        match &mut pending {
            Some((known, before)) if known.eq_ignore_ascii_case(&charset) => before.extend_from_slice(&octets),
            _ => {
                flush(&mut pending, &mut out);
                pending = Some((charset, octets));
            }
        }
        after_word = true;
    }
    flush(&mut pending, &mut out);
    out.push_str(&text(None, &plain));
    out
}

fn flush(pending: &mut Option<(Vec<u8>, Vec<u8>)>, out: &mut String) {
    if let Some((charset, octets)) = pending.take() {
        out.push_str(&text(Some(&charset), &octets));
    }
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

/// `=?charset*language?B?…?=` at the start: charset, octets, and the length of the whole word.
fn encoded_word(value: &[u8], ends: &mut Ends) -> Option<(Vec<u8>, Vec<u8>, usize)> {
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
    Some((charset.to_vec(), octets, 2 + start + end + 2))
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
        return Some(text(charset.as_deref(), &octets).into_owned());
    }
    if let Some(joined) = continued(params, name) {
        return Some(joined);
    }
    find(params, name).map(words)
}

/// `name*0*=utf-8''…; name*1=…` (RFC 2231 §4.1).
fn continued(params: &[Param], name: &str) -> Option<String> {
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
    (!octets.is_empty()).then(|| text(charset.as_deref(), &octets).into_owned())
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
