//! The text of a letter that Outlook wrote: RTF, packed as MS-OXRTFCP says. Only its words are wanted, so the words of format are
//! passed over, and with them the HTML that may be hidden in it (MS-OXRTFEX). All is read octet by octet, and what comes is bounded.

mod packed;
mod words;

use packed::Packed;
use words::Words;

/// The most octets of text that are given. RTF may pack eight octets into one.
pub(super) const MOST: usize = 4 << 20;

/// Turns packed RTF into text in UTF-8, piece by piece.
#[derive(Clone, Debug, Default)]
pub(super) struct RtfText {
    packed: Packed,
    words: Words,
    given: usize,
}

impl RtfText {
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut text = String::new();
        for &octet in piece {
            if self.given >= MOST {
                break;
            }
            let Self { packed, words, .. } = self;
            packed.push(octet, |octet| words.push(octet, &mut text));
            if text.len() > 4096 {
                self.give(&mut text, out);
            }
        }
        self.give(&mut text, out);
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let mut text = String::new();
        self.words.finish(&mut text);
        self.give(&mut text, out);
    }

    fn give(&mut self, text: &mut String, out: &mut Vec<u8>) {
        self.given += text.len();
        out.extend_from_slice(text.as_bytes());
        text.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the RTF in the form in which TNEF keeps it without packing.
    fn kept(rtf: &[u8]) -> Vec<u8> {
        let length = u32::try_from(rtf.len()).unwrap();
        [&(length + 12).to_le_bytes()[..], &length.to_le_bytes(), b"MELA", &[0; 4], rtf].concat()
    }

    fn text_of(octets: &[u8], step: usize) -> String {
        let (mut decoder, mut out) = (RtfText::default(), Vec::new());
        octets.chunks(step).for_each(|piece| decoder.push(piece, &mut out));
        decoder.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_words_are_read_and_the_words_of_format_are_not() {
        let rtf = br"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\*\generator Some Program;}\pard\f0 Hello \b w\'f6rld\b0 , \u8364?5\par
            second \{line\}\tab end\line{\pict\bin3 }}}}\uc1\u-10179?\u-8704?}";
        for step in [1, 3, 1000] {
            let text = text_of(&kept(rtf), step);
            assert_eq!(text.split_whitespace().collect::<Vec<_>>().join(" "), "Hello wörld, €5 second {line} end 😀");
        }
    }

    #[test]
    fn html_in_rtf_gives_its_words_once() {
        let rtf = br"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Dear Ann,{\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0 bye}";
        assert_eq!(text_of(&kept(rtf), 7), "Dear Ann,bye");
    }

    #[test]
    fn packed_rtf_is_unpacked() {
        // The example of MS-OXRTFCP §3.1.
        let packed = b"\x2d\x00\x00\x00\x2b\x00\x00\x00LZFu\xf1\xc5\xc7\xa7\x03\x00\x0a\x00rcpg125\x42\x32\x0a\xf3 hel\x09\x00 bw\
            \x05\xb0ld}\x0a\x80\x0f\xa0";
        assert_eq!(text_of(packed, 1).trim_end(), "hello world");
        assert_eq!(text_of(packed, 100).trim_end(), "hello world");
    }

    #[test]
    fn a_bomb_gives_no_more_than_is_bounded() {
        // The references lead to octets that were just written: two octets stand for seventeen.
        let mut bomb = [&u32::MAX.to_le_bytes()[..], &u32::MAX.to_le_bytes(), b"LZFu", &[0; 4]].concat();
        bomb.extend([0, b'{', b'a', b'b', b'c', b'd', b'e', b'f', b'g']);
        let mut at = 207 + 8_u16;
        for _ in 0..50_000 {
            bomb.extend([0xff]);
            for _ in 0..8 {
                bomb.extend((((at + 4096 - 8) % 4096) << 4 | 15).to_be_bytes());
                at = (at + 17) % 4096;
            }
        }
        let text = text_of(&bomb, 4096);
        assert!((MOST..MOST + 64 * 1024).contains(&text.len()), "{}", text.len());
        // Groups in groups, and a number of octets that is never there.
        text_of(&kept(&b"{".repeat(300_000)), 4096);
        text_of(&kept(br"\bin2147483647 x"), 4096);
        text_of(&kept(br"\uc2147483647\u-2147483648 x\u99999999999999999999 y"), 1);
    }

    proptest! {
        #[test]
        fn any_octets_are_read_whatever_the_pieces(octets: Vec<u8>, step in 1usize..50, packed: bool) {
            let kind: &[u8; 4] = if packed { b"LZFu" } else { b"MELA" };
            let whole = [&[0xff_u8, 0, 0, 0, 0xff, 0, 0, 0][..], kind, &[0; 4], &octets].concat();
            prop_assert_eq!(text_of(&whole, step), text_of(&whole, 10_000));
        }

        #[test]
        fn any_rtf_is_read_whatever_the_pieces(rtf in r"(\\[a-z]{1,6}-?[0-9]{0,4} ?|[{}a-zé ]|\\'[0-9a-f]{2}|\\u-?[0-9]{1,5}){0,60}", step in 1usize..50) {
            let whole = kept(rtf.as_bytes());
            prop_assert_eq!(text_of(&whole, step), text_of(&whole, 10_000));
        }
    }
}
