//! Keys find steps again.

use std::collections::BTreeSet;

use mail::LetterId;
use mail::trace::{Arrival, Event};

/// A word that a person may know of a letter and look for. It is kept as a hash: each row that is found is compared
/// with the word before it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(pub(crate) i64);

impl Key {
    pub(crate) fn letter(letter: LetterId) -> Self {
        Self::of(b'l', &letter.to_random())
    }

    pub(crate) fn message_id(id: &str) -> Self {
        Self::of(b'm', id.as_bytes())
    }

    /// The case of an address does not matter to who looks for it.
    pub(crate) fn address(address: &str) -> Self {
        Self::of(b'a', address.to_lowercase().as_bytes())
    }

    pub(crate) fn account(account: i64) -> Self {
        Self::of(b'p', &account.to_be_bytes())
    }

    /// 48 bits: narrow, and a chance meeting is of no consequence.
    fn of(kind: u8, what: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[kind]).update(what);
        let hash = hasher.finalize();
        let bits = hash.as_bytes().iter().take(6).fold(0_i64, |bits, byte| bits << 8 | i64::from(*byte));
        Self(bits)
    }
}

/// All keys by which these steps of a letter are found.
pub(crate) fn keys(letter: LetterId, events: &[Event]) -> BTreeSet<Key> {
    let mut keys = BTreeSet::from([Key::letter(letter)]);
    for event in events {
        match event {
            Event::Received(arrival) | Event::Refused { arrival, .. } => of_arrival(arrival, &mut keys),
            Event::Filed { account, recipient, .. } => keys.extend([Key::account(*account), Key::address(recipient)]),
            Event::NotFiled { recipient, .. } => keys.extend([Key::address(recipient)]),
            Event::Queued { recipients: addresses }
            | Event::Postponed { recipients: addresses, .. }
            | Event::Redirected { to: addresses, .. } => {
                keys.extend(addresses.iter().map(|address| Key::address(address)));
            }
            Event::Judged { .. }
            | Event::Attempt(_)
            | Event::Reported { .. }
            | Event::Confirmed { .. }
            | Event::Desk { .. }
            | Event::Read { .. }
            | Event::Removed { .. }
            | Event::Recalled { .. }
            | Event::Fault { .. }
            | Event::Mended { .. } => {}
        }
    }
    keys
}

fn of_arrival(arrival: &Arrival, keys: &mut BTreeSet<Key>) {
    if !arrival.message_id.is_empty() {
        keys.insert(Key::message_id(&arrival.message_id));
    }
    let addresses = [&arrival.return_path, &arrival.login].into_iter().chain(&arrival.recipients);
    keys.extend(addresses.filter(|address| !address.is_empty()).map(|address| Key::address(address)));
    keys.extend(arrival.account.map(Key::account));
}
