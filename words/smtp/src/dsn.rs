//! The encodings of the wishes behind MAIL and RCPT: xtext (RFC 3461 §4), and the addresses beyond ASCII of RFC 6533 §3.

use std::fmt::Write as _;

use mail::{LetterWishes, OriginalRecipient, Wishes};

/// The longest original recipient, as it is written (RFC 3461 §4.2).
const LONGEST_ORIGINAL: usize = 500;

/// Reads the value of ORCPT (RFC 3461 §4.2).
pub(crate) fn original(value: &str) -> Option<OriginalRecipient> {
    let (kind, address) = Some(value).filter(|value| value.len() <= LONGEST_ORIGINAL)?.split_once(';')?;
    let is_kind = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if kind.is_empty() || !kind.chars().all(is_kind) {
        return None;
    }
    let kind = kind.to_ascii_lowercase();
    let address = if kind == UTF8 { international(address) } else { decoded(address) };
    let address = address.filter(|address| !address.is_empty() && !address.chars().any(char::is_control))?;
    Some(OriginalRecipient { kind, address })
}

/// Reads the value of ENVID (RFC 3461 §4.4).
pub(crate) fn envelope_id(value: &str) -> Option<String> {
    decoded(value).filter(|id| LetterWishes::is_envelope_id(id))
}

/// Writes the wishes for a recipient behind RCPT, each with a blank before it.
pub(crate) fn write(wishes: &Wishes, line: &mut String) {
    if let Some(notify) = wishes.notify {
        let _ = write!(line, " NOTIFY={notify}");
    }
    if let Some(OriginalRecipient { kind, address }) = &wishes.original {
        let address = if kind == UTF8 { OriginalRecipient::in_ascii(address) } else { encoded(address) };
        let _ = write!(line, " ORCPT={kind};{address}");
    }
}

/// Writes the wishes for the letter behind MAIL, each with a blank before it.
pub(crate) fn write_for_letter(wishes: &LetterWishes, line: &mut String) {
    if let Some(returned) = wishes.returned {
        let _ = write!(line, " RET={returned}");
    }
    if let Some(id) = &wishes.envelope_id {
        let _ = write!(line, " ENVID={}", encoded(id));
    }
    if let Some(by) = wishes.by {
        let _ = write!(line, " BY={by}");
    }
}

/// The kind of addresses beyond ASCII (RFC 6533 §3).
const UTF8: &str = "utf-8";

/// Returns true for an octet that stands for itself in xtext (§4).
fn is_plain(octet: u8) -> bool {
    (33..=126).contains(&octet) && octet != b'+' && octet != b'='
}

fn encoded(text: &str) -> String {
    let mut xtext = String::with_capacity(text.len());
    for octet in text.bytes() {
        if is_plain(octet) {
            xtext.push(char::from(octet));
        } else {
            let _ = write!(xtext, "+{octet:02X}");
        }
    }
    xtext
}

/// Decodes xtext; `None` if it is no xtext, or not text.
fn decoded(xtext: &str) -> Option<String> {
    unescaped(xtext, is_plain)
}

fn unescaped(xtext: &str, stands_for_itself: impl Fn(u8) -> bool) -> Option<String> {
    let mut octets = Vec::with_capacity(xtext.len());
    let mut rest = xtext.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'+' {
            if !stands_for_itself(octet) {
                return None;
            }
            octets.push(octet);
            continue;
        }
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        octets.push(high << 4 | low);
    }
    String::from_utf8(octets).ok()
}

/// Reads a hexadecimal digit, which must be in capitals.
fn digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

/// Decodes an address of the kind `utf-8`: xtext around `\x{…}`, or characters beyond ASCII as they are (RFC 6533 §3).
fn international(text: &str) -> Option<String> {
    let text = unescaped(text, |octet| is_plain(octet) || octet >= 0x80)?;
    let mut pieces = text.split("\\x{");
    let mut address = pieces.next()?.to_owned();
    for piece in pieces {
        let (point, rest) = piece.split_once('}')?;
        let is_point = (2..=6).contains(&point.len()) && point.bytes().all(|octet| digit(octet).is_some());
        let point = u32::from_str_radix(Some(point).filter(|_| is_point)?, 16).ok()?;
        address.push(char::from_u32(point)?);
        address.push_str(rest);
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient(kind: &str, address: &str) -> OriginalRecipient {
        OriginalRecipient { kind: kind.to_owned(), address: address.to_owned() }
    }

    #[test]
    fn the_first_recipient_is_any_text_of_any_mail_system() {
        let bob = recipient("rfc822", "bob+x=y@beta.test é");
        assert_eq!(original("RFC822;bob+2Bx+3Dy@beta.test+20+C3+A9"), Some(bob));
        for bad in ["bob@beta.test", ";x", "rfc822;", "rfc822;a=b", "rfc822;+2", "rfc822;+2b", "rfc822;+0D+0A", "r c;x"]
        {
            assert_eq!(original(bad), None, "{bad}");
        }
        assert_eq!(original(&format!("rfc822;{}", "x".repeat(494))), None, "RFC 3461 §4.2: 500 characters");
    }

    #[test]
    fn an_address_beyond_ascii_is_read_in_each_of_its_forms() {
        let jose = recipient("utf-8", "josé+x@bücher.example");
        for written in [
            "utf-8;jos\\x{E9}\\x{2B}x@b\\x{FC}cher.example",
            "UTF-8;josé+2Bx@bücher.example",
            "utf-8;jos+C3+A9+2Bx@b\\x{0000FC}cher.example",
        ] {
            assert_eq!(original(written), Some(jose.clone()), "{written}");
        }
        for bad in
            ["utf-8;\\x{}", "utf-8;\\x{D800}", "utf-8;\\x{e9}", "utf-8;\\x{110000}", "utf-8;\\x{0A}", "utf-8;\\x{41"]
        {
            assert_eq!(original(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_envelope_identifier_is_printable_and_short() {
        assert_eq!(envelope_id("QQ314159+20x+2B").as_deref(), Some("QQ314159 x+"));
        for bad in ["", "+C3+A9", "+07", "a b", "a=b", &"x".repeat(101)] {
            assert_eq!(envelope_id(bad), None, "{bad}");
        }
    }
}
