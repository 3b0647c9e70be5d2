//! The means that every way in works with.

use mailbox::Access;
use std::sync::Arc;

use directory::Directory;
use mail::check::Check;
use mail::copies::{Copies, NoCopies};
use mail::seam::{AccountId, OurFault};
use mail::sign::{Sign, Unsigned};
use mail::trace::{Blind, Event, Observation, Step, Witness};
use mail::{Address, Domain, LetterId};
use mda::{Mda, Rule};
use mta::backoff::Schedule;
use mta::bounce;
use mta::queue::Rate;
use mta::route::Routes;
use store::{Store, View};

use crate::forwarding::rule::Forwarding;
use crate::hops::Hops;

/// The largest letter taken, in octets.
pub const LARGEST_LETTER: usize = 50 * 1024 * 1024;

/// The means that every way in works with. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    pub(crate) store: Store,
    pub(crate) directory: Directory,
    pub(crate) mda: Mda,
    pub(crate) checks: Arc<[Arc<dyn Check>]>,
    pub(crate) hostname: Domain,
    /// The office that writes to senders whose letters fail.
    pub(crate) reports: bounce::Office,
    pub(crate) schedule: Schedule,
    pub(crate) witness: Arc<dyn Witness>,
    pub(crate) routes: Arc<Routes>,
    /// The rate at which letters go on to one address of another house.
    pub(crate) forward_rate: Rate,
    pub(crate) copies: Arc<dyn Copies>,
}

impl Intake {
    /// Makes an intake on these data, under this name.
    pub fn new(store: Store, hostname: &Domain) -> Self {
        let directory = Directory::new(store.clone(), hostname.clone(), Arc::new(Quota), Arc::new(net::now));
        let mda = Mda::new(store.clone()).with_rules(vec![Arc::new(Forwarding::new(store.clone()))]);
        let (name, signer) = (hostname.to_string(), Arc::new(Unsigned));
        let reports = bounce::Office { hostname: name, postmaster: postmaster(hostname), signer };
        let (witness, routes, schedule) = (Arc::new(Blind), Arc::default(), Schedule::default());
        let (checks, hostname) = (Arc::new([Arc::new(Hops) as Arc<dyn Check>]), hostname.clone());
        let (forward_rate, copies) = (Rate::USUAL, Arc::new(NoCopies));
        Self { store, directory, mda, checks, hostname, reports, schedule, witness, routes, forward_rate, copies }
    }

    /// Tells `witness` of each refusal.
    #[must_use]
    pub fn with_witness(self, witness: Arc<dyn Witness>) -> Self {
        Self { witness, ..self }
    }

    /// Has these keys sign what is written here. Without them, letters leave unsigned.
    #[must_use]
    pub fn with_signer(self, signer: Arc<dyn Sign>) -> Self {
        Self { reports: bounce::Office { signer, ..self.reports }, ..self }
    }

    /// Adds these checks of incoming letters, asked in this order behind the one that ends circles.
    #[must_use]
    pub fn with_checks(self, checks: Vec<Arc<dyn Check>>) -> Self {
        let checks = self.checks.iter().cloned().chain(checks).collect();
        Self { checks, ..self }
    }

    /// Adds these rules for our people's copies, asked in this order before the one that sends letters on.
    #[must_use]
    pub fn with_rules(self, mut rules: Vec<Arc<dyn Rule>>) -> Self {
        rules.push(Arc::new(Forwarding::new(self.store.clone())));
        Self { mda: self.mda.with_rules(rules), ..self }
    }

    /// Has whoever these name get copies of letters.
    #[must_use]
    pub fn with_copies(self, copies: Arc<dyn Copies>) -> Self {
        Self { copies, ..self }
    }

    /// Adds these routes: some lead to people behind us.
    #[must_use]
    pub fn with_routes(self, routes: Arc<Routes>) -> Self {
        Self { routes, ..self }
    }

    /// Sends letters on to one address of another house at this rate.
    #[must_use]
    pub fn with_forward_rate(self, forward_rate: Rate) -> Self {
        Self { forward_rate, ..self }
    }

    /// Returns the directory of the people here.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Returns the office that writes to senders whose letters fail.
    pub fn reports(&self) -> &bounce::Office {
        &self.reports
    }

    /// Returns the schedule, which says how long letters are tried.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Notes in its history that something of ours failed: the sender is not told.
    pub(crate) fn note_fault(&self, letter: LetterId, fault: &OurFault) {
        let event = Event::Fault { cause: fault.to_string() };
        self.witness.saw(Observation::Step(Box::new(Step { letter, at: net::now(), event })));
    }
}

/// Postmaster is somebody under every name of ours (RFC 5321 §4.5.1); the directory sees to it.
pub fn postmaster(hostname: &Domain) -> Address {
    Address::new("postmaster", hostname.clone()).unwrap_or_else(|_| unreachable!("postmaster is a local part"))
}

pub(crate) fn new_letter_id() -> LetterId {
    LetterId::from_random(rand::random())
}

pub(crate) fn our_fault(error: impl std::fmt::Display) -> OurFault {
    tracing::error!(%error, "a letter could not be taken");
    OurFault(error.to_string())
}

/// Asks the mailboxes about the space in them.
struct Quota;

impl directory::Space for Quota {
    fn has_room(&self, view: &View, account: AccountId) -> Result<bool, store::Error> {
        match mailbox::account::usage(view, Access::house(account)) {
            Ok(usage) => Ok(usage.quota.is_none_or(|quota| usage.used < quota)),
            Err(mailbox::Error::Store(error)) => Err(error),
            // Filing will say what is wrong with this mailbox.
            Err(_) => Ok(true),
        }
    }
}
