//! The seam between the code that makes a letter ready to leave and the keys of the domain that it is from.

use std::fmt;

use crate::{Finding, Timestamp};

/// Signs letters that leave (RFC 6376). `Debug` shows no key.
pub trait Sign: fmt::Debug + Send + Sync {
    /// Signs a letter of which no octet changes any more. It never fails: a letter that cannot be signed leaves without a
    /// signature, and the findings say why.
    ///
    /// It computes for a millisecond, and longer for a large letter: call it where a thread may compute.
    fn sign(&self, letter: &[u8], now: Timestamp) -> Signed;
}

/// The signatures of a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// Whole fields with their line ends, to be put before the letter. Empty if the letter is not signed.
    pub fields: String,
    /// The facts for the history of the letter. There are none about a letter that is from nobody here.
    pub findings: Vec<Finding>,
}

/// Signs nothing, for callers that have no keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unsigned;

impl Sign for Unsigned {
    fn sign(&self, _: &[u8], _: Timestamp) -> Signed {
        Signed::default()
    }
}
