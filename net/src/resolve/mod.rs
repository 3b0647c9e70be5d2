//! Where letters for a domain go, by the domain name system.

mod dns;
mod table;

use std::net::IpAddr;

use mail::Domain;
use mail::seam::Pending;

pub use dns::Dns;
pub use table::Table;

/// We could not find out; ask again later. The text is for the log and for `facteur queue show`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the domain name system gave no answer: {0}")]
pub struct DnsFault(pub String);

/// One host that takes letters for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Smaller is asked first.
    pub preference: u16,
    /// Its name, in lower case, without the last dot.
    pub host: String,
}

/// The hosts that take letters for a domain (RFC 5321 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MxAnswer {
    /// These, the smallest preference first; never empty. Those of one preference stand in random order.
    Hosts(Vec<Exchange>),
    /// The domain takes no mail (RFC 7505).
    Null,
    /// The domain is there and has no MX: its own addresses are asked.
    NoRecord,
    /// There is no such domain.
    NoSuchDomain,
}

/// The addresses of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressAnswer {
    /// These; never empty. IPv6 and IPv4 take turns.
    Addresses(Vec<IpAddr>),
    /// The name is there and has no address.
    NoRecord,
    /// There is no such name.
    NoSuchDomain,
}

/// One host that offers a service for a domain (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Smaller is asked first.
    pub priority: u16,
    /// Among those of one priority, larger is asked more often.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// Its name, in lower case, without the last dot; empty where the domain says that it does not offer the service.
    pub host: String,
}

/// Asks for MX, SRV and address records.
pub trait Resolver: Send + Sync {
    /// Finds the hosts that take letters for `domain`.
    fn mx<'a>(&'a self, domain: &'a Domain) -> Pending<'a, Result<MxAnswer, DnsFault>>;

    /// Finds the hosts that offer a service, such as `_imaps._tcp.example.org` (RFC 6186): the smallest priority first, and
    /// the largest weight first among those. Nobody is asked where a resolver does not know such records.
    fn services<'a>(&'a self, name: &'a str) -> Pending<'a, Result<Vec<Service>, DnsFault>> {
        let _ = name;
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The addresses of `host`; those of an IP address are itself.
    fn addresses<'a>(&'a self, host: &'a str) -> Pending<'a, Result<AddressAnswer, DnsFault>>;
}
