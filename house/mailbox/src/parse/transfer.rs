//! Transfer encodings taken off (RFC 2045 §6), piece by piece: a decoder eats chunks of any size and keeps at most a few octets
//! between them, so that no part need be in memory whole.

use reading::base64::Base64;
use reading::hex;

use super::ber::OctetStrings;
use super::rtf::RtfText;
use super::structure::Encoding;
use super::uuencode::Uuencode;
use super::yenc::Yenc;

/// Undoes a transfer encoding.
#[derive(Clone, Debug)]
pub struct Decoder(Transfer);

#[derive(Clone, Debug)]
enum Transfer {
    /// The octets as they are.
    Identity,
    Base64(Base64),
    QuotedPrintable(QuotedPrintable),
    Uuencode(Uuencode),
    Yenc(Yenc),
    RtfText(Box<RtfText>),
    OctetStrings(OctetStrings),
}

impl Decoder {
    /// Makes the decoder of a part's encoding. An unknown encoding leaves the octets as they are.
    pub fn new(encoding: Encoding) -> Self {
        Self(match encoding {
            Encoding::Identity | Encoding::Unknown => Transfer::Identity,
            Encoding::Base64 => Transfer::Base64(Base64::default()),
            Encoding::QuotedPrintable => Transfer::QuotedPrintable(QuotedPrintable::default()),
            Encoding::Uuencode => Transfer::Uuencode(Uuencode::default()),
            Encoding::Yenc => Transfer::Yenc(Yenc::default()),
            Encoding::RtfText => Transfer::RtfText(Box::default()),
            Encoding::OctetStrings => Transfer::OctetStrings(OctetStrings::default()),
        })
    }

    /// Decodes a piece and appends its octets to `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        match &mut self.0 {
            Transfer::Identity => out.extend_from_slice(piece),
            Transfer::Base64(base64) => base64.push(piece, out),
            Transfer::QuotedPrintable(printable) => printable.push(piece, out),
            Transfer::Uuencode(uuencode) => uuencode.push(piece, out),
            Transfer::Yenc(yenc) => yenc.push(piece, out),
            Transfer::RtfText(rtf) => rtf.push(piece, out),
            Transfer::OctetStrings(strings) => strings.push(piece, out),
        }
    }

    /// Ends the stream: appends the octets that were held back.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match &mut self.0 {
            Transfer::Identity | Transfer::Base64(_) | Transfer::Yenc(_) | Transfer::OctetStrings(_) => {}
            Transfer::QuotedPrintable(printable) => printable.finish(out),
            Transfer::Uuencode(uuencode) => uuencode.finish(out),
            Transfer::RtfText(rtf) => rtf.finish(out),
        }
    }

    /// Returns true if another decoder would go on from here in the same way.
    pub(super) fn is_at_rest(&self) -> bool {
        match &self.0 {
            Transfer::Identity => true,
            Transfer::Base64(base64) => base64.is_at_rest(),
            Transfer::QuotedPrintable(printable) => printable.held.is_empty(),
            Transfer::Uuencode(_) | Transfer::Yenc(_) | Transfer::RtfText(_) | Transfer::OctetStrings(_) => false,
        }
    }
}

/// Quoted-printable (RFC 2045 §6.7). A malformed escape stays as it is.
#[derive(Clone, Debug, Default)]
struct QuotedPrintable {
    /// The octets after the last one that could be decided: blanks at the end of a line, or a started `=XY`.
    held: Vec<u8>,
}

/// Blanks at the end of a line that are still held back; a line of more is not one that quoted-printable allows.
const MAX_HELD: usize = 1000;

impl QuotedPrintable {
    fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let mut rest = chunk;
        while let Some((&octet, after)) = rest.split_first() {
            rest = after;
            if self.held.is_empty() {
                let plain = rest.iter().position(|b| matches!(b, b'=' | b' ' | b'\t')).unwrap_or(rest.len());
                if !matches!(octet, b'=' | b' ' | b'\t') {
                    out.push(octet);
                    out.extend_from_slice(&rest[..plain]);
                    rest = &rest[plain..];
                    continue;
                }
            }
            self.step(octet, out);
        }
    }

    fn step(&mut self, octet: u8, out: &mut Vec<u8>) {
        match self.held.first() {
            Some(b'=') => self.escape(octet, out),
            Some(_) => self.blanks(octet, out),
            None if matches!(octet, b'=' | b' ' | b'\t') => self.held.push(octet),
            None => out.push(octet),
        }
    }

    /// After blanks: they count unless the line ends (RFC 2045 §6.7 rule 3: white space there was added on the way).
    fn blanks(&mut self, octet: u8, out: &mut Vec<u8>) {
        match octet {
            b' ' | b'\t' if self.held.len() < MAX_HELD => self.held.push(octet),
            b'\r' | b'\n' => {
                self.held.clear();
                out.push(octet);
            }
            octet => {
                out.append(&mut self.held);
                self.step(octet, out);
            }
        }
    }

    /// After `=`: two hexadecimal digits, or a soft line break, perhaps with blanks before the line end.
    fn escape(&mut self, octet: u8, out: &mut Vec<u8>) {
        let soft = self.held.iter().skip(1).all(|b| matches!(b, b' ' | b'\t'));
        match (self.held.len(), octet) {
            (_, b'\n') if soft || self.held == b"=\r" => self.held.clear(),
            (length, b' ' | b'\t' | b'\r') if soft && length < MAX_HELD => self.held.push(octet),
            (1, octet) if hex(octet).is_some() => self.held.push(octet),
            (2, octet) => match (self.held.get(1).copied().and_then(hex), hex(octet)) {
                (Some(high), Some(low)) => {
                    self.held.clear();
                    out.push(high << 4 | low);
                }
                _ => self.give_up(octet, out),
            },
            _ if self.held.last() == Some(&b'\r') && octet == b'\n' => self.held.clear(),
            _ => self.give_up(octet, out),
        }
    }

    /// Gives up an escape that is none after all: the held octets stand for themselves.
    fn give_up(&mut self, octet: u8, out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.step(octet, out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        match self.held.first() {
            // A soft line break at the very end, with or without its line end.
            Some(b'=') if self.held.iter().skip(1).all(|b| matches!(b, b' ' | b'\t' | b'\r')) => self.held.clear(),
            Some(b'=') => out.append(&mut self.held),
            _ => self.held.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BASE64: Encoding = Encoding::Base64;
    const PRINTABLE: Encoding = Encoding::QuotedPrintable;

    fn decoded(encoding: Encoding, text: &[u8], step: usize) -> Vec<u8> {
        let mut decoder = Decoder::new(encoding);
        let mut out = Vec::new();
        for chunk in text.chunks(step.max(1)) {
            decoder.push(chunk, &mut out);
        }
        decoder.finish(&mut out);
        out
    }

    #[test]
    fn base64_in_lines_is_decoded() {
        assert_eq!(decoded(BASE64, b"SGVs\r\nbG8s\r\nIHdvcmxkIQ==\r\n", 3), b"Hello, world!");
        assert_eq!(decoded(BASE64, b"SGk=SGk=", 1), b"HiHi");
        assert_eq!(decoded(BASE64, b"", 1), b"");
    }

    #[test]
    fn quoted_printable_is_decoded() {
        for step in 1..10 {
            assert_eq!(decoded(PRINTABLE, b"caf=C3=A9 au=\r\n lait  \r\nend=", step), "café au lait\r\nend".as_bytes());
            assert_eq!(decoded(PRINTABLE, b"soft = \t\r\nline = 5 =3d five", step), b"soft line = 5 = five");
        }
    }

    #[test]
    fn malformed_quoted_printable_stays_as_it_is() {
        for step in 1..4 {
            assert_eq!(decoded(PRINTABLE, b"a=ZZ b=4", step), b"a=ZZ b=4");
            assert_eq!(decoded(PRINTABLE, b"==41", step), b"=A");
            assert_eq!(decoded(PRINTABLE, b"=\rx", step), b"=\rx");
        }
    }

    proptest! {
        #[test]
        fn base64_goes_round_whatever_the_chunks(bytes: Vec<u8>, step in 1usize..70) {
            use base64::Engine;
            let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
            prop_assert_eq!(decoded(BASE64, text.as_bytes(), step), bytes);
        }

        #[test]
        fn the_size_of_chunks_never_matters(text in "[ \t\r\n=A-Fa-f0-9x]{0,80}", step in 1usize..20) {
            prop_assert_eq!(
                decoded(PRINTABLE, text.as_bytes(), step),
                decoded(PRINTABLE, text.as_bytes(), 1000)
            );
        }
    }
}
