//! What all conversations share.

use std::sync::Arc;
use std::time::Duration;

use mail::seam::Logins;
use mail::trace::{Blind, Witness};
use net::{ServerTls, Shutdown};
use tokio::sync::Semaphore;

/// The house a client comes into.
pub struct House {
    /// The store with everybody's mail.
    pub store: store::Store,
    /// Who may come in.
    pub logins: Arc<dyn Logins>,
    /// STARTTLS is offered with this.
    pub tls: Option<ServerTls>,
    /// The largest letter APPEND takes, in octets (RFC 7889).
    pub append_limit: u64,
    /// The memory that letters being appended share, over all connections: see [`House::budget_of`].
    pub budget: Arc<Semaphore>,
    /// How long to wait for whom.
    pub timeouts: Timeouts,
    /// Asks the conversations to end.
    pub shutdown: Shutdown,
    /// Allows log-ins outside TLS: for tests on this machine only.
    pub clear_logins: bool,
    /// Who takes down what is read and removed.
    pub witness: Arc<dyn Witness>,
}

/// The unit of the memory budget, in octets.
pub(crate) const BUDGET_UNIT: u64 = 4096;

impl House {
    /// A house with the usual limits, and without TLS.
    pub fn new(store: store::Store, logins: Arc<dyn Logins>) -> Self {
        Self {
            store,
            logins,
            tls: None,
            append_limit: 50 * 1024 * 1024,
            budget: Self::budget_of(256 * 1024 * 1024),
            timeouts: Timeouts::default(),
            shutdown: Shutdown::never(),
            clear_logins: false,
            witness: Arc::new(Blind),
        }
    }

    /// A memory budget of so many octets.
    pub fn budget_of(octets: u64) -> Arc<Semaphore> {
        let units = usize::try_from(octets / BUDGET_UNIT).unwrap_or(usize::MAX);
        Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)))
    }
}

/// How long to wait for whom.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the greeting to the log-in, all tries together.
    pub entry: Duration,
    /// For the next command, and in IDLE (RFC 9051 §5.4: at least 30 minutes).
    pub command: Duration,
    /// For the next piece of a command that has begun.
    pub piece: Duration,
    /// For a place in the memory budget.
    pub memory: Duration,
    /// For a client that takes nothing of what it asked for.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            entry: Duration::from_secs(180),
            // A minute more than promised: clients count their 30 minutes from when they sent.
            command: Duration::from_secs(31 * 60),
            piece: Duration::from_secs(300),
            memory: Duration::from_secs(30),
            write: Duration::from_secs(300),
        }
    }
}
