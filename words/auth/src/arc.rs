//! The chain of those who forwarded a letter (RFC 8617): each writes down what it found out about the letter, and seals
//! that together with all that stands there already. Chains are verified, and never written.
//!
//! The chain is found in the pass of [`crate::dkim::Verifier`].

mod collected;
mod set;
#[cfg(test)]
mod tests;

pub(crate) use collected::Collected;

use crate::results::Results;

/// The result of a chain (RFC 8617 §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChainResult {
    /// The letter has no chain.
    None,
    /// Every seal fits, and the letter is the one that the last of them sealed.
    Pass,
    /// The chain is broken, and proves nothing.
    Fail,
    /// A key could not be found out now.
    TempError,
}

impl ChainResult {
    /// Returns the word of the registry of RFC 8601; `temperror` is used as for other methods.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
        }
    }
}

/// The reason of the result of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChainReason {
    /// There is no chain.
    NoChain,
    /// The chain fits.
    Valid,
    /// The last forwarder says that the chain was broken when the letter came to it (`cv=fail`).
    SaidBroken,
    /// A field of a set is missing or there twice, or a set is missing.
    Incomplete,
    /// There are more sets, or more octets in them, than are looked at.
    TooLong,
    /// A field cannot be read, or breaks a rule.
    Malformed,
    /// The letter is not the one that the last forwarder sealed.
    LetterChanged,
    /// A seal does not fit what stands before it.
    SealBroken,
    /// A forwarder publishes no key that proves anything.
    NoKey,
    /// The domain name system could not say.
    NoAnswer,
}

impl ChainReason {
    /// Returns the code for machines. The words for it are in `mail::finding`.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoChain => "arc-none",
            Self::Valid => "arc-valid",
            Self::SaidBroken => "arc-said-broken",
            Self::Incomplete => "arc-incomplete",
            Self::TooLong => "arc-too-long",
            Self::Malformed => "arc-malformed",
            Self::LetterChanged => "arc-letter-changed",
            Self::SealBroken => "arc-seal-broken",
            Self::NoKey => "arc-no-key",
            Self::NoAnswer => "arc-no-answer",
        }
    }

    /// Returns the result that follows.
    pub fn result(self) -> ChainResult {
        match self {
            Self::NoChain => ChainResult::None,
            Self::Valid => ChainResult::Pass,
            Self::NoAnswer => ChainResult::TempError,
            _ => ChainResult::Fail,
        }
    }
}

/// The verdict on the chain of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The result.
    pub result: ChainResult,
    /// The reason of the result.
    pub reason: ChainReason,
    /// The instance whose fields are at fault, if they are those of one.
    pub at: Option<u32>,
    /// The forwarders, the first one first. Unless the chain passes, anybody may have written what they state.
    pub seals: Vec<Seal>,
}

/// The statement of a forwarder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The number of the forwarder in the chain, from 1.
    pub instance: u32,
    /// The domain that sealed (`d=`), in lower case and A-labels; empty if it cannot be read.
    pub domain: String,
    /// The name of its key (`s=`).
    pub selector: String,
    /// Its findings about the letter when it came to it; `None` if that cannot be read.
    pub results: Option<Results>,
}

impl Chain {
    fn new(reason: ChainReason, at: Option<u32>, seals: Vec<Seal>) -> Self {
        Self { result: reason.result(), reason, at, seals }
    }
}
