//! The seam for the lists of the administrator: who may not write to us, and whose letters are not to be doubted.

use std::net::IpAddr;

use crate::finding::{ALLOWED, LISTED, POLICY};
use crate::{Address, Finding, Reply, Severity};

/// The word of the administrator about somebody who writes to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// True on the list of those who are allowed, false on that of those who are denied.
    pub is_allowed: bool,
    /// The entry of the list as it is shown: `evil.test`, `192.0.2.0/24`.
    pub entry: String,
    /// The reason of the administrator; it may be empty.
    pub reason: String,
}

impl Word {
    /// Returns the reply to somebody who is denied.
    pub fn refusal(&self) -> Reply {
        let reason = if self.reason.is_empty() { "no reason is given" } else { &self.reason };
        Reply::new(550, (5, 7, 1), format!("the administrator takes no letters from {}: {reason}", self.entry))
    }

    /// Returns the word as a finding, which stays with the letter.
    pub fn finding(&self) -> Finding {
        let (result, code, severity) = match self.is_allowed {
            true => ("pass", ALLOWED, Severity::Note),
            false => ("fail", LISTED, Severity::Alarm),
        };
        Finding::new(POLICY, result).because(code).about("policy.entry", &self.entry).with_severity(severity)
    }
}

/// Knows whom the administrator denies and allows. It is asked for each recipient and letter, so its answers are at hand.
///
/// Of the entries of one kind, the narrowest counts: an address before its domain, a domain before the one above it, a small
/// network before the large one around it.
pub trait Lists: Send + Sync {
    /// Returns the word about a network.
    fn of_network(&self, ip: IpAddr) -> Option<Word>;

    /// Returns the word about the name that a client has introduced itself with (HELO, EHLO).
    fn of_hello(&self, name: &str) -> Option<Word>;

    /// Returns the word about a sender: by the address, or by the domain.
    fn of_sender(&self, address: &Address) -> Option<Word>;

    /// Returns the word about a letter by all that is known of its sender. That somebody is allowed wins, by whatever it is
    /// known; else the first that is denied counts.
    fn of_all(&self, ip: Option<IpAddr>, hello: &str, senders: &mut dyn Iterator<Item = &Address>) -> Option<Word> {
        let known = ip.and_then(|ip| self.of_network(ip)).into_iter().chain(self.of_hello(hello));
        let mut words: Vec<Word> = known.chain(senders.filter_map(|sender| self.of_sender(sender))).collect();
        let chosen = words.iter().position(|word| word.is_allowed).unwrap_or(0);
        (!words.is_empty()).then(|| words.swap_remove(chosen))
    }
}

/// Lists without an entry.
pub struct Unlisted;

impl Lists for Unlisted {
    fn of_network(&self, _: IpAddr) -> Option<Word> {
        None
    }

    fn of_hello(&self, _: &str) -> Option<Word> {
        None
    }

    fn of_sender(&self, _: &Address) -> Option<Word> {
        None
    }
}

/// Returns true for postmaster@ and abuse@, who are reached whatever a list says (RFC 5321 §4.5.1, RFC 2142).
pub fn is_always_reached(address: &Address) -> bool {
    ["postmaster", "abuse"].iter().any(|role| address.local().eq_ignore_ascii_case(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Both;

    fn word(is_allowed: bool, entry: &str) -> Option<Word> {
        Some(Word { is_allowed, entry: entry.to_owned(), reason: String::new() })
    }

    impl Lists for Both {
        fn of_network(&self, _: IpAddr) -> Option<Word> {
            word(false, "network")
        }

        fn of_hello(&self, name: &str) -> Option<Word> {
            (name == "bad").then(|| word(false, "hello")).flatten()
        }

        fn of_sender(&self, address: &Address) -> Option<Word> {
            word(address.local() == "friend", "sender")
        }
    }

    #[test]
    fn that_somebody_is_allowed_wins_by_whatever_it_is_known() {
        let ip = Some(IpAddr::from([192, 0, 2, 1]));
        let (friend, eve) = (Address::parse("friend@a.test").unwrap(), Address::parse("eve@a.test").unwrap());
        let entry = |ip, hello, senders: &[&Address]| Both.of_all(ip, hello, &mut senders.iter().copied());
        assert_eq!(entry(ip, "bad", &[&eve]).unwrap().entry, "network");
        assert!(entry(ip, "bad", &[&eve, &friend]).unwrap().is_allowed);
        assert_eq!(entry(None, "bad", &[]).unwrap().entry, "hello");
        assert_eq!(entry(None, "good", &[]), None);
    }

    #[test]
    fn a_word_is_told_in_a_reply_and_in_a_finding() {
        let told = Word { reason: "spam since May".to_owned(), ..word(false, "evil.test").unwrap() };
        assert_eq!(
            told.refusal().to_string(),
            "550 5.7.1 the administrator takes no letters from evil.test: spam since May"
        );
        assert_eq!((told.finding().code(), told.finding().severity()), (LISTED, Severity::Alarm));
        assert_eq!(word(true, "x").unwrap().finding().result(), "pass");
    }

    #[test]
    fn postmaster_and_abuse_are_always_reached() {
        let always = |text: &str| is_always_reached(&Address::parse(text).unwrap());
        assert_eq!([always("Postmaster@a.test"), always("abuse@a.test"), always("bob@a.test")], [true, true, false]);
    }
}
