//! What every conversation at a door is given.

use std::sync::Arc;
use std::time::Duration;

use mail::seam::Logins;
use mail::trace::{Blind, Witness};
use net::{Connection, ServerTls, Shutdown};
use store::Store;

/// What the conversations of all doors share. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    /// The store with everybody's mail.
    pub store: Store,
    /// Checks the log-ins.
    pub logins: Arc<dyn Logins>,
    /// STARTTLS (in POP3: STLS) is offered with this.
    pub tls: Option<ServerTls>,
    /// Allows log-ins outside TLS: for tests on this machine only.
    pub clear_logins: bool,
    /// The time from the greeting to the log-in, all tries together.
    pub entry: Duration,
    /// The time that a client may take none of what it asked for.
    pub write: Duration,
    /// Asks the conversations to end.
    pub shutdown: Shutdown,
    /// Takes down what is read and removed.
    pub witness: Arc<dyn Witness>,
}

/// The ways in that are open to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// STARTTLS can be used.
    pub start_tls: bool,
    /// Log-ins are taken: the line is encrypted, or need not be.
    pub log_in: bool,
}

impl Shared {
    /// With the usual limits, and without TLS.
    pub fn new(store: Store, logins: Arc<dyn Logins>) -> Self {
        Self {
            store,
            logins,
            tls: None,
            clear_logins: false,
            entry: Duration::from_secs(180),
            write: Duration::from_secs(300),
            shutdown: Shutdown::never(),
            witness: Arc::new(Blind),
        }
    }

    /// The ways in over a connection that is, or is not, `encrypted` (RFC 9051 §11.1, RFC 2595 §2.1).
    pub fn entrance(&self, encrypted: bool) -> Entrance {
        Entrance { start_tls: !encrypted && self.tls.is_some(), log_in: encrypted || self.clear_logins }
    }

    /// The same connection inside TLS; none where the handshake failed, or TLS is not offered. What came in clear behind
    /// STARTTLS goes with the old connection's buffer: someone between may have put it there (CVE-2011-0411).
    pub async fn start_tls(&self, connection: Connection) -> Option<Connection> {
        let handshake = connection.start_tls_server(self.tls.as_ref()?).await;
        handshake.inspect_err(|error| tracing::debug!(%error, "the TLS handshake failed")).ok()
    }
}
