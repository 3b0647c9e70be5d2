//! The stage where letters are looked at before they are filed: checks, spam, Sieve.

use mail::seam::{OurFault, Pending, Verdict};
use mail::{Envelope, Letter};
use mailbox::System;

use crate::Recipient;

/// A letter on its way to one of our people.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The letter.
    pub letter: &'a Letter,
    /// With whom it came.
    pub envelope: &'a Envelope,
    /// To whom it goes.
    pub recipient: &'a Recipient,
}

/// Where and how a letter is going to be filed. Each filter may change it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// The folder, by name, whatever its case; INBOX where there is none of that name.
    pub folder: Option<String>,
    /// Flags it has from the start.
    pub flags: System,
    /// Keywords it has from the start.
    pub keywords: Vec<String>,
}

/// Looks at letters. Runs before the transaction, so it may take its time and ask others.
pub trait Filter: Send + Sync {
    /// Looks at one letter for one person, and accepts it, perhaps with another placement, or refuses it.
    fn judge<'a>(&'a self, case: Case<'a>, placement: &'a mut Placement) -> Pending<'a, Result<Verdict, OurFault>>;
}
