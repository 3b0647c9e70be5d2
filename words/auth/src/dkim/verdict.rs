//! The verdict on a signature.

use super::Algorithm;
use super::field::Claim;

/// The result of a signature, in the words of RFC 8601 §2.7.1. A letter without a signature has no verdict (`none`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureResult {
    /// The domain answers for the letter as it is.
    Pass,
    /// The signature does not fit the letter, or can no longer be trusted.
    Fail,
    /// The signature fits, and does not prove enough: it leaves out a part of the body, or the letter has several From.
    Policy,
    /// The signature could not be read: its version or algorithm is not known.
    Neutral,
    /// The key could not be found out now.
    TempError,
    /// The signature or its key are wrong in themselves.
    PermError,
}

impl SignatureResult {
    /// Returns the word of the registry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Policy => "policy",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// The reason of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The signature fits.
    Valid,
    /// The body is not the one that was signed.
    BodyChanged,
    /// The fields are not those that were signed, or another key signed them.
    HeaderChanged,
    /// The signature was valid until a time that is over (`x=`).
    Expired,
    /// The signature was made in the future (`t=`).
    FromTheFuture,
    /// Octets of the body stand behind those that the signature covers (`l=`).
    PartOfBody,
    /// The letter has several From, and a reader may be shown another than the signed one.
    SeveralFrom,
    /// The signature does not cover From.
    FromNotSigned,
    /// The identity (`i=`) does not belong to the domain, or the key does not allow subdomains.
    ForeignIdentity,
    /// The version, the algorithm or the way to the key is not known.
    Unknown,
    /// SHA-1 proves nothing any more (RFC 8301 §3.1).
    Sha1,
    /// The RSA key is shorter than 1024 bits, so that anybody can find it out (RFC 8301 §3.2).
    WeakKey,
    /// The domain publishes no key with this name.
    NoKey,
    /// The domain has withdrawn the key.
    KeyRevoked,
    /// The key is for other uses than this signature: another algorithm, hash or service.
    OtherKey,
    /// The record of the key cannot be read.
    MalformedKey,
    /// The field of the signature cannot be read.
    Malformed,
    /// The domain name system could not say.
    NoAnswer,
    /// The letter has more signatures than are looked at.
    TooMany,
    /// The header is too large to be checked.
    HeaderTooLarge,
}

impl Reason {
    /// Returns the code for machines. The words for it are in `mail::finding`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Valid => "dkim-valid",
            Self::BodyChanged => "dkim-body-changed",
            Self::HeaderChanged => "dkim-header-changed",
            Self::Expired => "dkim-expired",
            Self::FromTheFuture => "dkim-future",
            Self::PartOfBody => "dkim-part-of-body",
            Self::SeveralFrom => "dkim-several-from",
            Self::FromNotSigned => "dkim-from-not-signed",
            Self::ForeignIdentity => "dkim-foreign-identity",
            Self::Unknown => "dkim-unknown",
            Self::Sha1 => "dkim-sha1",
            Self::WeakKey => "dkim-weak-key",
            Self::NoKey => "dkim-no-key",
            Self::KeyRevoked => "dkim-key-revoked",
            Self::OtherKey => "dkim-other-key",
            Self::MalformedKey => "dkim-malformed-key",
            Self::Malformed => "dkim-malformed",
            Self::NoAnswer => "dkim-no-answer",
            Self::TooMany => "dkim-too-many",
            Self::HeaderTooLarge => "dkim-header-too-large",
        }
    }

    /// Returns the result that follows.
    pub fn result(self) -> SignatureResult {
        match self {
            Self::Valid => SignatureResult::Pass,
            Self::BodyChanged | Self::HeaderChanged | Self::Expired | Self::Sha1 | Self::WeakKey => {
                SignatureResult::Fail
            }
            Self::PartOfBody | Self::SeveralFrom | Self::TooMany => SignatureResult::Policy,
            Self::Unknown => SignatureResult::Neutral,
            Self::NoAnswer => SignatureResult::TempError,
            Self::FromTheFuture
            | Self::FromNotSigned
            | Self::ForeignIdentity
            | Self::NoKey
            | Self::KeyRevoked
            | Self::OtherKey
            | Self::MalformedKey
            | Self::Malformed
            | Self::HeaderTooLarge => SignatureResult::PermError,
        }
    }
}

/// The verdict on one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureVerdict {
    /// The result.
    pub result: SignatureResult,
    /// The reason of the result.
    pub reason: Reason,
    /// The domain that is said to answer for the letter (`d=`), in lower case and A-labels; empty if it cannot be read.
    pub domain: String,
    /// The name of the key (`s=`).
    pub selector: String,
    /// The identity in that domain (`i=`), as the signature writes it; `@` and the domain if it names none.
    pub identity: String,
    /// The algorithm, if it is known.
    pub algorithm: Option<Algorithm>,
    /// The size of the key in bits, if the key was found and read.
    pub key_bits: Option<u32>,
    /// The octets at the end of the body that the signature does not cover (`l=`).
    pub unsigned_octets: u64,
    /// The domain only tries its signatures out (`t=y`).
    pub testing: bool,
    /// The first characters of the signature, to tell several of a domain apart (RFC 6008).
    pub beginning: String,
}

impl SignatureVerdict {
    pub(super) fn new(claim: &Claim, reason: Reason) -> Self {
        let Claim { domain, selector, identity, algorithm, beginning } = claim.clone();
        Self {
            result: reason.result(),
            reason,
            domain,
            selector,
            identity,
            algorithm,
            key_bits: None,
            unsigned_octets: 0,
            testing: false,
            beginning,
        }
    }
}
