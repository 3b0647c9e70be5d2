//! Signatures wrapped around octets (RFC 5652 §5), written by hand: in one piece with lengths, as DER has it, or in pieces
//! without. Nobody checks them, so nobody has signed.

#![allow(dead_code)]

/// The form in which it is written.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// DER.
    Whole,
    /// Pieces of so many octets, in elements that end with zeros: what mailers write that sign while they send.
    Pieces(usize),
    /// The same pieces in a string with a length.
    PiecesWithLength(usize),
    /// Strings of pieces in a string.
    Nested(usize),
}

const SIGNED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";

/// The octets, wrapped up.
pub fn signed(octets: &[u8], form: Form) -> Vec<u8> {
    let is_open = !matches!(form, Form::Whole);
    let inside = content(octets, form);
    let said = element(is_open, 0x30, &[DATA, &element(is_open, 0xa0, &inside)].concat());
    let version = b"\x02\x01\x01".to_vec();
    let digests = element(is_open, 0x31, &element(false, 0x30, b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"));
    let signatures = element(is_open, 0x31, &element(false, 0x30, b"\x02\x01\x01\x04\x03sig"));
    let data = element(is_open, 0x30, &[version, digests, said, signatures].concat());
    element(is_open, 0x30, &[SIGNED_DATA, &element(is_open, 0xa0, &data)].concat())
}

fn content(octets: &[u8], form: Form) -> Vec<u8> {
    let pieces = |octets: &[u8], size: usize| -> Vec<u8> {
        octets.chunks(size.max(1)).flat_map(|piece| element(false, 0x04, piece)).collect()
    };
    match form {
        Form::Whole => element(false, 0x04, octets),
        Form::Pieces(size) => element(true, 0x24, &pieces(octets, size)),
        Form::PiecesWithLength(size) => element(false, 0x24, &pieces(octets, size)),
        Form::Nested(size) => {
            let (first, second) = octets.split_at(octets.len() / 2);
            let strings = [element(true, 0x24, &pieces(first, size)), element(false, 0x24, &pieces(second, size))];
            element(true, 0x24, &strings.concat())
        }
    }
}

fn element(is_open: bool, tag: u8, inside: &[u8]) -> Vec<u8> {
    if is_open {
        return [&[tag, 0x80], inside, &[0, 0]].concat();
    }
    let length = inside.len().to_be_bytes();
    let digits = &length[length.iter().position(|digit| *digit != 0).unwrap_or(length.len() - 1)..];
    let length = match digits {
        [short] if *short < 0x80 => vec![*short],
        digits => [&[0x80 | digits.len() as u8], digits].concat(),
    };
    [&[tag], &length[..], inside].concat()
}

/// As a part of a letter: its header and its body.
pub fn part(octets: &[u8], form: Form) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(signed(octets, form));
    let lines: String =
        text.as_bytes().chunks(64).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect();
    format!(
        "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{lines}"
    )
}
