//! From octets in some charset to text: the one place where that is done, for bodies, fields, names and the index alike.
//! Labels are those of the registries and of mailers' habits; text without a label that says anything is guessed.

mod guess;
mod label;
mod shifted;

use std::borrow::Cow;

use encoding_rs::Encoding;

pub use guess::is_unlabelled_text;
use label::Charset;

/// A text, and whether all its octets meant something in a charset that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<'a> {
    /// The text. What meant nothing in it is U+FFFD.
    pub text: Cow<'a, str>,
    /// False where something of it was malformed, where the charset is not known, or where it was guessed.
    pub sound: bool,
}

/// Octets as text. Without a label, or with one that says nothing or is not known, UTF-8 where they are that, else what
/// they look like. `whole` is false where the octets were cut, so that the last character may be torn.
pub fn read<'a>(label: Option<&[u8]>, octets: &'a [u8], whole: bool) -> Read<'a> {
    match label.map(label::charset) {
        Some(Some(Charset::Untold)) | None => guess::read(octets, whole),
        Some(Some(charset)) => in_charset(charset, octets, whole),
        Some(None) => Read { sound: false, ..guess::read(octets, whole) },
    }
}

/// The same for an HTML page: where the label says nothing, the page may say it itself (`<meta charset>`).
pub fn read_page<'a>(label: Option<&[u8]>, octets: &'a [u8], whole: bool) -> Read<'a> {
    let told = label.and_then(label::charset).filter(|charset| !matches!(charset, Charset::Untold));
    if let Some(charset) = told {
        return in_charset(charset, octets, whole);
    }
    // Mailers that bring a page into UTF-8 often leave what it said before.
    let is_utf8 = std::str::from_utf8(octets).is_ok();
    match guess::told_by_page(octets).and_then(label::charset).filter(|_| !is_utf8) {
        Some(charset @ (Charset::Known(_) | Charset::Page(_))) => in_charset(charset, octets, whole),
        _ => read(label, octets, whole),
    }
}

/// Does the label name a charset that the octets are sound in?
pub fn fits(label: &[u8], octets: &[u8]) -> bool {
    match label::charset(label) {
        Some(Charset::Untold) | None => false,
        Some(charset) => in_charset(charset, octets, true).sound,
    }
}

/// Does the label name a charset that can be read, US-ASCII among them?
pub fn is_known(label: &[u8]) -> bool {
    label::charset(label).is_some()
}

/// The name of the charset that octets without a label are most likely in.
pub fn label_of(octets: &[u8]) -> &'static str {
    guess::encoding(octets).name()
}

/// Neighbouring pieces of one charset as one text. Each is read for itself, as its writer meant it; where a mailer has cut a
/// character in two, they are joined first.
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

/// As much as the octets say: what may still become a character at their end is neither said nor a fault.
fn beginning<'a>(encoding: &'static Encoding, octets: &[u8]) -> Read<'a> {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(octets.len()).unwrap_or_default());
    let (_, _, malformed) = decoder.decode_to_string(octets, &mut text, false);
    Read { text: text.into(), sound: !malformed }
}

/// A code page of DOS.
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
