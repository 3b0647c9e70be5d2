//! The one that a rule is about: an address, a domain, a network, or the name that a client introduces itself with.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use mail::{Address, Domain};

/// The longest name of a client, in octets: that of a domain.
const LONGEST_HELLO: usize = Domain::MAX;

/// The one that a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// One address, `eve@evil.test`. Its local part is in lower case.
    Address(Address),
    /// A domain with all below it: `evil.test`, or `.evil.test` in other programs.
    Domain(Domain),
    /// A network: `192.0.2.0/24`, `2001:db8::/32`, or one address of a machine.
    Network(IpNet),
    /// The name that a client introduces itself with, in lower case: `hello:mail.evil.test`. A `*.` at its beginning stands
    /// for all names below.
    Hello(String),
}

/// The text is no subject of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rule is about an address (eve@evil.test), a domain (evil.test), a network (192.0.2.0/24) or hello:NAME")]
pub struct SubjectError;

impl Subject {
    /// Returns the kind of the subject in one word: `address`, `domain`, `network` or `hello`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Domain(_) => "domain",
            Self::Network(_) => "network",
            Self::Hello(_) => "hello",
        }
    }
}

/// An address whose local part is in lower case, so that the case of an address does not let anybody through.
pub(crate) fn folded(address: &Address) -> Address {
    Address::new(&address.local().to_lowercase(), address.domain().clone()).unwrap_or_else(|_| address.clone())
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let text = text.trim();
        if let Some(name) = text.strip_prefix("hello:") {
            return hello(name);
        }
        if let Some(network) = network(text) {
            return Ok(Self::Network(network));
        }
        if text.contains('@') {
            // `@evil.test` is a whole domain to Postfix.
            return match text.strip_prefix('@') {
                Some(domain) => Ok(Self::Domain(named(domain)?)),
                None => Address::parse(text).map(|address| Self::Address(folded(&address))).map_err(|_| SubjectError),
            };
        }
        Ok(Self::Domain(named(text.strip_prefix('.').unwrap_or(text))?))
    }
}

fn named(domain: &str) -> Result<Domain, SubjectError> {
    Domain::parse(domain).ok().filter(|domain| !domain.is_literal()).ok_or(SubjectError)
}

fn hello(name: &str) -> Result<Subject, SubjectError> {
    let name = name.to_lowercase();
    let sane = !name.is_empty() && name.len() <= LONGEST_HELLO && name.chars().all(|c| c.is_ascii_graphic());
    if sane { Ok(Subject::Hello(name)) } else { Err(SubjectError) }
}

/// Reads a network; octets behind its length are cleared, and IPv4 inside IPv6 is IPv4.
fn network(text: &str) -> Option<IpNet> {
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match text.parse::<IpNet>() {
        Ok(network) => Some(network.trunc()),
        Err(_) => text.parse::<IpAddr>().ok().map(|ip| IpNet::from(ip.to_canonical())),
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Domain(domain) => domain.fmt(f),
            Self::Network(network) if network.prefix_len() == network.max_prefix_len() => network.addr().fmt(f),
            Self::Network(network) => network.fmt(f),
            Self::Hello(name) => write!(f, "hello:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_an_administrator_writes_it_and_shown_in_one_form() {
        for (text, shown, kind) in [
            ("Eve@Evil.test", "eve@evil.test", "address"),
            ("EVIL.test", "evil.test", "domain"),
            (".evil.test", "evil.test", "domain"),
            ("@evil.test", "evil.test", "domain"),
            ("bücher.test", "xn--bcher-kva.test", "domain"),
            ("192.0.2.7/24", "192.0.2.0/24", "network"),
            ("192.0.2.7", "192.0.2.7", "network"),
            ("[2001:db8::1]", "2001:db8::1", "network"),
            ("2001:db8::1/32", "2001:db8::/32", "network"),
            ("::ffff:192.0.2.7", "192.0.2.7", "network"),
            ("hello:YLMF-PC", "hello:ylmf-pc", "hello"),
            ("hello:*.dyn.test", "hello:*.dyn.test", "hello"),
        ] {
            let subject: Subject = text.parse().unwrap();
            assert_eq!((subject.to_string().as_str(), subject.kind()), (shown, kind), "{text}");
            assert_eq!(subject.to_string().parse(), Ok(subject), "{text} goes round");
        }
    }

    #[test]
    fn what_is_no_subject_is_refused() {
        let long = format!("hello:{}", "x".repeat(300));
        for bad in ["", "@", "a b", "hello:", "hello:a b", "hello:é", "192.0.2.0/33", "a@b@c", "[192.0.2", &long] {
            assert_eq!(bad.parse::<Subject>(), Err(SubjectError), "{bad}");
        }
    }
}
