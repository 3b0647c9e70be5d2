//! Answers from a table: for tests, and for an office without a network.

use std::collections::HashMap;
use std::net::IpAddr;

use mail::Domain;

use super::{AddressAnswer, Answer, Asked, DnsFault, Exchanges, MxAnswer, Resolver, Service, Tlsa};

type Answers<T> = HashMap<String, Result<Answer<T>, DnsFault>>;

/// A resolver that knows only its table. A name that is not in it does not exist.
#[derive(Clone, Debug, Default)]
pub struct Table {
    mx: Answers<Exchanges>,
    addresses: Answers<Vec<IpAddr>>,
    services: Answers<Vec<Service>>,
    txt: Answers<Vec<Vec<u8>>>,
    ptr: HashMap<IpAddr, Result<Answer<Vec<String>>, DnsFault>>,
    tlsa: Answers<Vec<Tlsa>>,
}

impl Table {
    /// Makes an empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers questions for the MX of `domain`.
    pub fn mx(mut self, domain: &str, answer: Result<MxAnswer, DnsFault>) -> Self {
        self.mx.insert(key(domain), answer);
        self
    }

    /// Answers questions for the addresses of `host`.
    pub fn addresses(mut self, host: &str, answer: Result<AddressAnswer, DnsFault>) -> Self {
        self.addresses.insert(key(host), answer);
        self
    }

    /// Answers questions for the hosts that offer the service `name`.
    pub fn services(mut self, name: &str, answer: Result<Answer<Vec<Service>>, DnsFault>) -> Self {
        self.services.insert(key(name), answer);
        self
    }

    /// Answers questions for the texts of `name`.
    pub fn txt(mut self, name: &str, answer: Result<Answer<Vec<Vec<u8>>>, DnsFault>) -> Self {
        self.txt.insert(key(name), answer);
        self
    }

    /// Answers questions for the names of an address.
    pub fn ptr(mut self, ip: IpAddr, answer: Result<Answer<Vec<String>>, DnsFault>) -> Self {
        self.ptr.insert(ip, answer);
        self
    }

    /// Answers questions for the records that the certificate of the place `name` must fit.
    pub fn tlsa(mut self, name: &str, answer: Result<Answer<Vec<Tlsa>>, DnsFault>) -> Self {
        self.tlsa.insert(key(name), answer);
        self
    }
}

fn key(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn look_up<'a, T: Clone + Send + 'a>(answers: &Answers<T>, name: &str) -> Asked<'a, T> {
    let answer = answers.get(&key(name)).cloned().unwrap_or(Ok(Answer::NoSuchDomain));
    Box::pin(async { answer })
}

impl Resolver for Table {
    fn mx<'a>(&'a self, domain: &'a Domain) -> Asked<'a, Exchanges> {
        if !self.mx.contains_key(domain.as_str()) && self.addresses.contains_key(domain.as_str()) {
            return Box::pin(async { Ok(Answer::NoRecord) });
        }
        look_up(&self.mx, domain.as_str())
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<IpAddr>> {
        match host.parse::<IpAddr>() {
            Ok(ip) => Box::pin(async move { Ok(Answer::found(vec![ip])) }),
            Err(_) => look_up(&self.addresses, host),
        }
    }

    fn services<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Service>> {
        look_up(&self.services, name)
    }

    fn txt<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Vec<u8>>> {
        look_up(&self.txt, name)
    }

    fn ptr(&self, ip: IpAddr) -> Asked<'_, Vec<String>> {
        let answer = self.ptr.get(&ip).cloned().unwrap_or(Ok(Answer::NoSuchDomain));
        Box::pin(async { answer })
    }

    fn tlsa<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Tlsa>> {
        look_up(&self.tlsa, name)
    }
}
