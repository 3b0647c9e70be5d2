//! Sorts the envelope: who gets the letter here, who elsewhere, and who not at all.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use mail::seam::{AccountId, Origin};
use mail::{Address, Destination, Domain, Letter, Recipient, Reply, Resolution};

/// One of our people who gets the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    pub account: AccountId,
    /// Their own address.
    pub address: Address,
    /// The recipient that the envelope names; an alias perhaps. Of several that lead here, the first.
    pub recipient: Address,
    /// The others. They get no copy of their own, and the same answer.
    pub others: Vec<Address>,
    /// Behind the `+`: perhaps a folder.
    pub detail: Option<String>,
}

/// Somebody elsewhere who gets the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub address: Address,
    /// The recipient that the envelope names; an alias of ours perhaps. Of several that lead there, the first.
    pub recipient: Address,
    /// The others. The letter goes there once, and they get the same answer.
    pub others: Vec<Address>,
}

impl Local {
    /// Returns all recipients that the envelope names and that lead here.
    pub fn named(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.recipient).chain(&self.others)
    }
}

impl Remote {
    /// Returns all recipients that the envelope names and that lead there.
    pub fn named(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.recipient).chain(&self.others)
    }

    /// Returns true if one of our aliases leads there.
    pub fn is_passed_on(&self) -> bool {
        self.address != self.recipient
    }
}

/// Somebody who does not get it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The recipient that the envelope names.
    pub recipient: Address,
    pub reply: Reply,
    /// The address at which it can be tried again, if that can help.
    pub again_to: Option<Address>,
}

/// The recipients of a letter, aliases followed: each person once, under however many addresses the envelope names
/// them, and each address elsewhere once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    pub local: Vec<Local>,
    pub remote: Vec<Remote>,
    pub failed: Vec<Failed>,
}

/// Sorts recipients by the places they lead to, in the same order. `behind` says which domains have mailboxes behind us:
/// letters for their people are taken from anyone, unless they are our own.
pub fn sort(recipients: &[Recipient], origin: &Origin, behind: impl Fn(&Domain) -> bool) -> Sorted {
    let mut sorted = Sorted::default();
    let mut reached = Reached::default();
    for Recipient { address, leads, .. } in recipients {
        match leads {
            // The directory was not asked about it.
            None => sorted.fail(address, smtp::replies::our_fault()),
            Some(Resolution::Unknown | Resolution::Elsewhere) if behind(address.domain()) => {
                sorted.add(address, &Destination::Remote(address.clone()), &mut reached);
            }
            Some(Resolution::Unknown) => sorted.fail(address, unknown(address)),
            // Never an open relay, whatever the door let through.
            Some(Resolution::Elsewhere)
                if matches!(origin, Origin::Peer(_) | Origin::Front(_) | Origin::Fetched(_)) =>
            {
                sorted.fail(address, relay_denied());
            }
            Some(Resolution::Elsewhere) => sorted.add(address, &Destination::Remote(address.clone()), &mut reached),
            Some(Resolution::Ours(places)) => places.iter().for_each(|place| sorted.add(address, place, &mut reached)),
        }
    }
    sorted
}

#[derive(Default)]
struct Reached {
    here: HashMap<AccountId, usize>,
    elsewhere: HashMap<Address, usize>,
}

impl Sorted {
    /// Returns true if nobody gets the letter.
    pub fn is_for_nobody(&self) -> bool {
        self.local.is_empty() && self.remote.is_empty()
    }

    /// The recipients of the envelope that lead to anybody who gets it.
    pub fn reached(&self) -> HashSet<&Address> {
        let here = self.local.iter().flat_map(Local::named);
        let elsewhere = self.remote.iter().flat_map(Remote::named);
        here.chain(elsewhere).collect()
    }

    /// Takes out who is reached through an alias that the letter has been through before.
    pub fn break_loops(&mut self, letter: &Letter) {
        let comes_back =
            |remote: &Remote| remote.is_passed_on() && mda::passed_on(&letter.raw, &remote.recipient).is_none();
        for Remote { recipient, others, .. } in self.remote.extract_if(.., |remote| comes_back(remote)) {
            let each = std::iter::once(recipient).chain(others);
            self.failed.extend(each.map(|recipient| Failed { recipient, reply: circles(), again_to: None }));
        }
    }

    /// Takes out who could not be given the letter, and says so of each address that the envelope has for them.
    pub fn give_up(&mut self, account: AccountId, reply: &Reply) {
        for local in self.local.extract_if(.., |local| local.account == account) {
            let again_to = reply.is_transient().then(|| with_detail(&local));
            let each = std::iter::once(local.recipient).chain(local.others);
            self.failed.extend(each.map(|recipient| Failed {
                recipient,
                reply: reply.clone(),
                again_to: again_to.clone(),
            }));
        }
    }

    fn add(&mut self, recipient: &Address, place: &Destination, reached: &mut Reached) {
        let (recipient, others) = (recipient.clone(), Vec::new());
        match place.clone() {
            Destination::Remote(address) => match reached.elsewhere.entry(address.clone()) {
                Entry::Vacant(first) => {
                    first.insert(self.remote.len());
                    self.remote.push(Remote { address, recipient, others });
                }
                Entry::Occupied(known) => {
                    self.remote
                        .get_mut(*known.get())
                        .into_iter()
                        .for_each(|remote| remote.others.push(recipient.clone()));
                }
            },
            Destination::Local { account, address, detail } => match reached.here.entry(account) {
                Entry::Vacant(first) => {
                    first.insert(self.local.len());
                    self.local.push(Local { account, address, recipient, others, detail });
                }
                Entry::Occupied(known) => {
                    self.local.get_mut(*known.get()).into_iter().for_each(|local| local.others.push(recipient.clone()));
                }
            },
        }
    }

    fn fail(&mut self, recipient: &Address, reply: Reply) {
        self.failed.push(Failed { recipient: recipient.clone(), reply, again_to: None });
    }
}

/// The person's own address, with the folder the letter was meant for.
fn with_detail(local: &Local) -> Address {
    let detailed = local.detail.as_ref().map(|detail| format!("{}+{detail}", local.address.local()));
    let address = detailed.and_then(|name| Address::new(&name, local.address.domain().clone()).ok());
    address.unwrap_or_else(|| local.address.clone())
}

/// The one answer for a letter that nobody got: later, if anyone may get it later; else the first refusal.
pub fn answer<'a>(failed: impl Iterator<Item = &'a Failed> + Clone) -> Reply {
    let mut replies = failed.map(|failed| &failed.reply);
    let chosen = replies.clone().find(|reply| reply.is_transient()).or_else(|| replies.next());
    chosen.cloned().unwrap_or_else(|| Reply::new(554, (5, 5, 1), "no valid recipients"))
}

/// It has been here before, or everywhere.
pub fn circles() -> Reply {
    Reply::new(554, (5, 4, 6), "this letter goes round in circles")
}

/// Names whom it is about, if the answer may hold the name: it travels in ASCII.
fn unknown(address: &Address) -> Reply {
    let address = address.to_string();
    let whose = if address.is_ascii() { address.as_str() } else { "that one" };
    Reply::new(550, (5, 1, 1), format!("nobody here is called {whose}"))
}

fn relay_denied() -> Reply {
    Reply::new(550, (5, 7, 1), "letters for others are taken only from people who have logged in")
}

#[cfg(test)]
mod tests {
    use mail::seam::Wire;

    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn nowhere(_: &Domain) -> bool {
        false
    }

    fn local(account: i64, detail: Option<&str>) -> Destination {
        let address = address(&format!("person{account}@alpha.test"));
        Destination::Local { account: AccountId(account), address, detail: detail.map(str::to_owned) }
    }

    fn sort(
        recipients: &[Address],
        resolutions: Vec<Resolution>,
        origin: &Origin,
        behind: impl Fn(&Domain) -> bool,
    ) -> Sorted {
        let led = recipients.iter().zip(resolutions);
        let led = led.map(|(to, leads)| Recipient { leads: Some(leads), ..Recipient::new(to.clone()) });
        super::sort(&led.collect::<Vec<_>>(), origin, behind)
    }

    #[test]
    fn who_was_not_looked_up_is_nobody_s_fault_and_tried_again() {
        let nobody_asked = [Recipient::new(address("alice@alpha.test"))];
        let sorted = super::sort(&nobody_asked, &peer(), nowhere);
        assert!(sorted.is_for_nobody() && answer(sorted.failed.iter()).is_transient());
    }

    fn peer() -> Origin {
        Origin::Peer(Wire::new("192.0.2.1".parse().unwrap()))
    }

    #[test]
    fn who_is_reached_twice_gets_the_letter_once() {
        let recipients = [address("alice@alpha.test"), address("team@alpha.test"), address("bob@beta.test")];
        let team = vec![local(1, None), local(2, None), Destination::Remote(address("bob@beta.test"))];
        let resolutions = vec![Resolution::Ours(vec![local(1, None)]), Resolution::Ours(team), Resolution::Elsewhere];
        let sorted = sort(&recipients, resolutions, &Origin::House, nowhere);
        assert_eq!(sorted.local.iter().map(|l| l.account.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(sorted.local[1].recipient, recipients[1]);
        assert_eq!(sorted.remote.iter().map(|r| &r.address).collect::<Vec<_>>(), [&recipients[2]]);
        assert!(sorted.failed.is_empty());
    }

    #[test]
    fn a_person_gets_one_copy_under_however_many_addresses() {
        let recipients: Vec<Address> = (0..1000).map(|n| address(&format!("alice+d{n}@alpha.test"))).collect();
        let resolutions = (0..1000).map(|n| Resolution::Ours(vec![local(1, Some(&format!("d{n}")))])).collect();
        let mut sorted = sort(&recipients, resolutions, &peer(), nowhere);
        assert_eq!((sorted.local.len(), sorted.local[0].detail.as_deref()), (1, Some("d0")), "where the first leads");
        assert_eq!(sorted.reached().len(), recipients.len());
        sorted.give_up(AccountId(1), &Reply::new(452, (4, 2, 2), "full"));
        let failed: Vec<_> = sorted.failed.iter().map(|failed| &failed.recipient).collect();
        assert_eq!(failed, recipients.iter().collect::<Vec<_>>(), "each hears what became of it");
    }

    #[test]
    fn a_stranger_s_letter_for_elsewhere_goes_nowhere() {
        let sorted = sort(&[address("victim@elsewhere.test")], vec![Resolution::Elsewhere], &peer(), nowhere);
        assert!(sorted.is_for_nobody());
        assert!(answer(sorted.failed.iter()).to_string().starts_with("550 5.7.1"));
    }

    #[test]
    fn letters_for_people_behind_us_are_taken_from_anyone_and_handed_on() {
        let recipients = [address("alice@beta.test"), address("bob@beta.test"), address("victim@elsewhere.test")];
        let resolutions = vec![Resolution::Unknown, Resolution::Elsewhere, Resolution::Elsewhere];
        let sorted = sort(&recipients, resolutions, &peer(), |domain| domain.as_str() == "beta.test");
        assert_eq!(sorted.remote.iter().map(|r| &r.address).collect::<Vec<_>>(), [&recipients[0], &recipients[1]]);
        assert_eq!((sorted.failed.len(), sorted.failed[0].reply.code), (1, 550));
    }

    #[test]
    fn an_alias_may_lead_a_stranger_s_letter_elsewhere() {
        let forward = Resolution::Ours(vec![Destination::Remote(address("bob@beta.test"))]);
        let sorted = sort(&[address("team@alpha.test")], vec![forward], &peer(), nowhere);
        assert_eq!(sorted.remote[0].address, address("bob@beta.test"));
        assert!(sorted.reached().contains(&address("team@alpha.test")));
    }

    #[test]
    fn a_letter_that_came_through_an_alias_before_does_not_go_through_it_again() {
        let forward = Resolution::Ours(vec![Destination::Remote(address("bob@beta.test")), local(1, None)]);
        let mut sorted = sort(&[address("team@alpha.test")], vec![forward], &peer(), nowhere);
        let raw = "Delivered-To: Team@alpha.test\r\n\r\nhello\r\n".into();
        sorted.break_loops(&Letter { id: mail::LetterId::from_random([0; 10]), raw });
        assert!(sorted.remote.is_empty());
        assert_eq!((sorted.local.len(), sorted.failed[0].reply.code), (1, 554));
    }

    #[test]
    fn who_is_full_is_tried_again_under_their_own_address_and_in_the_same_folder() {
        let team = Resolution::Ours(vec![local(1, Some("news")), local(2, None)]);
        let mut sorted = sort(&[address("team@alpha.test")], vec![team], &peer(), nowhere);
        sorted.give_up(AccountId(1), &Reply::new(452, (4, 2, 2), "full"));
        sorted.give_up(AccountId(2), &Reply::new(550, (5, 1, 1), "gone"));
        let again: Vec<_> = sorted.failed.iter().map(|failed| failed.again_to.clone()).collect();
        assert_eq!(again, [Some(address("person1+news@alpha.test")), None]);
        assert!(sorted.is_for_nobody());
    }

    #[test]
    fn a_letter_that_nobody_got_may_be_sent_again_where_that_can_help() {
        let failed = |reply| Failed { recipient: address("a@alpha.test"), reply, again_to: None };
        let full = Reply::new(452, (4, 2, 2), "full");
        assert_eq!(answer([failed(unknown(&address("a@alpha.test"))), failed(full.clone())].iter()), full);
        assert_eq!(answer([failed(unknown(&address("a@alpha.test")))].iter()).code, 550);
        assert_eq!(answer([].iter()).code, 554);
    }
}
