//! What all conversations share.

use std::sync::Arc;
use std::time::Duration;

use mail::seam::Logins;
use mail::trace::{Blind, Witness};
use net::{ServerTls, Shutdown};

use super::locks::Locks;

/// The server a client comes into.
pub struct Server {
    /// The store with everybody's mail.
    pub store: store::Store,
    /// Who may come in.
    pub logins: Arc<dyn Logins>,
    /// STLS is offered with this.
    pub tls: Option<ServerTls>,
    /// How long to wait for whom.
    pub timeouts: Timeouts,
    /// Asks the conversations to end.
    pub shutdown: Shutdown,
    /// Allows log-ins outside TLS: for tests on this machine only.
    pub clear_logins: bool,
    /// Who takes down what is read and removed.
    pub witness: Arc<dyn Witness>,
    /// Which maildrops are taken.
    pub(super) locks: Locks,
}

impl Server {
    /// A server with the usual limits, and without TLS.
    pub fn new(store: store::Store, logins: Arc<dyn Logins>) -> Self {
        Self {
            store,
            logins,
            tls: None,
            timeouts: Timeouts::default(),
            shutdown: Shutdown::never(),
            clear_logins: false,
            witness: Arc::new(Blind),
            locks: Locks::default(),
        }
    }
}

/// How long to wait for whom.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the greeting to the log-in, all tries together.
    pub entry: Duration,
    /// For the next command (RFC 1939 §3: at least 10 minutes).
    pub command: Duration,
    /// For a maildrop that another client is just leaving.
    pub lock: Duration,
    /// For a client that takes nothing of what it asked for.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            entry: Duration::from_secs(180),
            // Half a minute more than promised: clients count their 10 minutes from when they sent.
            command: Duration::from_secs(630),
            lock: Duration::from_secs(1),
            write: Duration::from_secs(300),
        }
    }
}
