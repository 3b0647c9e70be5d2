//! The wishes of a sender for reports about a recipient: NOTIFY and ORCPT of RCPT (RFC 3461 §4).

use std::fmt::Write as _;

use mail::{Notify, OriginalRecipient, Wishes};

/// Reads the value of NOTIFY (§4.1).
pub(crate) fn notify(value: &str) -> Option<Notify> {
    if value.eq_ignore_ascii_case("NEVER") {
        return Some(Notify::Never);
    }
    let (mut success, mut failure, mut delay) = (false, false, false);
    for word in value.split(',') {
        let wish = match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => &mut success,
            "FAILURE" => &mut failure,
            "DELAY" => &mut delay,
            _ => return None,
        };
        // Each word may stand once.
        if std::mem::replace(wish, true) {
            return None;
        }
    }
    Some(Notify::On { success, failure, delay })
}

/// Reads the value of ORCPT (§4.2).
pub(crate) fn original(value: &str) -> Option<OriginalRecipient> {
    let (kind, address) = value.split_once(';')?;
    let is_kind = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if kind.is_empty() || !kind.chars().all(is_kind) {
        return None;
    }
    let address = decoded(address).filter(|address| !address.is_empty() && !address.chars().any(char::is_control))?;
    Some(OriginalRecipient { kind: kind.to_ascii_lowercase(), address })
}

/// Writes both behind RCPT, each with a blank before it.
pub(crate) fn write(wishes: &Wishes, line: &mut String) {
    match wishes.notify {
        None => {}
        Some(Notify::Never) => line.push_str(" NOTIFY=NEVER"),
        Some(Notify::On { success, failure, delay }) => {
            let words = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
            let words: Vec<&str> = words.iter().filter(|(wished, _)| *wished).map(|(_, word)| *word).collect();
            let _ = write!(line, " NOTIFY={}", words.join(","));
        }
    }
    if let Some(OriginalRecipient { kind, address }) = &wishes.original {
        let _ = write!(line, " ORCPT={kind};{}", encoded(address));
    }
}

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
    let mut octets = Vec::with_capacity(xtext.len());
    let mut rest = xtext.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'+' {
            if !is_plain(octet) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wished_is_read_as_the_standard_has_it() {
        assert_eq!(notify("never"), Some(Notify::Never));
        assert_eq!(notify("Success,DELAY"), Some(Notify::On { success: true, failure: false, delay: true }));
        for bad in ["", "NEVER,SUCCESS", "SUCCESS,SUCCESS", "SUCCESS,", "SOMETIMES"] {
            assert_eq!(notify(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_first_recipient_is_any_text_of_any_mail_system() {
        let bob = OriginalRecipient { kind: "rfc822".to_owned(), address: "bob+x=y@beta.test é".to_owned() };
        assert_eq!(original("RFC822;bob+2Bx+3Dy@beta.test+20+C3+A9"), Some(bob));
        for bad in ["bob@beta.test", ";x", "rfc822;", "rfc822;a=b", "rfc822;+2", "rfc822;+2b", "rfc822;+0D+0A", "r c;x"]
        {
            assert_eq!(original(bad), None, "{bad}");
        }
    }
}
