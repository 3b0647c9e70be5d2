//! A letter that is handed in, with the octets that it has from here on, in every copy of it.

use mail::seam::{Origin, OurFault};
use mail::trace::{Arrival, Event};
use mail::{Address, Envelope, Findings, Letter};
use mda::Incoming;
use mta::outgoing::{Author, Outgoing};

use crate::taking::began;
use crate::{Intake, history, our_fault};

/// A letter that is handed in.
pub(crate) struct HandedIn {
    pub(crate) outgoing: Outgoing,
    pub(crate) envelope: Envelope,
    pub(crate) origin: Origin,
    /// The way it came, for its history.
    pub(crate) arrival: Arrival,
}

impl HandedIn {
    pub(crate) fn letter(&self) -> &Letter {
        self.outgoing.letter()
    }

    /// Returns the events with which its history begins: how it came, what was found out about it, and which keys have signed
    /// it.
    pub(crate) fn began(&self, findings: &Findings) -> Vec<Event> {
        let mut events = began(&self.arrival, findings);
        events.extend(self.outgoing.signed());
        events
    }

    /// The letter with what the checks have found out about it.
    pub(crate) fn incoming<'a>(&'a self, intake: &'a Intake, findings: &'a Findings) -> Incoming<'a> {
        let Self { envelope, origin, .. } = self;
        Incoming { letter: self.letter(), envelope, origin, findings, hostname: &intake.hostname }
    }
}

impl Intake {
    /// Makes ready what may leave, before anything else is done with the letter: once, whichever way it came, over
    /// submission, over JMAP, or from `facteur send`. What somebody else wrote stays as it came.
    pub(crate) async fn handed_in(
        &self,
        letter: Letter,
        envelope: Envelope,
        origin: Origin,
    ) -> Result<HandedIn, OurFault> {
        let outgoing = match writer(&envelope, &origin, &self.reports.postmaster) {
            None => Outgoing::passing_through(letter),
            // It is looked through, encoded and signed where a thread may compute.
            Some(address) => {
                let (intake, address) = (self.clone(), address.clone());
                let finishing = tokio::task::spawn_blocking(move || intake.written_here(letter, &address));
                finishing.await.map_err(our_fault)?
            }
        };
        let arrival = history::arrival(outgoing.letter(), &envelope, &origin);
        Ok(HandedIn { outgoing, envelope, origin, arrival })
    }

    /// A letter that was written here by whoever has this address, as it leaves. It computes.
    pub(crate) fn written_here(&self, letter: Letter, address: &Address) -> Outgoing {
        let author = Author { hostname: &self.hostname, now: net::now(), address };
        Outgoing::written_here(letter, &author, &*self.reports.signer)
    }
}

/// The author of a letter that is written here, should the letter name none: who gets its reports, or else who has logged
/// in. `None` of a letter that is written elsewhere.
fn writer<'a>(envelope: &'a Envelope, origin: &'a Origin, postmaster: &'a Address) -> Option<&'a Address> {
    let writer = match origin {
        Origin::Person(login, _) => &login.address,
        Origin::House => postmaster,
        Origin::Peer(_) | Origin::Front(_) | Origin::Fetched(_) => return None,
    };
    Some(envelope.return_path.address().unwrap_or(writer))
}
