//! The questions that the methods ask the domain name system.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;

/// The answer about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// The records that were asked for; there is at least one.
    Records(T),
    /// The name exists, and has no such record.
    NoRecord,
    /// There is no such name (NXDOMAIN).
    NoSuchDomain,
}

impl<T> Answer<T> {
    /// Returns the records, if there are any.
    pub fn records(self) -> Option<T> {
        match self {
            Self::Records(records) => Some(records),
            Self::NoRecord | Self::NoSuchDomain => None,
        }
    }
}

/// Nobody could say; ask again later (SERVFAIL, no answer in time, or a bound on questions was reached).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later;

/// The outcome of a question.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<Answer<T>, Later>> + Send + 'a>>;

/// Asks the domain name system. Names are written in ASCII (A-labels), in any case, with or without their last dot; the
/// names in answers are in lower case and without it. Aliases (CNAME) are followed.
pub trait Dns: Send + Sync {
    /// Finds the texts of a name. The strings of each record are joined without anything between them (RFC 7208 §3.3,
    /// RFC 6376 §3.6.2.2), and are any octets.
    fn txt<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Vec<u8>>>;

    /// Finds the IPv4 addresses of a host.
    fn ipv4<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv4Addr>>;

    /// Finds the IPv6 addresses of a host.
    fn ipv6<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv6Addr>>;

    /// Finds the names of the hosts that take letters for a domain, the most preferred first. A null MX (RFC 7505) is
    /// one name that is empty.
    fn mx<'a>(&'a self, domain: &'a str) -> Asked<'a, Vec<String>>;

    /// Finds the names of an address. Anybody can claim any name so.
    fn ptr(&self, ip: IpAddr) -> Asked<'_, Vec<String>>;
}
