//! Modified UTF-7, the names of folders before IMAP4rev2 (RFC 3501 §5.1.3).

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// Writes a name in modified UTF-7.
pub fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut shifted: Vec<u8> = Vec::new();
    for c in name.chars() {
        if !(' '..='~').contains(&c) {
            shifted.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
            continue;
        }
        end_shift(&mut out, &mut shifted);
        out.push(c);
        if c == '&' {
            out.push('-');
        }
    }
    end_shift(&mut out, &mut shifted);
    out
}

fn end_shift(out: &mut String, shifted: &mut Vec<u8>) {
    if !shifted.is_empty() {
        out.push('&');
        BASE64.encode_string(&shifted, out);
        out.push('-');
        shifted.clear();
    }
}

/// Reads a name in modified UTF-7. `None` if it is not: a stray `&`, bytes that are not ASCII, bad base64, half a
/// surrogate pair.
pub fn decode(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok().filter(|name| name.is_ascii())?;
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((plain, after)) = rest.split_once('&') {
        let (shifted, next) = after.split_once('-')?;
        out.push_str(plain);
        if shifted.is_empty() {
            out.push('&');
        } else {
            out.push_str(&unshift(shifted)?);
        }
        rest = next;
    }
    out.push_str(rest);
    Some(out)
}

fn unshift(shifted: &str) -> Option<String> {
    let bytes = BASE64.decode(shifted).ok()?;
    let (units, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_rfc_is_read_and_written() {
        let name = "~peter/mail/台北/日本語";
        assert_eq!(encode(name), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-").as_deref(), Some(name));
    }

    #[test]
    fn what_is_not_modified_utf7_is_refused() {
        for bad in [&b"&"[..], b"&Jjo!", b"&Jjo", b"R&D", b"&2AA-", b"\xc3\xa9", b"&AA-"] {
            assert_eq!(decode(bad), None, "{}", bad.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn a_name_goes_round(name in "\\PC*") {
            prop_assert_eq!(decode(encode(&name).as_bytes()), Some(name));
        }
    }
}
