//! Makes the events for the history of a letter that is taken charge of here.

use mailbox::Access;
use std::collections::BTreeMap;

use mail::seam::Origin;
use mail::trace::{Arrival, Event, Link};
use mail::{Address, Envelope, Letter};
use mda::{Fate, Outcome};

use crate::sort::{Failed, Sorted};

/// Returns how a letter came.
pub fn arrival(letter: &Letter, envelope: &Envelope, origin: &Origin) -> Arrival {
    match origin {
        Origin::Peer(wire) => Arrival::of(Link::Mta, letter, envelope).over(wire),
        Origin::Person(login, wire) => Arrival::of(Link::Msa, letter, envelope).over(wire).written_by(login),
        Origin::Front(wire) => Arrival::of(Link::Lmtp, letter, envelope).over(wire),
        Origin::House => Arrival::of(Link::House, letter, envelope),
        Origin::Fetched(source) => Arrival { peer: source.clone(), ..Arrival::of(Link::Mra, letter, envelope) },
    }
}

/// Returns where the addresses on the envelope lead, as far as the addresses themselves do not show it.
pub fn redirections(sorted: &Sorted) -> Vec<Event> {
    let local = sorted.local.iter().flat_map(|local| {
        let named = std::iter::once(&local.recipient).chain(&local.others);
        named.map(|recipient| (recipient, &local.address, is_detail_of(recipient, &local.address)))
    });
    let remote = sorted.remote.iter().flat_map(|remote| {
        let named = std::iter::once(&remote.recipient).chain(&remote.others);
        named.map(|recipient| (recipient, &remote.address, false))
    });
    let mut led: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (recipient, address, is_detail) in local.chain(remote) {
        if recipient != address && !is_detail {
            led.entry(recipient.to_string()).or_default().push(address.to_string());
        }
    }
    led.into_iter().map(|(recipient, to)| Event::Redirected { recipient, to }).collect()
}

/// `Alice+lists@` is Alice, whatever the case.
fn is_detail_of(recipient: &Address, address: &Address) -> bool {
    let (named, name) = (recipient.local().to_lowercase(), address.local().to_lowercase());
    let rest = named.strip_prefix(&name);
    recipient.domain() == address.domain() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
}

/// Returns the events that say that copies lie in a mailbox.
pub fn filed(outcome: &Outcome) -> Vec<Event> {
    let Fate::Filed(copies) = &outcome.fate else { return Vec::new() };
    let (access, recipient) = (Access::house(outcome.recipient.account), outcome.recipient.address.to_string());
    copies.iter().map(|lies| lies.event(access, &recipient)).collect()
}

/// Returns the event that says that a recipient did not get the letter.
pub fn not_filed(failed: &Failed) -> Event {
    Event::NotFiled { recipient: failed.recipient.to_string(), reply: failed.reply.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_leads_to_another_is_a_redirection() {
        let leads = |recipient: &str, address: &str| {
            let parse = |text: &str| Address::parse(text).unwrap();
            !is_detail_of(&parse(recipient), &parse(address))
        };
        assert!(leads("team@alpha.test", "alice@alpha.test"));
        assert!(leads("alice@beta.test", "alice@alpha.test"));
        assert!(leads("alicette@alpha.test", "alice@alpha.test"));
        assert!(!leads("Alice+Lists@alpha.test", "alice@alpha.test"));
        assert!(!leads("ALICE@alpha.test", "alice@alpha.test"));
    }
}
