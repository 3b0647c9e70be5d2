//! Decodes octets as they travel to text as a person reads it: transfer encodings, charsets, encoded words,
//! parameters. It is lenient: octets that cannot be decoded stay as they are or fall away.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

pub use reading::words::read as words;

use super::charset;
use super::structure::{Encoding, Part};
pub use super::transfer::Decoder;

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
/// where it is a page, the text itself names, else in what it looks like. `whole` is `false` if the octets were cut.
pub fn part_text<'a>(part: &Part, octets: &'a [u8], whole: bool) -> charset::Read<'a> {
    let label = part.charset();
    let label = label.as_deref().map(str::as_bytes);
    match part.is("text", "html") {
        true => charset::read_page(label, octets, whole),
        false => charset::read(label, octets, whole),
    }
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
    fn text_is_read_in_the_charset_it_names() {
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
    fn folding_makes_what_looks_alike_equal() {
        assert_eq!(fold("ÉTÉ"), fold("e\u{301}te\u{301}"));
        assert_eq!(fold("Straße"), fold("STRASSE"));
        assert_eq!(fold("ﬁn"), "fin");
    }
}
