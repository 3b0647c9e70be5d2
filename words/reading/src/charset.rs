//! Converts octets in some charset to text: this is the one place that does it, for bodies, fields, names and the index
//! alike. Labels are those of the registries and of mailers' habits; the charset of text without a useful label is
//! guessed.

mod guess;
mod label;
mod shifted;

use std::borrow::Cow;

use encoding_rs::Encoding;

pub use guess::is_unlabelled_text;
use label::Charset;

/// A text, and whether all its octets had a meaning in a known charset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<'a> {
    /// The text. Octets without a meaning become U+FFFD.
    pub text: Cow<'a, str>,
    /// False if some of it was malformed, or if the charset is unknown or was guessed.
    pub sound: bool,
}

/// Reads octets as text. Without a label, or with one that is empty or unknown, they are UTF-8 if they are valid as
/// that, and else the charset that they look like. `whole` is false if the octets were cut, so that the last character
/// may be torn.
pub fn read<'a>(label: Option<&[u8]>, octets: &'a [u8], whole: bool) -> Read<'a> {
    match label.map(label::charset) {
        Some(Some(Charset::Untold)) | None => guess::read(octets, whole),
        Some(Some(charset)) => in_charset(charset, octets, whole),
        Some(None) => Read { sound: false, ..guess::read(octets, whole) },
    }
}

/// Reads the octets of an HTML page: without a useful label, the page may name its charset itself (`<meta charset>`).
pub fn read_page<'a>(label: Option<&[u8]>, octets: &'a [u8], whole: bool) -> Read<'a> {
    let told = label.and_then(label::charset).filter(|charset| !matches!(charset, Charset::Untold));
    if let Some(charset) = told {
        return in_charset(charset, octets, whole);
    }
    // Mailers that convert a page to UTF-8 often leave the earlier charset in it.
    let is_utf8 = std::str::from_utf8(octets).is_ok();
    match guess::told_by_page(octets).and_then(label::charset).filter(|_| !is_utf8) {
        Some(charset @ (Charset::Known(_) | Charset::Page(_))) => in_charset(charset, octets, whole),
        _ => read(label, octets, whole),
    }
}

/// Returns true if the label names a charset that the octets are sound in.
pub fn fits(label: &[u8], octets: &[u8]) -> bool {
    match label::charset(label) {
        Some(Charset::Untold) | None => false,
        Some(charset) => in_charset(charset, octets, true).sound,
    }
}

/// Returns true if the label names a readable charset, such as US-ASCII.
pub fn is_known(label: &[u8]) -> bool {
    label::charset(label).is_some()
}

/// Returns the name of the charset that octets without a label are most likely in.
pub fn label_of(octets: &[u8]) -> &'static str {
    guess::encoding(octets).name()
}

/// Reads neighbouring pieces of one charset as one text. Each is read for itself, as its writer meant it; if a mailer
/// has cut a character in two, the pieces are joined first.
pub fn read_pieces(label: &[u8], pieces: &[Vec<u8>]) -> String {
    if let [one] = pieces {
        return read(Some(label), one, true).text.into_owned();
    }
    let has_states = label::charset(label).is_some_and(Charset::has_states);
    let reads: Vec<Read<'_>> = pieces.iter().map(|piece| read(Some(label), piece, true)).collect();
    let apart = match has_states {
        true => !pieces.iter().any(|piece| shifted::is_open(piece)),
        false => reads.iter().all(|read| read.sound),
    };
    if apart {
        return reads.into_iter().map(|read| read.text).collect();
    }
    read(Some(label), &pieces.concat(), true).text.into_owned()
}

fn in_charset(charset: Charset, octets: &[u8], whole: bool) -> Read<'_> {
    match charset {
        Charset::Known(encoding) if whole => {
            let (text, malformed) = encoding.decode_with_bom_removal(octets);
            Read { text, sound: !malformed }
        }
        Charset::Known(encoding) => beginning(encoding, octets),
        Charset::Page(number) => page(number, octets),
        Charset::Utf7 => shifted::utf7(octets),
        Charset::Utf16 => in_charset(Charset::Known(guess::order(octets)), octets, whole),
        Charset::Utf32 { little } => shifted::utf32(octets, little),
        Charset::Hz => shifted::hz(octets),
        Charset::Shifted(encoding) => shifted::between_so_and_si(octets, encoding),
        Charset::Untold => guess::read(octets, whole),
    }
}

/// Reads as much as the octets say: an incomplete character at their end is neither written nor a fault.
fn beginning<'a>(encoding: &'static Encoding, octets: &[u8]) -> Read<'a> {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(octets.len()).unwrap_or_default());
    let (_, _, malformed) = decoder.decode_to_string(octets, &mut text, false);
    Read { text: text.into(), sound: !malformed }
}

/// Reads a code page of DOS.
fn page<'a>(number: u16, octets: &[u8]) -> Read<'a> {
    use oem_cp::code_table::DECODING_TABLE_CP_MAP;
    use oem_cp::code_table_type::TableType::{Complete, Incomplete};
    let table = DECODING_TABLE_CP_MAP.get(&number);
    let meaning = |octet: u8| match (octet.checked_sub(128), table) {
        (None, _) => Some(char::from(octet)),
        (Some(at), Some(Complete(table))) => table.get(usize::from(at)).copied(),
        (Some(at), Some(Incomplete(table))) => table.get(usize::from(at)).copied().flatten(),
        (Some(_), None) => None,
    };
    let mut sound = true;
    let text: String = octets
        .iter()
        .map(|octet| {
            meaning(*octet).unwrap_or_else(|| {
                sound = false;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    Read { text: text.into(), sound }
}
