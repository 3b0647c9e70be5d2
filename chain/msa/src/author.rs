//! Finds the person that a letter claims to be from.

use std::fmt;

use mail::header::{self, Mention};
use mail::{Address, Domain};

/// The most addresses of From and Sender that are looked at: a letter with more has an author that may not be.
const MOST: usize = 20;

/// An address as the header has it, which need not be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    local: Vec<u8>,
    domain: Vec<u8>,
}

impl Written {
    /// The address, if it is one.
    pub fn address(&self) -> Option<Address> {
        let local = std::str::from_utf8(&self.local).ok()?;
        let domain = Domain::parse(std::str::from_utf8(&self.domain).ok()?).ok()?;
        Address::new(local, domain).ok()
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", String::from_utf8_lossy(&self.local), String::from_utf8_lossy(&self.domain))
    }
}

/// All addresses in From and Sender (RFC 5322 §3.6.2), of every such field: a mail client shows one of them, and none
/// may be somebody else's. A field that has text but no address gives one that nobody may use.
pub(crate) fn written_as(letter: &[u8]) -> Vec<Written> {
    let mut all = Vec::new();
    for field in header::fields(letter).filter(|field| field.is("From") || field.is("Sender")) {
        let value = field.value();
        let before = all.len();
        all.extend(header::mentions(&value, MOST + 1).into_iter().filter_map(|mention| match mention {
            Mention::Mailbox { local, domain, .. } => Some(Written { local, domain }),
            Mention::GroupStart(_) | Mention::GroupEnd => None,
        }));
        let none_found = all.len() == before && !value.is_empty();
        if none_found || all.len() > MOST {
            all.push(Written { local: value.into_owned(), domain: Vec::new() });
            break;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(letter: &str) -> Vec<String> {
        written_as(letter.as_bytes()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_author_and_the_sender_are_found() {
        let letter = "From: Alice <alice@alpha.test>, \"B, ob\" <bob@alpha.test>\r\nTo: x@y.test\r\nSender: carol@alpha.test\r\nFrom: eve@evil.test\r\n\r\nFrom: no@no.test\r\n";
        assert_eq!(found(letter), ["alice@alpha.test", "bob@alpha.test", "carol@alpha.test", "eve@evil.test"]);
    }

    #[test]
    fn a_name_that_looks_like_an_address_is_only_a_name() {
        assert_eq!(found("From: \"boss@alpha.test\" <alice@alpha.test>\r\n"), ["alice@alpha.test"]);
    }

    #[test]
    fn what_is_no_address_is_nobody_s() {
        for letter in ["From: Alice\r\n", "From: undisclosed:;\r\n", "From: <>\r\n"] {
            let all = written_as(letter.as_bytes());
            assert!(!all.is_empty() && all.iter().any(|written| written.address().is_none()), "{letter}: {all:?}");
        }
        let many = format!("From: {}\r\n", "a@b.test,".repeat(50));
        assert!(written_as(many.as_bytes()).last().unwrap().address().is_none());
    }

    #[test]
    fn an_absent_or_empty_from_names_nobody() {
        assert_eq!(found("From:\r\nTo: x@y.test\r\n\r\n"), Vec::<String>::new());
    }
}
