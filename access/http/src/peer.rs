//! Who asks.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;

/// The other end of the connection that a request came on: an extension of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address. IPv4 in IPv6 is shown as IPv4.
    pub ip: IpAddr,
    /// Version and cipher of TLS; none in clear.
    pub tls: Option<Arc<str>>,
}

impl Peer {
    /// Does the client speak TLS: with us, or with a proxy on this machine that says so? What others say in that header
    /// means nothing.
    pub fn speaks_tls(&self, headers: &HeaderMap) -> bool {
        let proxied = || headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        self.tls.is_some() || (self.ip.is_loopback() && proxied())
    }

    /// May passwords pass on this connection? Inside TLS, or where it never leaves this machine, behind a proxy that
    /// does TLS for us.
    pub fn is_private(&self) -> bool {
        self.tls.is_some() || self.ip.is_loopback()
    }
}
