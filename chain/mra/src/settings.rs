//! The settings of a source, as somebody made them.

use mail::Timestamp;
use serde::{Deserialize, Serialize};

use crate::place::Mailbox;

/// The folders that are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folders {
    /// All that hold letters of their own.
    All,
    /// These, by name, with `/` between the levels.
    Named(Vec<String>),
}

/// The fate of a letter at the other end once it is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// It stays.
    Forever,
    /// It goes, so many days after it was fetched; 0: at once.
    Days(u32),
}

/// Everything that was said about a source, but for its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The mailbox that letters are fetched from.
    pub mailbox: Mailbox,
    /// No encryption, because somebody asked for none.
    pub cleartext: bool,
    /// Certificates to trust besides the system's, as PEM.
    pub ca: Option<String>,
    /// SHA-256 fingerprints of certificates to trust, in hexadecimal.
    pub fingerprints: Vec<String>,
    /// The place that the letters go to: the address of a person here, `maildir:PATH`, or `lmtp:HOST:PORT`.
    pub target: String,
    /// INBOX letters arrive as new letters do: through the filters.
    pub deliver: bool,
    /// The folders that are fetched.
    pub folders: Folders,
    /// The fate of letters at the other end.
    pub keep: Keep,
    /// Nothing from before this day.
    pub since: Option<i64>,
    /// Octets a second, at most.
    pub rate: Option<u64>,
    /// The largest letter, in octets.
    pub largest: u64,
    /// Seconds between two looks, if the server does not tell by itself.
    pub every: u64,
}

impl Settings {
    /// The largest letter if nobody says.
    pub const LARGEST: u64 = 100 << 20;
    /// Seconds between two looks if nobody says.
    pub const EVERY: u64 = 300;

    /// Returns the settings that everybody wants for a mailbox: fetch all of it, and leave it as it is.
    pub fn new(mailbox: Mailbox, target: String) -> Self {
        Self {
            mailbox,
            cleartext: false,
            ca: None,
            fingerprints: Vec::new(),
            target,
            deliver: false,
            folders: Folders::All,
            keep: Keep::Forever,
            since: None,
            rate: None,
            largest: Self::LARGEST,
            every: Self::EVERY,
        }
    }

    /// The first moment letters are wanted from.
    pub fn since(&self) -> Option<Timestamp> {
        self.since.map(Timestamp)
    }

    /// Letters fetched before this may go at the other end; `None` if they stay.
    pub fn parting(&self, now: Timestamp) -> Option<Timestamp> {
        match self.keep {
            Keep::Forever => None,
            // Letters that go as soon as they are here go whatever the clock says.
            Keep::Days(0) => Some(Timestamp(i64::MAX)),
            Keep::Days(days) => Some(Timestamp(now.0.saturating_sub(i64::from(days) * 86_400_000))),
        }
    }
}

/// The octets of a fingerprint: 64 hexadecimal digits, with or without colons.
pub fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|b| !matches!(b, b':' | b' ')).collect();
    let mut octets = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| !pair.contains('+'))?;
        *octet = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_openssl_shows_it() {
        let shown = "AB:".repeat(31) + "cd";
        let mut octets = [0xab; 32];
        octets[31] = 0xcd;
        assert_eq!(fingerprint(&shown), Some(octets));
        for bad in ["", "ab", &"xy".repeat(32), &"+1".repeat(32), &"é".repeat(32)] {
            assert_eq!(fingerprint(bad), None, "{bad}");
        }
    }
}
