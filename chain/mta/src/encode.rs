//! Quoted-printable and base64 (RFC 2045 §6.7, §6.8), and the encoded words of headers (RFC 2047).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest encoded line, without its line end.
const LINE: usize = 76;

/// Text in quoted-printable; its CRLFs stay line ends.
pub fn quoted_printable(text: &[u8], out: &mut Vec<u8>) {
    let mut column = 0;
    let mut rest = text.iter().copied().enumerate().peekable();
    while let Some((at, byte)) = rest.next() {
        if byte == b'\r' && text.get(at + 1) == Some(&b'\n') {
            rest.next();
            out.extend_from_slice(b"\r\n");
            column = 0;
            continue;
        }
        let at_line_end = matches!(text.get(at + 1..), None | Some([] | [b'\r', b'\n', ..]));
        let plain = match byte {
            b' ' | b'\t' => !at_line_end,
            b'=' => false,
            _ => (33..=126).contains(&byte),
        };
        let width = if plain { 1 } else { 3 };
        // A line that goes on keeps room for its closing "=".
        if column + width > LINE - usize::from(!at_line_end) {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if plain {
            out.push(byte)
        } else {
            out.extend_from_slice(format!("={byte:02X}").as_bytes())
        }
        column += width;
    }
}

/// Bytes in base64, in lines.
pub fn base64_lines(bytes: &[u8], out: &mut Vec<u8>) {
    for line in bytes.chunks(LINE / 4 * 3) {
        out.extend_from_slice(STANDARD.encode(line).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// A header's text: as it is when it is short ASCII, else in encoded words of UTF-8, folded.
pub fn header_text(text: &str) -> String {
    if text.is_ascii() && text.len() <= LINE {
        return text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    }
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        // 45 octets give 60 in base64, 72 with the frame: under the 75 of RFC 2047 §2.
        if word.len() + c.len_utf8() > 42 {
            words.push(std::mem::take(&mut word));
        }
        word.push(if c.is_control() { ' ' } else { c });
    }
    words.push(word);
    let words: Vec<String> = words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_lines_are_broken_softly() {
        let mut out = Vec::new();
        quoted_printable(&[b'x'; 100], &mut out);
        assert_eq!(out, [&[b'x'; 75][..], b"=\r\n", &[b'x'; 25]].concat());
    }

    #[test]
    fn header_text_beyond_ascii_goes_in_encoded_words() {
        assert_eq!(header_text("plain"), "plain");
        assert_eq!(header_text("é\r\n"), "=?utf-8?B?w6kgIA==?=");
        assert!(header_text(&"é".repeat(200)).split("\r\n ").all(|word| word.len() <= 75));
    }

    fn decode_quoted_printable(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < text.len() {
            match &text[at..] {
                [b'=', b'\r', b'\n', ..] => at += 3,
                [b'=', high, low, ..] => {
                    let pair = [*high, *low];
                    out.push(u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap());
                    at += 3;
                }
                [byte, ..] => {
                    out.push(*byte);
                    at += 1;
                }
                [] => unreachable!(),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn quoted_printable_goes_round_in_lines_of_76(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b' '), Just(b'=')], 0..400)) {
            let mut out = Vec::new();
            quoted_printable(&bytes, &mut out);
            prop_assert!(out.is_ascii());
            for line in String::from_utf8(out.clone()).unwrap().split("\r\n") {
                prop_assert!(line.len() <= 76);
                prop_assert!(!line.ends_with([' ', '\t']));
            }
            prop_assert_eq!(decode_quoted_printable(&out), bytes);
        }
    }
}
