//! A letter that is handed in, with the octets that it has from here on, in every copy of it.

use mail::seam::{Origin, OurFault};
use mail::trace::Arrival;
use mail::{Address, Envelope, Letter};
use mda::Incoming;
use mta::outgoing::{Author, Outgoing};

use crate::{Intake, history, our_fault};

/// A letter that is larger is looked through and encoded where a thread may compute.
const QUICK: usize = 64 * 1024;

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

    /// The letter with what the checks have found out about it.
    pub(crate) fn incoming<'a>(&'a self, intake: &'a Intake, findings: &'a mail::Findings) -> Incoming<'a> {
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
            Some(address) if letter.raw.len() <= QUICK => self.written_here(letter, address),
            Some(address) => {
                let (intake, address) = (self.clone(), address.clone());
                let finishing = tokio::task::spawn_blocking(move || intake.written_here(letter, &address));
                finishing.await.map_err(our_fault)?
            }
        };
        let arrival = history::arrival(outgoing.letter(), &envelope, &origin);
        Ok(HandedIn { outgoing, envelope, origin, arrival })
    }

    /// A letter that was written here by whoever has this address, as it leaves.
    pub(crate) fn written_here(&self, letter: Letter, address: &Address) -> Outgoing {
        Outgoing::written_here(letter, &Author { hostname: &self.hostname, now: net::now(), address })
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
