//! DomainKeys Identified Mail (RFC 6376, 8301, 8463, 8616): signatures by which a domain answers for a letter.
//!
//! [`Signer`] signs a letter that leaves. [`Verifier`] reads an arriving letter once, piece by piece, and finds every
//! signature and the chain of [`crate::arc`] in the same pass.

pub(crate) mod body;
pub(crate) mod canonical;
mod der;
pub(crate) mod field;
pub(crate) mod header;
mod key;
pub(crate) mod record;
mod sign;
pub(crate) mod tags;
#[cfg(test)]
mod tests;
mod verdict;
mod verify;

pub use key::{KeyFault, SigningKey};
pub use record::{KeyRecord, RecordFault};
pub use sign::{SignFault, Signer};
pub use verdict::{Reason, SignatureResult, SignatureVerdict};
pub use verify::{MOST_SIGNATURES, Unresolved, Verifier};

/// The algorithm of a signature (RFC 6376 §3.3, RFC 8463).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `rsa-sha256`
    RsaSha256,
    /// `ed25519-sha256`
    Ed25519Sha256,
    /// `rsa-sha1`: it is known and proves nothing (RFC 8301 §3.1).
    RsaSha1,
}

impl Algorithm {
    /// Returns the name as it stands in the tag `a=`.
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
            Self::RsaSha1 => "rsa-sha1",
        }
    }

    /// Finds the algorithm of a tag `a=`; `None` for one that this program does not know.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        let known = [Self::RsaSha256, Self::Ed25519Sha256, Self::RsaSha1];
        known.into_iter().find(|algorithm| name.eq_ignore_ascii_case(algorithm.name().as_bytes()))
    }
}
