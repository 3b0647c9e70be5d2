//! Carries letters out of the queue: to other servers, and to our own people (reports, mostly).
//!
//! Two stages, as in KumoMTA. **Scheduled**: in the store, by domain and time; nothing of it is in memory. **Ready**: a
//! bounded number of claims in memory, by site (the hosts that take letters for one or more domains). Claims are only
//! memory: after a crash the store says again what is due.
//!
//! * [`scheduler`] claims what is due, finds the site of each domain, and hires carriers.
//! * [`depot`] is what scheduler and carriers share, and writes down what they found; [`means`] are what all work with.
//! * [`site`] keeps what is ready for one site.
//! * [`carrier`] is one connection at a time: it takes letters from its site until there are none.
//! * [`turns`] says which letter is next; [`weather`] how many carriers a site bears, and when it is left alone.
//! * [`hosts`] finds the hosts of a domain; [`search`] goes through them for a letter; [`connect`] opens a conversation with
//!   one, which takes one of the [`rooms`]; [`transaction`] hands a letter over; [`concern`] says whom a refusal concerns.
//! * [`to_send`] is a letter as a transaction needs it; [`direct`] hands over letters that are not in the queue.
//! * [`source`] chooses the address of ours that a connection leaves from.
//! * [`probe`] asks what stands behind us whether somebody is there.
//! * [`plan`] decides in which form a letter goes to a server.
//! * [`claims`] are the recipients in somebody's hands; [`loading`] reads a letter from the queue; [`clock`] says how
//!   long the office has been running.
//! * [`here`] hands letters to a [`program`] or into a [`folder`] (a Maildir), as an [`account`] of this machine.
//! * [`local`] gives letters for our own people to [`LocalDrop`].
//! * [`reporter`] writes reports on letters that failed or are late.

mod account;
mod carrier;
mod claims;
mod clock;
mod concern;
mod connect;
mod depot;
mod direct;
mod folder;
mod here;
mod hosts;
mod line;
mod loading;
mod local;
mod login;
mod means;
mod plan;
mod probe;
mod program;
mod reporter;
mod rooms;
mod scheduler;
mod search;
mod site;
mod source;
mod to_send;
mod transaction;
mod turns;
mod weather;

pub use account::{RunAsFault, check};
pub use direct::{Direct, Given, LetIn, try_out};
pub use means::{Done, Limits, LocalDrop, Means, OutgoingTls, Waiting, Waits};
pub use probe::Prober;
pub use source::Sources;

use std::sync::Arc;

use net::Shutdown;

/// Carries out of the queue until it is asked to end.
pub struct Delivery {
    means: Means,
}

impl Delivery {
    /// Makes the delivery with these means.
    pub fn new(means: Means) -> Self {
        Self { means }
    }

    /// Runs until `shutdown`: then no new letter is begun, those under way are finished within the grace, and the
    /// call returns.
    pub async fn run(self, shutdown: Shutdown) {
        let Some(clock) = clock::Running::go_on(&self.means.store, &shutdown).await else { return };
        let (clock, store) = (Arc::new(clock), self.means.store.clone());
        tokio::join!(
            clock.keep(&store, &shutdown),
            reporter::run(self.means.clone(), clock.clone(), shutdown.clone()),
            scheduler::run(self.means, clock.clone(), shutdown.clone()),
        );
    }
}
