//! The client that a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

/// The client that a request came from: an extension of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client's address: the other end of the connection, or the address that a trusted proxy in front reports.
    /// IPv4 in IPv6 is shown as IPv4.
    pub ip: IpAddr,
    /// The client's TLS version and cipher, or a note that its TLS ends at a proxy. `None` if the client speaks in
    /// clear.
    pub tls: Option<Arc<str>>,
    /// The way that the request took to us.
    pub via: Via,
}

/// The way that a request took to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// The request came from the client itself, for all that we know.
    #[default]
    Direct,
    /// The request came through a trusted proxy, which reports the scheme that the client speaks with it.
    Proxy,
    /// The request came through a trusted proxy, which does not report whether the client speaks TLS.
    SilentProxy,
}

impl Peer {
    /// Returns a peer that speaks to us in clear.
    pub fn in_clear(ip: IpAddr) -> Self {
        Self { ip, tls: None, via: Via::Direct }
    }

    /// Returns true if the client speaks TLS: with us, or with a trusted proxy that reports it.
    pub fn speaks_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Returns true if passwords and letters may pass on this connection: inside TLS, or if it never leaves this
    /// machine.
    pub fn is_private(&self) -> bool {
        self.speaks_tls() || (self.via == Via::Direct && self.ip.is_loopback())
    }
}
