//! The terms on which a door that speaks lines takes a client.

use std::time::Duration;

use net::{Connection, ServerTls};

/// The terms on which a door that speaks lines takes a client. They are cheap to clone.
#[derive(Clone)]
pub struct Terms {
    /// The server offers STARTTLS (in POP3: STLS) with this.
    pub tls: Option<ServerTls>,
    /// Allows log-ins outside TLS: for tests on this machine only.
    pub clear_logins: bool,
    /// The time from the greeting to the log-in, all tries together.
    pub entry: Duration,
    /// The longest time for which a client may take nothing of the octets that it asked for.
    pub write: Duration,
}

/// The ways in that are open to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The client can use STARTTLS.
    pub start_tls: bool,
    /// The client can log in: the line is encrypted, or need not be.
    pub log_in: bool,
}

/// The usual limits, without TLS.
impl Default for Terms {
    fn default() -> Self {
        Self { tls: None, clear_logins: false, entry: Duration::from_secs(180), write: Duration::from_secs(300) }
    }
}

impl Terms {
    /// Returns the ways in over a connection that is, or is not, `encrypted` (RFC 9051 §11.1, RFC 2595 §2.1).
    pub fn entrance(&self, encrypted: bool) -> Entrance {
        Entrance { start_tls: !encrypted && self.tls.is_some(), log_in: encrypted || self.clear_logins }
    }

    /// Returns the same connection inside TLS; `None` if the handshake failed, or if TLS is not offered. The octets
    /// that came in clear behind STARTTLS are dropped with the old connection's buffer: an attacker on the line may
    /// have put them there (CVE-2011-0411).
    pub async fn start_tls(&self, connection: Connection) -> Option<Connection> {
        let handshake = connection.start_tls_server(self.tls.as_ref()?).await;
        handshake.inspect_err(|error| tracing::debug!(%error, "the TLS handshake failed")).ok()
    }
}
