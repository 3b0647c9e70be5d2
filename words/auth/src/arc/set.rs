//! One set of a chain: the three fields that a forwarder adds (RFC 8617 §4.1).

use super::{ChainReason, Seal};
use crate::dkim::field::{self, Claim, Signature};
use crate::dkim::header::Header;
use crate::dkim::tags::Tags;
use crate::dkim::{Algorithm, Reason};
use crate::results::{self, Results};

/// The numbers of the fields of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    pub instance: u32,
    pub results: usize,
    pub message: usize,
    pub seal: usize,
}

/// The statement of a seal about the chain before it (`cv=`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    Nothing,
    Fits,
    Broken,
}

/// A seal as it was read.
pub struct ReadSeal {
    pub claim: Claim,
    pub algorithm: Algorithm,
    pub signature: Vec<u8>,
    pub before: Before,
}

impl Set {
    /// Reads the seal of the set (RFC 8617 §4.1.3).
    pub fn read_seal(&self, header: &Header) -> Result<ReadSeal, ChainReason> {
        let tags = tags(header, self.seal)?;
        // The fields that a seal covers are fixed; one that names others is malformed.
        if tags.find("h").is_some() || tags.find("bh").is_some() {
            return Err(ChainReason::Malformed);
        }
        let claim = Claim::read(&tags);
        let algorithm = field::known_algorithm(&tags).map_err(fault)?;
        let signature = tags.base64("b").filter(|octets| claim.is_complete() && !octets.is_empty());
        let before = match tags.find("cv") {
            Some(b"none") => Before::Nothing,
            Some(b"pass") => Before::Fits,
            Some(b"fail") => Before::Broken,
            _ => return Err(ChainReason::Malformed),
        };
        Ok(ReadSeal { claim, algorithm, signature: signature.ok_or(ChainReason::Malformed)?, before })
    }

    /// Reads the signature of the letter in the set (RFC 8617 §4.1.2).
    pub fn read_message(&self, header: &Header) -> Result<(Claim, Signature), ChainReason> {
        let tags = tags(header, self.message)?;
        let claim = Claim::read(&tags);
        let read = field::part_of_chain(&tags, &claim).map_err(fault)?;
        let covers_seals = read.names.iter().any(|name| name == b"arc-seal");
        if covers_seals { Err(ChainReason::Malformed) } else { Ok((claim, read)) }
    }

    /// Returns what the forwarder states, as far as it can be read.
    pub fn stated(&self, header: &Header) -> Seal {
        let claim = tags(header, self.seal).map(|tags| Claim::read(&tags)).unwrap_or_default();
        let Claim { domain, selector, .. } = claim;
        let results: Option<Results> = results::parse_instance(header.field(self.results).value).map(|(_, read)| read);
        Seal { instance: self.instance, domain, selector, results }
    }
}

fn tags(header: &Header, number: usize) -> Result<Tags<'_>, ChainReason> {
    Tags::parse(header.field(number).value).ok_or(ChainReason::Malformed)
}

/// Returns what a fault of a signature means for the chain that it is a part of.
pub fn fault(reason: Reason) -> ChainReason {
    match reason {
        Reason::BodyChanged | Reason::HeaderChanged | Reason::PartOfBody | Reason::SeveralFrom | Reason::Expired => {
            ChainReason::LetterChanged
        }
        Reason::NoKey
        | Reason::KeyRevoked
        | Reason::OtherKey
        | Reason::MalformedKey
        | Reason::WeakKey
        | Reason::Sha1 => ChainReason::NoKey,
        Reason::NoAnswer => ChainReason::NoAnswer,
        _ => ChainReason::Malformed,
    }
}
