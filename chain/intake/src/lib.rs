//! Takes charge of letters: who gets a letter, what is decided about it, the one commit that stands behind its 250, and
//! what is told to whom. All letters pass here, by whichever way they come.
//!
//! Each way in is a small type of its own over one [`Intake`]:
//! * [`Acceptor`] takes a letter as a whole, with one answer (reception, submission, `facteur send`);
//! * [`Deliverer`] gives an answer for each recipient (LMTP);
//! * [`QueueDrop`] files what the queue holds for our own people;
//! * [`Submitter`] sends what people write over JMAP, at once or later;
//! * [`FetchDestinations`] finds the destinations of letters that are fetched from mailboxes elsewhere.
//!
//! Invariants of this room:
//! * What was accepted is filed or queued in one commit, and synced before the answer.
//! * Nobody is an open relay: strangers reach our own people, and those behind us.
//! * A letter is checked once, where it comes in, and each recipient's rules are asked once; a check or a rule that
//!   fails loses no letter, and a rule's fault is its recipient's alone.
//! * Nobody is written to because a rule refuses their letter, unless they have proved that it is theirs: a letter
//!   that cannot be refused on the wire any more is filed as junk, with the reason.
//! * Every letter has its history in the commit that makes it true; a refusal is witnessed.
//!
//! It must not know what is spoken on the wire, nor how a mailbox or the queue keeps a letter.

mod acceptor;
mod checks;
mod commit;
mod decide;
mod deliverer;
mod effects;
mod everyone;
pub mod fetched;
mod history;
mod hops;
mod queue_drop;
mod sort;
mod submitter;
mod taking;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use directory::Directory;
use mail::check::Check;
use mail::seam::{AccountId, OurFault};
use mail::trace::{Blind, Event, Observation, Step, Witness};
use mail::{Address, Domain, LetterId};
use mda::{Mda, Rule};
use mta::backoff::Schedule;
use mta::bounce;
use mta::route::Routes;
use net::Resolver;
use store::{Store, View};

pub use acceptor::Acceptor;
pub use deliverer::Deliverer;
pub use everyone::Everyone;
pub use fetched::FetchDestinations;
use hops::Hops;
pub use queue_drop::QueueDrop;
pub use submitter::{Noted, Submitter};

/// The largest letter taken, in octets.
pub const LARGEST_LETTER: usize = 50 * 1024 * 1024;

/// What every way in works with. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    store: Store,
    directory: Directory,
    mda: Mda,
    checks: Arc<[Arc<dyn Check>]>,
    hostname: Domain,
    /// Who writes to senders whose letters fail.
    reports: bounce::Office,
    schedule: Schedule,
    witness: Arc<dyn Witness>,
    routes: Arc<Routes>,
}

impl Intake {
    /// On these data, under this name.
    pub fn new(store: Store, hostname: &Domain) -> Self {
        let directory = Directory::new(store.clone(), hostname.clone(), Arc::new(Quota), Arc::new(net::now));
        let mda = Mda::new(store.clone());
        let reports = bounce::Office { hostname: hostname.to_string(), postmaster: postmaster(hostname) };
        let (witness, routes, schedule) = (Arc::new(Blind), Arc::default(), Schedule::default());
        let (checks, hostname) = (Arc::new([Arc::new(Hops) as Arc<dyn Check>]), hostname.clone());
        Self { store, directory, mda, checks, hostname, reports, schedule, witness, routes }
    }

    /// What is refused is told to `witness`.
    #[must_use]
    pub fn with_witness(self, witness: Arc<dyn Witness>) -> Self {
        Self { witness, ..self }
    }

    /// With these checks of what comes in, asked in this order behind the one that ends circles.
    #[must_use]
    pub fn with_checks(self, checks: Vec<Arc<dyn Check>>) -> Self {
        let checks = self.checks.iter().cloned().chain(checks).collect();
        Self { checks, ..self }
    }

    /// With these rules for our people's copies, asked in this order.
    #[must_use]
    pub fn with_rules(self, rules: Vec<Arc<dyn Rule>>) -> Self {
        Self { mda: self.mda.with_rules(rules), ..self }
    }

    /// With these routes: some lead to people behind us.
    #[must_use]
    pub fn with_routes(self, routes: Arc<Routes>) -> Self {
        Self { routes, ..self }
    }

    /// Takes letters with one answer for all recipients.
    pub fn acceptor(&self) -> Acceptor {
        Acceptor(self.clone())
    }

    /// Takes letters with an answer for each recipient.
    pub fn deliverer(&self) -> Deliverer {
        Deliverer(self.clone())
    }

    /// Files what the queue holds for our people.
    pub fn queue_drop(&self) -> QueueDrop {
        QueueDrop(self.clone())
    }

    /// Sends what people write over JMAP.
    pub fn submitter(&self) -> Submitter {
        Submitter(self.clone())
    }

    /// Finds the destinations of fetched letters; delivery agents elsewhere are found by `resolver`.
    pub fn fetch_destinations(&self, resolver: Arc<dyn Resolver>) -> FetchDestinations {
        FetchDestinations::new(self, resolver)
    }

    /// Who gets letters through us, as delivery sees them.
    pub fn everyone(&self) -> Everyone {
        Everyone::new(self.directory.clone(), self.routes.clone())
    }

    /// Who is here.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Who writes to senders whose letters fail.
    pub fn reports(&self) -> &bounce::Office {
        &self.reports
    }

    /// How long letters are tried.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// For its history, what failed of ours: the sender is not told.
    fn note_fault(&self, letter: LetterId, fault: &OurFault) {
        let event = Event::Fault { cause: fault.to_string() };
        self.witness.saw(Observation::Step(Box::new(Step { letter, at: net::now(), event })));
    }
}

/// Postmaster is somebody under every name of ours (RFC 5321 §4.5.1); the directory sees to it.
pub fn postmaster(hostname: &Domain) -> Address {
    Address::new("postmaster", hostname.clone()).unwrap_or_else(|_| unreachable!("postmaster is a local part"))
}

fn new_letter_id() -> LetterId {
    LetterId::from_random(rand::random())
}

fn our_fault(error: impl std::fmt::Display) -> OurFault {
    tracing::error!(%error, "a letter could not be taken");
    OurFault(error.to_string())
}

/// What the mailboxes say of the space in them.
struct Quota;

impl directory::Space for Quota {
    fn has_room(&self, view: &View, account: AccountId) -> Result<bool, store::Error> {
        match mailbox::account::usage(view, account) {
            Ok(usage) => Ok(usage.quota.is_none_or(|quota| usage.used < quota)),
            Err(mailbox::Error::Store(error)) => Err(error),
            // Filing will say what is wrong with this mailbox.
            Err(_) => Ok(true),
        }
    }
}
