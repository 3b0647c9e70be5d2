//! A short memory of good log-ins, so that a mail client that connects every minute does not cost an Argon2 each time.

use std::collections::HashMap;
use std::time::Duration;

use mail::Password;
use mail::pace::Moment;
use mail::seam::AccountId;
use ring::hmac;

/// The time for which the directory remembers a good log-in.
const REMEMBERED: Duration = Duration::from_secs(600);
/// The largest number of good log-ins that it remembers.
const MOST: usize = 10_000;

/// Remembers, under a key that only this process has, which password was good for which hash. When the password
/// changes, by us or by another process, the hash in the database is another and nothing fits any more.
pub(crate) struct Memory {
    key: hmac::Key,
    /// The key that is compared with where nothing is remembered.
    nothing: hmac::Tag,
    good: HashMap<AccountId, (hmac::Tag, Moment)>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &rand::random::<[u8; 32]>());
        Self { nothing: hmac::sign(&key, b""), key, good: HashMap::new() }
    }

    /// Returns true if this password was good for this hash not long ago. Whoever is not remembered costs the same
    /// work.
    pub(crate) fn knows(&self, account: AccountId, hash: &str, password: &Password, now: Moment) -> bool {
        let good = self.good.get(&account).filter(|(_, since)| now.since(*since) < REMEMBERED);
        let tag = good.map_or(&self.nothing, |(tag, _)| tag);
        hmac::verify(&self.key, &text(hash, password), tag.as_ref()).is_ok() && good.is_some()
    }

    /// This password is good for this hash.
    pub(crate) fn remember(&mut self, account: AccountId, hash: &str, password: &Password, now: Moment) {
        if self.good.len() >= MOST {
            self.good.retain(|_, (_, since)| now.since(*since) < REMEMBERED);
        }
        if self.good.len() < MOST {
            self.good.insert(account, (hmac::sign(&self.key, &text(hash, password)), now));
        }
    }
}

/// A hash in PHC form has no NUL: the two cannot be mistaken for each other.
fn text(hash: &str, password: &Password) -> zeroize::Zeroizing<Vec<u8>> {
    zeroize::Zeroizing::new([hash.as_bytes(), b"\0", password.reveal().as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_log_in_is_remembered_for_a_while_and_for_its_hash_only() {
        let (mut memory, now) = (Memory::new(), Moment(Duration::from_secs(1000)));
        let password = Password::new("correct horse".into());
        memory.remember(AccountId(1), "$hash", &password, now);
        assert!(memory.knows(AccountId(1), "$hash", &password, now));
        assert!(!memory.knows(AccountId(1), "$other", &password, now));
        assert!(!memory.knows(AccountId(2), "$hash", &password, now));
        assert!(!memory.knows(AccountId(1), "$hash", &Password::new("correct horsf".into()), now));
        assert!(!memory.knows(AccountId(1), "$hash", &password, now.after(REMEMBERED)));
    }
}
