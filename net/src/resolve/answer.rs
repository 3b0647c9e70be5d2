//! What the domain name system says.

use std::net::IpAddr;

/// What the domain name system says about a name. That it could not say is no answer: see [`DnsFault`](super::DnsFault).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// What was asked for, never empty, and whether somebody whom we trust has validated it.
    Records(T, Validation),
    /// The name is there, and has no such record.
    NoRecord,
    /// There is no such name.
    NoSuchDomain,
}

/// Has a name server that we trust proved by DNSSEC that the records are those of their owner?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// It has, for the whole way from the name that was asked for.
    Validated,
    /// It has not, or nobody whom we trust has said so.
    Unvalidated,
}

impl<T> Answer<T> {
    /// Records that nobody has validated.
    pub fn found(records: T) -> Self {
        Self::Records(records, Validation::Unvalidated)
    }

    /// The records; none where there are none.
    pub fn records(self) -> Option<T> {
        match self {
            Self::Records(records, _) => Some(records),
            Self::NoRecord | Self::NoSuchDomain => None,
        }
    }

    /// Are there records, and were they validated?
    pub fn is_validated(&self) -> bool {
        matches!(self, Self::Records(_, Validation::Validated))
    }

    /// The records read another way. Where none of them can be read so, there is no such record.
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

/// The addresses of a host: IPv6 and IPv4 take turns.
pub type AddressAnswer = Answer<Vec<IpAddr>>;

/// Which hosts take letters for a domain (RFC 5321 §5.1).
pub type MxAnswer = Answer<Exchanges>;

/// What the MX records of a domain say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchanges {
    /// These hosts take its letters, the smallest preference first; never empty. Those of one preference stand in random
    /// order.
    Hosts(Vec<Exchange>),
    /// The domain takes no mail (RFC 7505).
    Null,
}

/// One host that takes letters for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Smaller is asked first.
    pub preference: u16,
    /// Its name, in lower case, without the last dot.
    pub host: String,
}

impl MxAnswer {
    /// These hosts, which nobody has validated.
    pub fn hosts(hosts: Vec<Exchange>) -> Self {
        Self::found(Exchanges::Hosts(hosts))
    }

    /// The domain takes no mail, which nobody has validated.
    pub fn null() -> Self {
        Self::found(Exchanges::Null)
    }
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

/// What a certificate must fit that is shown at a place (RFC 6698 §2.1). All numbers are as they were published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlsa {
    /// Which certificate of the chain is meant: of mail servers, 2 (an authority) or 3 (the server itself).
    pub usage: u8,
    /// What of it is compared: 0 all of it, 1 its public key.
    pub selector: u8,
    /// How it is compared: 0 as it is, 1 by its SHA-256, 2 by its SHA-512.
    pub matching: u8,
    /// What it is compared with.
    pub data: Vec<u8>,
}
