//! What is written into the history of a letter that is taken charge of here.

use mail::seam::Origin;
use mail::trace::{Arrival, Event, Link};
use mail::{Address, Envelope, Letter};
use mda::{Fate, Outcome};

use super::sort::{Failed, Sorted};

/// How a letter came.
pub fn arrival(letter: &Letter, envelope: &Envelope, origin: &Origin) -> Arrival {
    match origin {
        Origin::Peer(wire) => Arrival::of(Link::Mta, letter, envelope).over(wire),
        Origin::Person(login, wire) => Arrival::of(Link::Msa, letter, envelope).over(wire).written_by(login),
        Origin::Front(wire) => Arrival::of(Link::Lmtp, letter, envelope).over(wire),
        Origin::House => Arrival::of(Link::House, letter, envelope),
    }
}

/// Where the addresses on the envelope lead, as far as that is not plain from them.
pub fn redirections(sorted: &Sorted) -> Vec<Event> {
    let mut led: Vec<(&Address, Vec<String>)> = Vec::new();
    let local = sorted.local.iter().map(|local| (&local.recipient, &local.address, local.detail.as_deref()));
    let remote = sorted.remote.iter().map(|remote| (&remote.recipient, &remote.address, None));
    for (recipient, address, detail) in local.chain(remote) {
        if leads_to_itself(recipient, address, detail) {
            continue;
        }
        match led.iter_mut().find(|(known, _)| *known == recipient) {
            Some((_, to)) => to.push(address.to_string()),
            None => led.push((recipient, vec![address.to_string()])),
        }
    }
    led.into_iter().map(|(recipient, to)| Event::Redirected { recipient: recipient.to_string(), to }).collect()
}

/// `Alice+lists@` is Alice.
fn leads_to_itself(recipient: &Address, address: &Address, detail: Option<&str>) -> bool {
    let name = |address: &Address| address.local().to_lowercase();
    let expected = match detail {
        Some(detail) => format!("{}+{}", name(address), detail.to_lowercase()),
        None => name(address),
    };
    recipient.domain() == address.domain() && name(recipient) == expected
}

/// That a copy lies in a mailbox.
pub fn filed(outcome: &Outcome) -> Option<Event> {
    let Fate::Filed { filed, folder } = &outcome.fate else { return None };
    Some(Event::Filed {
        account: outcome.recipient.account.0,
        key: filed.letter.0,
        recipient: outcome.recipient.address.to_string(),
        folder: folder.clone(),
    })
}

/// That somebody did not get it.
pub fn not_filed(failed: &Failed) -> Event {
    Event::NotFiled { recipient: failed.recipient.to_string(), reply: failed.reply.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_leads_to_another_is_a_redirection() {
        let leads = |recipient: &str, address: &str, detail: Option<&str>| {
            let parse = |text: &str| Address::parse(text).unwrap();
            !leads_to_itself(&parse(recipient), &parse(address), detail)
        };
        assert!(leads("team@alpha.test", "alice@alpha.test", None));
        assert!(leads("alice@beta.test", "alice@alpha.test", None));
        assert!(!leads("Alice+Lists@alpha.test", "alice@alpha.test", Some("Lists")));
        assert!(!leads("ALICE@alpha.test", "alice@alpha.test", None));
    }
}
