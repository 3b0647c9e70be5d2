//! The parts that all conversations share.

use std::time::Duration;

use doors::{Shared, Terms};

use super::locks::Locks;

/// The server a client comes into.
pub struct Server {
    /// The store, the log-ins and the other parts that all doors share.
    pub shared: Shared,
    /// The terms on which clients are taken.
    pub terms: Terms,
    /// The times that the server waits for clients.
    pub timeouts: Timeouts,
    /// The maildrops that are taken.
    pub(super) locks: Locks,
}

impl Server {
    /// Makes a server with the usual limits.
    pub fn new(shared: Shared) -> Self {
        Self { shared, terms: Terms::default(), timeouts: Timeouts::default(), locks: Locks::default() }
    }
}

/// The times that the server waits for a client that has logged in, and for one that leaves.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the next command (RFC 1939 §3: at least 10 minutes).
    pub command: Duration,
    /// For a maildrop that another client is just leaving.
    pub lock: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // Half a minute more than promised: clients count their 10 minutes from when they sent.
            command: Duration::from_secs(630),
            lock: Duration::from_secs(1),
        }
    }
}
