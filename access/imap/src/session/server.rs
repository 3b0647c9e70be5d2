//! The context that all conversations share.

use std::sync::Arc;
use std::time::Duration;

use mail::seam::Logins;
use mail::trace::{Blind, Witness};
use net::{Budget, Intake, ServerTls, Shutdown};

/// The server a client comes into.
pub struct Server {
    /// The store with everybody's mail.
    pub store: store::Store,
    /// Checks passwords.
    pub logins: Arc<dyn Logins>,
    /// STARTTLS is offered with this.
    pub tls: Option<ServerTls>,
    /// The largest letter APPEND takes, in octets (RFC 7889).
    pub append_limit: u64,
    /// The place where appended letters are kept until they are whole.
    pub intake: Intake,
    /// The times that the server waits for clients.
    pub timeouts: Timeouts,
    /// Asks the conversations to end.
    pub shutdown: Shutdown,
    /// Allows log-ins outside TLS: for tests on this machine only.
    pub clear_logins: bool,
    /// Takes down the letters that are read and removed.
    pub witness: Arc<dyn Witness>,
}

impl Server {
    /// A server with the usual limits, and without TLS.
    pub fn new(store: store::Store, logins: Arc<dyn Logins>) -> Self {
        Self {
            store,
            logins,
            tls: None,
            append_limit: 50 * 1024 * 1024,
            intake: Intake::new(Budget::new(256 * 1024 * 1024), Duration::from_secs(30)),
            timeouts: Timeouts::default(),
            shutdown: Shutdown::never(),
            clear_logins: false,
            witness: Arc::new(Blind),
        }
    }
}

/// The times that the server waits for clients.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// The time from the greeting to the log-in, for all tries together.
    pub entry: Duration,
    /// The wait for the next command, and in IDLE (RFC 9051 §5.4: at least 30 minutes).
    pub command: Duration,
    /// The wait for the next piece of a command that has begun.
    pub piece: Duration,
    /// The wait for a client that takes none of its answer.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            entry: Duration::from_secs(180),
            // A minute more than promised: clients count their 30 minutes from when they sent.
            command: Duration::from_secs(31 * 60),
            piece: Duration::from_secs(300),
            write: Duration::from_secs(300),
        }
    }
}
