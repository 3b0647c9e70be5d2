//! A recipient of a letter: as the envelope names it, and with the facts known about it.

use std::fmt;

use crate::account::AccountId;
use crate::{Address, Wishes};

/// One recipient of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The address on the envelope.
    pub address: Address,
    /// The wishes of its sender for reports about it.
    pub wishes: Wishes,
    /// The places that it leads to; `None` until the directory has been asked.
    pub leads: Option<Resolution>,
}

impl Recipient {
    /// Makes a recipient whose sender wants the reports that every sender gets.
    pub fn new(address: Address) -> Self {
        Self { address, wishes: Wishes::default(), leads: None }
    }
}

impl From<Address> for Recipient {
    fn from(address: Address) -> Self {
        Self::new(address)
    }
}

impl fmt::Display for Recipient {
    /// Returns the address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// The places that an address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It leads to these, each once. The list is never empty.
    Ours(Vec<Destination>),
    /// The domain is ours, and nobody has that address.
    Unknown,
    /// The domain is not ours.
    Elsewhere,
}

/// One place that an address of ours leads to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Destination {
    /// One of our people.
    Local {
        /// Their mailbox.
        account: AccountId,
        /// Their main address, for Delivered-To.
        address: Address,
        /// The text behind the `+`: perhaps a folder.
        detail: Option<String>,
    },
    /// Somebody elsewhere, through an alias.
    Remote(Address),
}
