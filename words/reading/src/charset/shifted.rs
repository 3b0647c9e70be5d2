//! Charsets in which octets mean one thing before a shift and another behind it.

use encoding_rs::Encoding;

use super::Read;

/// Reads UTF-7 (RFC 2152). A `-` that ends a shift belongs to it; any other character does not.
pub(super) fn utf7<'a>(octets: &[u8]) -> Read<'a> {
    let (mut text, mut sound) = (String::with_capacity(octets.len()), true);
    let mut rest = octets;
    while let Some(plus) = memchr::memchr(b'+', rest) {
        sound &= push_ascii(&mut text, &rest[..plus]);
        rest = &rest[plus + 1..];
        let length = rest.iter().take_while(|octet| sextet(**octet).is_some()).count();
        if length == 0 {
            text.push('+');
        }
        sound &= push_shifted(&mut text, &rest[..length]);
        rest = &rest[length..];
        rest = rest.strip_prefix(b"-").unwrap_or(rest);
    }
    sound &= push_ascii(&mut text, rest);
    Read { text: text.into(), sound }
}

/// Adds plain text: octets beyond ASCII are a fault, and are kept if they are UTF-8.
fn push_ascii(text: &mut String, octets: &[u8]) -> bool {
    text.push_str(&String::from_utf8_lossy(octets));
    octets.is_ascii()
}

/// Reads Base64 of UTF-16.
fn push_shifted(text: &mut String, base64: &[u8]) -> bool {
    let (mut bits, mut count, mut units) = (0u32, 0u32, Vec::with_capacity(base64.len() * 3 / 8 + 1));
    for value in base64.iter().filter_map(|octet| sextet(*octet)) {
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push((bits >> count & 0xffff) as u16);
        }
    }
    let mut sound = true;
    for character in char::decode_utf16(units) {
        sound &= character.is_ok();
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    sound
}

fn sextet(octet: u8) -> Option<u8> {
    Some(match octet {
        b'A'..=b'Z' => octet - b'A',
        b'a'..=b'z' => octet - b'a' + 26,
        b'0'..=b'9' => octet - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Reads four octets a character; a mark at the beginning shows the order.
pub(super) fn utf32<'a>(octets: &[u8], little: bool) -> Read<'a> {
    let little = match octets.get(..4) {
        Some([0xff, 0xfe, 0, 0]) => true,
        Some([0, 0, 0xfe, 0xff]) => false,
        _ => little,
    };
    let (fours, torn) = octets.as_chunks::<4>();
    let (mut text, mut sound) = (String::with_capacity(fours.len()), torn.is_empty());
    for four in fours {
        let value = if little { u32::from_le_bytes(*four) } else { u32::from_be_bytes(*four) };
        let character = char::from_u32(value);
        sound &= character.is_some();
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Read { text: text.into(), sound }
}

/// Reads HZ (RFC 1843): GB 2312 without the eighth bit between `~{` and `~}`, `~~` for a tilde, `~` before a line end
/// for nothing.
pub(super) fn hz<'a>(octets: &[u8]) -> Read<'a> {
    let mut eight = Vec::with_capacity(octets.len());
    let (mut rest, mut shifted) = (octets, false);
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match (octet, after.first()) {
            (b'~', Some(b'{')) if !shifted => (shifted, rest) = (true, &after[1..]),
            (b'~', Some(b'}')) if shifted => (shifted, rest) = (false, &after[1..]),
            (b'~', Some(b'~')) if !shifted => {
                eight.push(b'~');
                rest = &after[1..];
            }
            (b'~', Some(b'\n')) if !shifted => rest = &after[1..],
            // A line end closes a shift that is still open.
            (b'\r' | b'\n', _) => {
                shifted = false;
                eight.push(octet);
            }
            (0x21..=0x7e, _) if shifted => eight.push(octet | 0x80),
            _ => eight.push(octet),
        }
    }
    eight_bits(&eight, encoding_rs::GBK)
}

/// Reads ISO-2022-KR and ISO-2022-CN: SO and SI enclose characters of two octets; designations add nothing.
pub(super) fn between_so_and_si<'a>(octets: &[u8], encoding: &'static Encoding) -> Read<'a> {
    let mut eight = Vec::with_capacity(octets.len());
    let (mut rest, mut shifted) = (octets, false);
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match octet {
            0x0e => shifted = true,
            0x0f => shifted = false,
            0x1b if after.starts_with(b"$)") => rest = after.get(3..).unwrap_or_default(),
            b'\n' => {
                shifted = false;
                eight.push(octet);
            }
            0x21..=0x7e if shifted => eight.push(octet | 0x80),
            _ => eight.push(octet),
        }
    }
    eight_bits(&eight, encoding)
}

fn eight_bits<'a>(octets: &[u8], encoding: &'static Encoding) -> Read<'a> {
    let (text, malformed) = encoding.decode_without_bom_handling(octets);
    Read { text: text.into_owned().into(), sound: !malformed }
}

/// Returns true if an ISO-2022 text ends while it is shifted, so that the next piece goes on in that state.
pub(super) fn is_open(octets: &[u8]) -> bool {
    octets.iter().rposition(|octet| *octet == 0x1b).is_some_and(|at| octets.get(at + 1) == Some(&b'$'))
}
