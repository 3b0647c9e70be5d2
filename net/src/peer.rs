//! The peer at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A host, perhaps this one, over TCP.
    Net(SocketAddr),
    /// A program on this machine, over a Unix socket. It has no address.
    Unix,
}

impl Peer {
    /// Returns the peer of a host that has come over TCP. A host of IPv4 is the same host, whichever family the door
    /// speaks (RFC 4291 §2.5.5.2).
    pub fn at(address: SocketAddr) -> Self {
        Self::Net(SocketAddr::new(address.ip().to_canonical(), address.port()))
    }

    /// Returns the address of its host. A Unix socket leads only to this machine: 127.0.0.1.
    pub fn ip(&self) -> IpAddr {
        match self {
            Self::Net(address) => address.ip().to_canonical(),
            Self::Unix => IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}

/// Address and port, or `unix socket`.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(address) => SocketAddr::new(address.ip().to_canonical(), address.port()).fmt(f),
            Self::Unix => f.write_str("unix socket"),
        }
    }
}
