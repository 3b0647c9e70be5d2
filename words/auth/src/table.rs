//! Answers from a table: for tests, and for programs that ask nobody.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::dns::{Answer, Asked, Dns, Later};

/// A domain name system that knows only its table. A name that is not in it does not exist, and a name about which
/// nobody can say anything is one of those given to [`Self::silent`].
#[derive(Clone, Debug, Default)]
pub struct Table {
    names: HashMap<String, Records>,
    silent: HashSet<String>,
    addresses: HashMap<IpAddr, Vec<String>>,
}

#[derive(Clone, Debug, Default)]
struct Records {
    txt: Vec<Vec<u8>>,
    ipv4: Vec<Ipv4Addr>,
    ipv6: Vec<Ipv6Addr>,
    mx: Vec<String>,
}

impl Table {
    /// Makes an empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text of a name.
    #[must_use]
    pub fn txt(mut self, name: &str, text: impl Into<Vec<u8>>) -> Self {
        self.at(name).txt.push(text.into());
        self
    }

    /// Adds an address of a host.
    #[must_use]
    pub fn host(mut self, name: &str, ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => self.at(name).ipv4.push(ip),
            IpAddr::V6(ip) => self.at(name).ipv6.push(ip),
        }
        self
    }

    /// Adds a host that takes letters for a domain, behind those that are there.
    #[must_use]
    pub fn mx(mut self, domain: &str, host: &str) -> Self {
        let host = key(host);
        self.at(domain).mx.push(host);
        self
    }

    /// Adds a name of an address.
    #[must_use]
    pub fn ptr(mut self, ip: IpAddr, name: &str) -> Self {
        self.addresses.entry(ip).or_default().push(key(name));
        self
    }

    /// Adds a name that exists, and has no records of any kind unless they are added.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.at(name);
        self
    }

    /// Makes a name one about which nobody can say anything.
    #[must_use]
    pub fn silent(mut self, name: &str) -> Self {
        self.silent.insert(key(name));
        self
    }

    fn at(&mut self, name: &str) -> &mut Records {
        self.names.entry(key(name)).or_default()
    }

    fn look_up<'a, T>(&self, name: &str, pick: impl Fn(&Records) -> &Vec<T>) -> Asked<'a, Vec<T>>
    where
        T: Clone + Send + 'a,
    {
        let name = key(name);
        let answer = if self.silent.contains(&name) {
            Err(Later)
        } else {
            Ok(self.names.get(&name).map_or(Answer::NoSuchDomain, |records| found(pick(records))))
        };
        Box::pin(async move { answer })
    }
}

fn found<T: Clone>(records: &[T]) -> Answer<Vec<T>> {
    if records.is_empty() { Answer::NoRecord } else { Answer::Records(records.to_vec()) }
}

fn key(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl Dns for Table {
    fn txt<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Vec<u8>>> {
        self.look_up(name, |records| &records.txt)
    }

    fn ipv4<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv4Addr>> {
        self.look_up(host, |records| &records.ipv4)
    }

    fn ipv6<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv6Addr>> {
        self.look_up(host, |records| &records.ipv6)
    }

    fn mx<'a>(&'a self, domain: &'a str) -> Asked<'a, Vec<String>> {
        self.look_up(domain, |records| &records.mx)
    }

    fn ptr(&self, ip: IpAddr) -> Asked<'_, Vec<String>> {
        let answer = self.addresses.get(&ip).map_or(Answer::NoSuchDomain, |names| found(names));
        Box::pin(async move { Ok(answer) })
    }
}
