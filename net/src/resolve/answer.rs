//! The answers of the domain name system.

use std::net::IpAddr;

/// The answer of the domain name system about a name. A fault is no answer: see [`DnsFault`](super::DnsFault).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// The records that were asked for, never empty, and the statement whether somebody whom we trust has validated
    /// them.
    Records(T, Validation),
    /// The name exists, and has no such record.
    NoRecord,
    /// There is no such name.
    NoSuchDomain,
}

/// States whether a name server that we trust has proved by DNSSEC that the records are those of their owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// It has proved it, for the whole chain from the name that was asked for.
    Validated,
    /// It has not proved it, or nobody whom we trust has said so.
    Unvalidated,
}

impl<T> Answer<T> {
    /// Makes an answer of records that nobody has validated.
    pub fn found(records: T) -> Self {
        Self::Records(records, Validation::Unvalidated)
    }

    /// Returns the records; an empty list if there are none.
    pub fn records(self) -> Option<T> {
        match self {
            Self::Records(records, _) => Some(records),
            Self::NoRecord | Self::NoSuchDomain => None,
        }
    }

    /// Returns true if there are records and they were validated.
    pub fn is_validated(&self) -> bool {
        matches!(self, Self::Records(_, Validation::Validated))
    }

    /// Reads the records in another way. If none of them can be read so, there is no such record.
    pub(super) fn read<U>(self, read: impl FnOnce(T) -> Option<U>) -> Answer<U> {
        match self {
            Self::Records(records, validation) => {
                read(records).map_or(Answer::NoRecord, |records| Answer::Records(records, validation))
            }
            Self::NoRecord => Answer::NoRecord,
            Self::NoSuchDomain => Answer::NoSuchDomain,
        }
    }
}

/// The addresses of a host: IPv6 and IPv4 alternate.
pub type AddressAnswer = Answer<Vec<IpAddr>>;

/// The hosts that take letters for a domain (RFC 5321 §5.1).
pub type MxAnswer = Answer<Exchanges>;

/// The statement of the MX records of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchanges {
    /// These hosts take its letters, the smallest preference first; never empty. Those of one preference stand in
    /// random order.
    Hosts(Vec<Exchange>),
    /// The domain takes no mail (RFC 7505).
    Null,
}

/// One host that takes letters for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Senders try the host with the smaller number first.
    pub preference: u16,
    /// Its name, in lower case, without the last dot.
    pub host: String,
}

impl MxAnswer {
    /// Makes an answer of these hosts, which nobody has validated.
    pub fn hosts(hosts: Vec<Exchange>) -> Self {
        Self::found(Exchanges::Hosts(hosts))
    }

    /// Makes the answer that the domain takes no mail, which nobody has validated.
    pub fn null() -> Self {
        Self::found(Exchanges::Null)
    }
}

/// One host that offers a service for a domain (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Clients try the host with the smaller number first.
    pub priority: u16,
    /// Among hosts of one priority, clients ask one with a larger number more often.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// Its name, in lower case, without the last dot; empty where the domain says that it does not offer the service.
    pub host: String,
}

/// The record that the certificate of a place must fit (RFC 6698 §2.1). All numbers are as they were published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlsa {
    /// The certificate of the chain that is meant: for mail servers, 2 (an authority) or 3 (the server itself).
    pub usage: u8,
    /// The part of it that is compared: 0 is the whole certificate, 1 is its public key.
    pub selector: u8,
    /// The form that is compared: 0 is the part itself, 1 is its SHA-256, 2 is its SHA-512.
    pub matching: u8,
    /// The octets that it is compared with.
    pub data: Vec<u8>,
}
