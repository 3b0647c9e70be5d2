//! Guesses the charset of a text that names none.

use encoding_rs::Encoding;

use super::Read;

/// Octets that a guess is made from.
const SAMPLE: usize = 64 * 1024;
/// Octets before the first one outside ASCII that are read, too.
const BEFORE: usize = 256;
/// Octets of a page in which it names its charset (the HTML standard reads 1024; mailers put much before it).
const PROLOGUE: usize = 4096;
/// The most `<meta` elements that are read.
const METAS: usize = 32;

/// Reads a text without a label: as UTF-8 if it is that but for a fault here and there, else as the charset it looks
/// like.
pub(super) fn read(octets: &[u8], whole: bool) -> Read<'_> {
    if let Err(error) = std::str::from_utf8(octets)
        && !whole
        && error.error_len().is_none()
    {
        return read(octets.get(..error.valid_up_to()).unwrap_or_default(), true);
    }
    let encoding = encoding(octets);
    if encoding == encoding_rs::UTF_8 {
        let sound = std::str::from_utf8(octets).is_ok();
        return Read { text: encoding.decode_with_bom_removal(octets).0, sound };
    }
    let (text, malformed) = encoding.decode_without_bom_handling(octets);
    if malformed && encoding == encoding_rs::ISO_2022_JP {
        return Read { text: String::from_utf8_lossy(octets), sound: false };
    }
    // Escapes show the charset themselves; all else is a guess.
    Read { text, sound: !malformed && encoding == encoding_rs::ISO_2022_JP }
}

/// Returns UTF-8 if the octets are that but for a fault here and there, else the charset they look like.
pub(super) fn encoding(octets: &[u8]) -> &'static Encoding {
    let is_utf8 = match std::str::from_utf8(octets) {
        Ok(_) => !has_escapes(octets),
        Err(_) => is_nearly_utf8(octets),
    };
    if is_utf8 { encoding_rs::UTF_8 } else { guess(octets) }
}

/// Returns true if octets of a field may be in a charset without a label.
pub fn is_unlabelled_text(octets: &[u8]) -> bool {
    (!octets.is_ascii() && std::str::from_utf8(octets).is_err()) || has_escapes(octets)
}

/// Returns true for the escapes of ISO-2022-JP, which has no octet beyond ASCII.
fn has_escapes(octets: &[u8]) -> bool {
    memchr::memchr_iter(0x1b, octets)
        .any(|at| matches!(octets.get(at + 1..at + 3), Some(b"$B" | b"$@" | b"(J" | b"(I")))
}

/// Returns true for text in UTF-8 that somebody has cut, or pasted other octets into.
fn is_nearly_utf8(octets: &[u8]) -> bool {
    let (mut sound, mut faults) = (0, 0);
    for chunk in octets.utf8_chunks() {
        sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        faults += usize::from(!chunk.invalid().is_empty());
    }
    faults * 10 <= sound
}

fn guess(octets: &[u8]) -> &'static Encoding {
    let interesting = |octet: &u8| !octet.is_ascii() || *octet == 0x1b;
    let first = octets.iter().position(interesting).unwrap_or_default();
    let start = first.saturating_sub(BEFORE);
    let sample = octets.get(start..).unwrap_or_default();
    let sample = sample.get(..SAMPLE).unwrap_or(sample);
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    detector.feed(sample, start + sample.len() == octets.len());
    detector.guess(None, chardetng::Utf8Detection::Deny)
}

/// Returns the order of the octets of a UTF-16 text: a mark decides, or else the side with the most zeros.
pub(super) fn order(octets: &[u8]) -> &'static Encoding {
    match octets.get(..2) {
        Some([0xfe, 0xff]) => return encoding_rs::UTF_16BE,
        Some([0xff, 0xfe]) => return encoding_rs::UTF_16LE,
        _ => {}
    }
    let (pairs, _) = octets.get(..octets.len().min(512)).unwrap_or_default().as_chunks::<2>();
    let zeros = |side: usize| pairs.iter().filter(|pair| pair[side] == 0).count();
    // RFC 2781 §4.3: without any sign, the octets are big-endian.
    if zeros(1) > zeros(0) { encoding_rs::UTF_16LE } else { encoding_rs::UTF_16BE }
}

/// Returns the charset that a page names: `<meta charset=…>`, or `<meta http-equiv=Content-Type content="text/html;
/// charset=…">`.
pub(super) fn told_by_page(octets: &[u8]) -> Option<&[u8]> {
    let start = octets.get(..octets.len().min(PROLOGUE))?;
    let lower = start.to_ascii_lowercase();
    memchr::memmem::find_iter(&lower, b"<meta").take(METAS).find_map(|at| {
        let end = memchr::memchr(b'>', &lower[at..]).map_or(lower.len(), |end| at + end);
        let named = memchr::memmem::find(&lower[at..end], b"charset")? + at + b"charset".len();
        let value = start.get(named..end)?.trim_ascii_start().strip_prefix(b"=")?;
        let quotes = |octet: u8| octet.is_ascii_whitespace() || b"\"'".contains(&octet);
        let value = &value[value.iter().take_while(|octet| quotes(**octet)).count()..];
        let length = value.iter().take_while(|octet| !quotes(**octet) && !b";/>".contains(octet)).count();
        value.get(..length).filter(|label| !label.is_empty())
    })
}
