//! Who asks.

use std::net::IpAddr;
use std::sync::Arc;

/// The other end of the connection that a request came on: an extension of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address. IPv4 in IPv6 is shown as IPv4.
    pub ip: IpAddr,
    /// Version and cipher of TLS; none in clear.
    pub tls: Option<Arc<str>>,
}

impl Peer {
    /// May passwords pass on this connection? Inside TLS, or where it never leaves this machine, behind a proxy that
    /// does TLS for us.
    pub fn is_private(&self) -> bool {
        self.tls.is_some() || self.ip.is_loopback()
    }
}
