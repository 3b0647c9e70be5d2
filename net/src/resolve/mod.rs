//! Questions to the domain name system: for the hosts that take a domain's letters, for the texts that a domain
//! publishes, and for the names of an address.
//!
//! - `answer`: the answers: records, no records, or no such name.
//! - `authentication`: asks for SPF, DKIM and DMARC.
//! - `dns`: asks name servers.
//! - `lookups`: asks for one letter, within bounds.
//! - `table`: answers from a table, without asking anybody.

mod answer;
mod authentication;
mod dns;
mod lookups;
mod table;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mail::Domain;
use mail::seam::Pending;

pub use answer::{AddressAnswer, Answer, Exchange, Exchanges, MxAnswer, Service, Tlsa, Validation};
pub use dns::Dns;
pub use lookups::Lookups;
pub use table::Table;

/// We could not find out; ask again later. The text is for the log and for `facteur queue show`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the domain name system gave no answer: {0}")]
pub struct DnsFault(pub String);

/// The outcome of a question: an answer, or a fault after which it should be asked again later.
pub type Asked<'a, T> = Pending<'a, Result<Answer<T>, DnsFault>>;

/// Asks the domain name system. Names may be written in any case and with or without their last dot; the names in
/// answers are in lower case and without it. Aliases (CNAME) are followed.
///
/// A question that a resolver cannot ask is a fault, and never "none".
pub trait Resolver: Send + Sync {
    /// Finds the hosts that take letters for `domain`.
    fn mx<'a>(&'a self, domain: &'a Domain) -> Asked<'a, Exchanges>;

    /// Finds the addresses of `host`; the address of an IP address is itself.
    fn addresses<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<IpAddr>>;

    /// Finds the IPv4 addresses of `host`.
    fn ipv4<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv4Addr>> {
        of_family(self.addresses(host), |ip| match ip {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        })
    }

    /// Finds the IPv6 addresses of `host`.
    fn ipv6<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv6Addr>> {
        of_family(self.addresses(host), |ip| match ip {
            IpAddr::V4(_) => None,
            IpAddr::V6(ip) => Some(ip),
        })
    }

    /// Finds the hosts that offer a service, such as `_imaps._tcp.example.org` (RFC 6186): the smallest priority first,
    /// and the largest weight first among those.
    fn services<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Service>> {
        never_asked("SRV", name)
    }

    /// Finds the texts of a name. The strings of each record are joined without anything between them (RFC 7208 §3.3,
    /// RFC 6376 §3.6.2.2), and are any octets.
    fn txt<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Vec<u8>>> {
        never_asked("TXT", name)
    }

    /// Finds the names of an address. Anybody can claim any name so: ask for its addresses before you believe one.
    fn ptr(&self, ip: IpAddr) -> Asked<'_, Vec<String>> {
        never_asked("PTR", ip)
    }

    /// Finds the records that the certificate of a place, such as `_25._tcp.mail.example.org`, must fit (RFC 7672 §3).
    /// A caller must not believe unvalidated records.
    fn tlsa<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Tlsa>> {
        never_asked("TLSA", name)
    }
}

/// Keeps the addresses of one family; a host without any has no such record.
fn of_family<'a, T: Send + 'a>(asked: Asked<'a, Vec<IpAddr>>, pick: fn(IpAddr) -> Option<T>) -> Asked<'a, Vec<T>> {
    Box::pin(async move {
        let answer = asked.await?;
        Ok(answer.read(|all| {
            let picked: Vec<T> = all.into_iter().filter_map(pick).collect();
            (!picked.is_empty()).then_some(picked)
        }))
    })
}

fn never_asked<'a, T: Send + 'a>(kind: &str, name: impl std::fmt::Display) -> Asked<'a, T> {
    let fault = DnsFault(format!("nobody is asked for the {kind} records of {name}"));
    Box::pin(async { Err(fault) })
}
