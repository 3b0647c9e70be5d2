//! Finds what the sender of a letter wants to hear of those who have it, and which of their wishes go on with it (RFC 3461
//! §5.2.7).
//!
//! A copy in a mailbox is a success, and the sender is told so. An address of ours that leads to one place elsewhere passes
//! every wish on: whoever delivers the letter there tells the sender. One that leads to several is told of as expanded, and
//! the copies go on without that wish, since the sender asked about one address and not about those behind it.

use std::collections::HashMap;

use mail::seam::{AccountId, Origin};
use mail::{Address, Envelope, Findings, OriginalRecipient, Recipient, Wishes};
use mda::{Decision, Keep};

use crate::sort::Sorted;

/// Returns true if nobody may be written to about a letter: its return path may be forged, and a report would reach somebody
/// who never wrote it.
pub(crate) fn is_mistrusted(origin: &Origin, findings: &Findings) -> bool {
    match origin {
        Origin::Person(..) | Origin::House => false,
        // The return path is that of a field, which nobody has checked.
        Origin::Fetched(_) => true,
        Origin::Peer(_) | Origin::Front(_) => findings.is_suspect(),
    }
}

/// The things that became of a recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Places {
    /// Copies in mailboxes.
    kept: usize,
    /// Addresses elsewhere to which an address of ours leads.
    led: usize,
    /// Addresses to which the rules of our people send it on.
    redirected: usize,
}

impl Places {
    /// Returns true if all wishes go on with the letter, to the one place that has it.
    fn pass_on(self) -> bool {
        self.kept == 0 && self.led + self.redirected == 1
    }

    fn are_several(self) -> bool {
        self.led + self.redirected > 0 && !self.pass_on() && (self.kept == 0 || self.led > 0)
    }
}

/// The places of each recipient of an envelope.
pub(crate) struct Arrivals<'a> {
    wishes: HashMap<&'a Address, &'a Wishes>,
    places: HashMap<&'a Address, Places>,
}

impl<'a> Arrivals<'a> {
    /// Counts the places that each recipient leads to.
    pub(crate) fn of(envelope: &'a Envelope, sorted: &'a Sorted, decisions: &[Decision]) -> Self {
        let wishes = envelope.recipients.iter().map(|to| (&to.address, &to.wishes)).collect();
        let decided: HashMap<AccountId, &Decision> =
            decisions.iter().map(|decision| (decision.recipient.account, decision)).collect();
        let mut places: HashMap<&Address, Places> = HashMap::new();
        for local in &sorted.local {
            let disposition = decided.get(&local.account).map(|decision| &decision.disposition);
            let is_kept = disposition.is_none_or(|disposition| match &disposition.keep {
                Keep::Copies(copies) => !copies.is_empty() || disposition.onward.is_empty(),
                Keep::Refuse(_) | Keep::Discard => false,
            });
            for named in local.named() {
                let place = places.entry(named).or_default();
                place.kept += usize::from(is_kept);
                place.redirected += disposition.map_or(0, |disposition| disposition.onward.len());
            }
        }
        for remote in sorted.remote.iter().filter(|remote| remote.is_passed_on()) {
            remote.named().for_each(|named| places.entry(named).or_default().led += 1);
        }
        Self { wishes, places }
    }

    /// Returns the recipients that have the letter, and whose sender wants to hear so.
    pub(crate) fn delivered(&self) -> Vec<Recipient> {
        self.told_of(|places| places.kept > 0 && !places.are_several())
    }

    /// Returns the recipients that stand for several addresses, and whose sender wants to hear of their success.
    pub(crate) fn expanded(&self) -> Vec<Recipient> {
        self.told_of(Places::are_several)
    }

    fn told_of(&self, which: impl Fn(Places) -> bool) -> Vec<Recipient> {
        let wished = self.places.iter().filter(|(named, places)| self.wishes_of(named).success() && which(**places));
        let mut told: Vec<Recipient> = wished
            .map(|(named, _)| Recipient { wishes: self.wishes_of(named), ..Recipient::new((*named).clone()) })
            .collect();
        told.sort_by_cached_key(|recipient| recipient.address.to_string());
        told
    }

    /// Returns the wishes of the sender for this recipient of the envelope.
    pub(crate) fn wishes_of(&self, named: &Address) -> Wishes {
        self.wishes.get(named).map(|wishes| (*wishes).clone()).unwrap_or_default()
    }

    /// Returns the wishes that go on with the letter from a recipient of the envelope to the places that it leads to. The
    /// sender knows that recipient alone, and so its name goes with them (RFC 3461 §5.2.7.1).
    pub(crate) fn onward(&self, named: &Address) -> Wishes {
        let mut wishes = self.wishes_of(named);
        // Reports that nobody asked for need no name; the letter stays what it was for servers that know nothing of it.
        if wishes.notify.is_some() {
            wishes.original.get_or_insert_with(|| OriginalRecipient::of(named));
        }
        let places = self.places.get(named).copied().unwrap_or_default();
        if places == Places::default() || places.pass_on() { wishes } else { wishes.without_success() }
    }
}
