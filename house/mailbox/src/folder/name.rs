//! Names of folders: Unicode, `/` between the levels, INBOX in any case.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::error::{Error, NameFault};

/// The most octets a name can have.
pub const LONGEST: usize = 1000;
/// The most levels.
pub const DEEPEST: usize = 32;
/// The character that stands between the levels.
pub const SEPARATOR: char = '/';
/// The name of the folder that new letters come to.
pub const INBOX: &str = "INBOX";

/// Text as names are kept, in NFC: Apple's clients write an `é` in two characters.
pub fn composed(name: &str) -> String {
    if is_nfc(name) { name.to_owned() } else { name.nfc().collect() }
}

/// The name as it is kept: NFC, with INBOX in capitals (RFC 9051 §5.1). An error says what is wrong with it.
pub fn canonical(name: &str) -> Result<String, Error> {
    let composed = inbox_in_capitals(composed(name));
    match fault(&composed) {
        None => Ok(composed),
        Some(fault) => Err(Error::BadName(clip(name), fault)),
    }
}

/// `inbox` and `Inbox/x` are `INBOX` and `INBOX/x`.
fn inbox_in_capitals(name: String) -> String {
    let is_inbox = name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(INBOX))
        && matches!(name.as_bytes().get(5), None | Some(b'/'));
    if is_inbox { format!("{INBOX}{}", &name[5..]) } else { name }
}

fn fault(name: &str) -> Option<NameFault> {
    if name.len() > LONGEST {
        return Some(NameFault::TooLong);
    }
    if name.split(SEPARATOR).count() > DEEPEST {
        return Some(NameFault::TooDeep);
    }
    if name.split(SEPARATOR).any(|part| part.trim().is_empty()) {
        return Some(NameFault::Empty);
    }
    if name.split(SEPARATOR).any(|part| part == "." || part == "..") {
        return Some(NameFault::Dots);
    }
    name.chars().any(is_unfit).then_some(NameFault::Character)
}

/// Control characters, and what RFC 5198 §2 keeps out of names (RFC 9051 §5.1).
fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the beginning of a name for an error message: it does not repeat all of a megabyte.
fn clip(name: &str) -> String {
    name.chars().take(80).collect()
}

/// `a/b` for `a/b/c`.
pub fn parent(name: &str) -> Option<&str> {
    name.rsplit_once(SEPARATOR).map(|(parent, _)| parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inbox_is_inbox_in_any_case() {
        assert_eq!(canonical("inBox").unwrap(), "INBOX");
        assert_eq!(canonical("inbox/Père").unwrap(), "INBOX/Père");
        assert_eq!(canonical("Inboxes").unwrap(), "Inboxes");
    }

    #[test]
    fn a_name_is_kept_composed() {
        assert_eq!(canonical("Envoye\u{301}s").unwrap(), "Envoyés");
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_with_the_reason() {
        let fault = |name: &str| match canonical(name) {
            Err(Error::BadName(_, fault)) => Some(fault),
            _ => None,
        };
        assert_eq!(fault(""), Some(NameFault::Empty));
        assert_eq!(fault("a//b"), Some(NameFault::Empty));
        assert_eq!(fault("/a"), Some(NameFault::Empty));
        assert_eq!(fault("a/ /b"), Some(NameFault::Empty));
        assert_eq!(fault("a/../b"), Some(NameFault::Dots));
        assert_eq!(fault("a\0b"), Some(NameFault::Character));
        assert_eq!(fault(&"a".repeat(1001)), Some(NameFault::TooLong));
        assert_eq!(fault(&"a/".repeat(40)), Some(NameFault::TooDeep));
        assert_eq!(fault("Élèves & amis"), None);
    }
}
