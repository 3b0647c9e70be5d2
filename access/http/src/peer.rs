//! The client that a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

/// The client that a request came from: an extension of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client's address: that of the other end of the connection, or the one that a proxy in front says, where that
    /// proxy is believed. IPv4 in IPv6 is shown as IPv4.
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
    /// From the client itself, as far as anybody knows.
    #[default]
    Direct,
    /// Through a proxy that is believed, and says what the client speaks with it.
    Proxy,
    /// Through a proxy that is believed, and does not say whether the client speaks TLS.
    SilentProxy,
}

impl Peer {
    /// Somebody who speaks to us in clear.
    pub fn in_clear(ip: IpAddr) -> Self {
        Self { ip, tls: None, via: Via::Direct }
    }

    /// Does the client speak TLS: with us, or with a proxy that is believed and says so?
    pub fn speaks_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// May passwords pass on this connection, and letters? Inside TLS, or where it never leaves this machine.
    pub fn is_private(&self) -> bool {
        self.speaks_tls() || (self.via == Via::Direct && self.ip.is_loopback())
    }
}
