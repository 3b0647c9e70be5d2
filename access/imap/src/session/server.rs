//! The context that all conversations share.

use std::time::Duration;

use doors::{Shared, Terms};
use net::{Budget, Intake};

/// The server that a client comes into.
pub struct Server {
    /// The store, the log-ins and the other parts that all doors share.
    pub shared: Shared,
    /// The terms on which clients are taken.
    pub terms: Terms,
    /// The largest letter APPEND takes, in octets (RFC 7889).
    pub append_limit: u64,
    /// The place where appended letters are kept until they are whole.
    pub intake: Intake,
    /// The times that the server waits for clients.
    pub timeouts: Timeouts,
}

impl Server {
    /// Makes a server with the usual limits.
    pub fn new(shared: Shared) -> Self {
        Self {
            shared,
            terms: Terms::default(),
            append_limit: 50 * 1024 * 1024,
            intake: Intake::new(Budget::new(256 * 1024 * 1024), Duration::from_secs(30)),
            timeouts: Timeouts::default(),
        }
    }
}

/// The times that the server waits for a client that has logged in.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// The wait for the next command, and in IDLE (RFC 9051 §5.4: at least 30 minutes).
    pub command: Duration,
    /// The wait for the next piece of a command that has begun.
    pub piece: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // A minute more than promised: clients count their 30 minutes from when they sent.
            command: Duration::from_secs(31 * 60),
            piece: Duration::from_secs(300),
        }
    }
}
