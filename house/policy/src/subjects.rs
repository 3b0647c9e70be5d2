//! Values by subject, with the subjects that fit somebody: a few look-ups, one for each label of a domain, and one for each
//! length of a network that is in use.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;
use mail::allowance::Sender;
use mail::{Address, Domain};

use crate::Subject;
use crate::subject::folded;

/// Values by subject.
#[derive(Debug)]
pub(crate) struct Subjects<T> {
    values: HashMap<Subject, T>,
    /// The lengths of the networks of IPv4 and of IPv6 that are there.
    lengths: [BTreeSet<u8>; 2],
}

impl<T> Default for Subjects<T> {
    fn default() -> Self {
        Self { values: HashMap::new(), lengths: Default::default() }
    }
}

impl<T> Subjects<T> {
    pub fn add(&mut self, subject: Subject, value: T) {
        self.note_length(&subject);
        self.values.insert(subject, value);
    }

    fn note_length(&mut self, subject: &Subject) {
        if let Subject::Network(network) = subject {
            self.lengths[usize::from(network.addr().is_ipv6())].insert(network.prefix_len());
        }
    }

    /// Returns the value of a subject, which is made if there is none.
    pub fn or_default(&mut self, subject: Subject) -> &mut T
    where
        T: Default,
    {
        self.note_length(&subject);
        self.values.entry(subject).or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn contains(&self, subject: &Subject) -> bool {
        self.values.contains_key(subject)
    }

    pub fn get(&self, subject: &Subject) -> Option<(&Subject, &T)> {
        self.values.get_key_value(subject)
    }

    /// Returns the values of the networks around an address, the narrowest first.
    pub fn of_network(&self, ip: IpAddr) -> impl Iterator<Item = (&Subject, &T)> {
        let ip = ip.to_canonical();
        let lengths = self.lengths[usize::from(ip.is_ipv6())].iter().rev();
        lengths.filter_map(move |length| self.get(&Subject::Network(IpNet::new(ip, *length).ok()?.trunc())))
    }

    /// Returns the values of an address and of the domains above it, the narrowest first.
    pub fn of_address(&self, address: &Address) -> impl Iterator<Item = (&Subject, &T)> {
        let address = (!self.is_empty()).then(|| address.clone());
        let subjects = address.into_iter().flat_map(|address| {
            let domains: Vec<Subject> = and_above(address.domain()).map(Subject::Domain).collect();
            std::iter::once(Subject::Address(folded(&address))).chain(domains)
        });
        subjects.filter_map(|subject| self.get(&subject))
    }

    /// Returns all values that fit somebody, each once.
    pub fn fitting(&self, sender: Sender<'_>) -> Vec<(&Subject, &T)> {
        let networks = sender.ip.into_iter().flat_map(|ip| self.of_network(ip));
        let addresses = sender.addresses.into_iter().flatten().flat_map(|address| self.of_address(address));
        let mut found: Vec<(&Subject, &T)> = Vec::new();
        for (subject, value) in networks.chain(addresses) {
            if !found.iter().any(|(known, _)| *known == subject) {
                found.push((subject, value));
            }
        }
        found
    }
}

/// Returns a domain and each domain above it, the narrowest first: `a.b.test`, `b.test`, `test`.
fn and_above(domain: &Domain) -> impl Iterator<Item = Domain> {
    let whole = domain.as_str();
    let starts = std::iter::once(0).chain(whole.match_indices('.').map(|(dot, _)| dot + 1));
    starts.filter_map(move |start| Domain::parse(whole.get(start..)?).ok())
}
