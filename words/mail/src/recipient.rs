//! A recipient of a letter: as the envelope names it, and with the facts known about it.

use std::fmt;

use crate::Address;
use crate::account::AccountId;

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

/// The wishes of the sender of a letter for reports about one recipient (RFC 3461 §4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `NOTIFY=`: the events that the sender wants reports of. `None`: the usual ones, a failure and perhaps a delay.
    pub notify: Option<Notify>,
    /// `ORCPT=`: the recipient that the letter was first sent to.
    pub original: Option<OriginalRecipient>,
}

/// The events that the sender wants reports of (RFC 3461 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// `NEVER`
    Never,
    /// One of these at least.
    On {
        /// `SUCCESS`
        success: bool,
        /// `FAILURE`
        failure: bool,
        /// `DELAY`
        delay: bool,
    },
}

/// The recipient that a letter was first sent to (RFC 3461 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRecipient {
    /// The kind of address: `rfc822`, `utf-8`.
    pub kind: String,
    /// The address, decoded. Any text: it may be of another mail system.
    pub address: String,
}
