//! Answers from a table: for tests, and for an office without a network.

use std::collections::HashMap;
use std::net::IpAddr;

use mail::Domain;
use mail::seam::Pending;

use super::{AddressAnswer, DnsFault, MxAnswer, Resolver, Service};

/// A resolver that knows what it was told. What it was not told does not exist.
#[derive(Clone, Debug, Default)]
pub struct Table {
    mx: HashMap<String, Result<MxAnswer, DnsFault>>,
    addresses: HashMap<String, Result<AddressAnswer, DnsFault>>,
    services: HashMap<String, Result<Vec<Service>, DnsFault>>,
}

impl Table {
    /// Makes an empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers questions for the MX of `domain`.
    pub fn mx(mut self, domain: &str, answer: Result<MxAnswer, DnsFault>) -> Self {
        self.mx.insert(domain.to_ascii_lowercase(), answer);
        self
    }

    /// Answers questions for who offers the service `name`.
    pub fn services(mut self, name: &str, answer: Result<Vec<Service>, DnsFault>) -> Self {
        self.services.insert(name.to_ascii_lowercase(), answer);
        self
    }

    /// Answers questions for the addresses of `host`.
    pub fn addresses(mut self, host: &str, answer: Result<AddressAnswer, DnsFault>) -> Self {
        self.addresses.insert(host.to_ascii_lowercase(), answer);
        self
    }
}

impl Resolver for Table {
    fn mx<'a>(&'a self, domain: &'a Domain) -> Pending<'a, Result<MxAnswer, DnsFault>> {
        let unknown =
            if self.addresses.contains_key(domain.as_str()) { MxAnswer::NoRecord } else { MxAnswer::NoSuchDomain };
        let answer = self.mx.get(domain.as_str()).cloned().unwrap_or(Ok(unknown));
        Box::pin(async { answer })
    }

    fn services<'a>(&'a self, name: &'a str) -> Pending<'a, Result<Vec<Service>, DnsFault>> {
        let answer = self.services.get(&name.to_ascii_lowercase()).cloned().unwrap_or(Ok(Vec::new()));
        Box::pin(async { answer })
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Pending<'a, Result<AddressAnswer, DnsFault>> {
        let answer = match host.parse::<IpAddr>() {
            Ok(ip) => Ok(AddressAnswer::Addresses(vec![ip])),
            Err(_) => {
                self.addresses.get(&host.to_ascii_lowercase()).cloned().unwrap_or(Ok(AddressAnswer::NoSuchDomain))
            }
        };
        Box::pin(async { answer })
    }
}
