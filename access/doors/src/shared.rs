//! The parts of the house that every conversation at a door to the mailbox is given.

use std::sync::Arc;

use mail::seam::Logins;
use mail::trace::{Blind, Witness};
use net::Shutdown;
use store::Store;

/// The parts that the conversations of all doors share: IMAP, POP3 and JMAP. It is cheap to clone.
#[derive(Clone)]
pub struct Shared {
    /// The store with everybody's mail.
    pub store: Store,
    /// Checks the log-ins.
    pub logins: Arc<dyn Logins>,
    /// Asks the conversations to end.
    pub shutdown: Shutdown,
    /// Takes down the letters that are read and removed.
    pub witness: Arc<dyn Witness>,
}

impl Shared {
    /// Makes the parts for conversations that nobody ends or watches.
    pub fn new(store: Store, logins: Arc<dyn Logins>) -> Self {
        Self { store, logins, shutdown: Shutdown::never(), witness: Arc::new(Blind) }
    }
}
