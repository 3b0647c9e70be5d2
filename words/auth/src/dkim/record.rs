//! The record of a key (RFC 6376 §3.6.1, RFC 8463 §4).

use ring::digest;
use ring::signature::{
    ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::tags::{Tags, between_colons};
use super::{Algorithm, Reason, der};
use crate::dns::{Answer, Later};

/// The shortest RSA key that proves anything, in bits (RFC 8301 §3.2).
const SHORTEST_RSA: u32 = 1024;
/// The longest RSA key that is checked, in bits: verifiers need to know no longer one (RFC 8301 §3.2), and the cost grows
/// with the square.
const LONGEST_RSA: u32 = 4096;

/// The public key of a domain, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    key: PublicKey,
    /// The domain only tries its signatures out (`t=y`): its letters are treated as if they were not signed.
    pub testing: bool,
    /// The key is for the domain itself, and for none below it (`t=s`).
    pub strict: bool,
    /// The key signs hashes by SHA-256 (`h=`).
    for_sha256: bool,
    /// The key is for letters (`s=`).
    for_letters: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8>, bits: u32 },
    Ed25519(Vec<u8>),
}

/// The reason why a record gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// It is no list of tags, or of another version, or the key in it cannot be read.
    #[error("the record of the key cannot be read")]
    Malformed,
    /// The key is of a kind that is not known (`k=`).
    #[error("the record holds a key of an unknown kind")]
    UnknownKind,
    /// The domain has withdrawn the key: `p=` is empty.
    #[error("the domain has withdrawn the key")]
    Revoked,
}

impl RecordFault {
    /// Returns the reason for the verdict.
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::Malformed => Reason::MalformedKey,
            Self::UnknownKind => Reason::OtherKey,
            Self::Revoked => Reason::KeyRevoked,
        }
    }
}

impl KeyRecord {
    /// Reads the text of a record, its strings joined.
    pub fn parse(text: &[u8]) -> Result<Self, RecordFault> {
        let tags = Tags::parse(text).ok_or(RecordFault::Malformed)?;
        // RFC 6376 §3.6.1: the version is the first tag, if it is there.
        if tags.find("v").is_some_and(|version| version != b"DKIM1" || tags.first() != Some(b"v")) {
            return Err(RecordFault::Malformed);
        }
        let names = |tag, name: &[u8]| tags.find(tag).map(|list| between_colons(list).any(|one| one == name));
        Ok(Self {
            key: PublicKey::parse(&tags)?,
            testing: names("t", b"y").unwrap_or(false),
            strict: names("t", b"s").unwrap_or(false),
            for_sha256: names("h", b"sha256").unwrap_or(true),
            for_letters: names("s", b"email").unwrap_or(true) || names("s", b"*").unwrap_or(true),
        })
    }

    /// Returns the size of the key in bits.
    pub fn bits(&self) -> u32 {
        match &self.key {
            PublicKey::Rsa { bits, .. } => *bits,
            PublicKey::Ed25519(key) => u32::try_from(key.len() * 8).unwrap_or(u32::MAX),
        }
    }

    /// Checks that the key is for letters that are signed in this way, and long enough to prove something.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> Result<(), Reason> {
        let kind = match self.key {
            PublicKey::Rsa { .. } => Algorithm::RsaSha256,
            PublicKey::Ed25519(_) => Algorithm::Ed25519Sha256,
        };
        if algorithm != kind || !self.for_sha256 || !self.for_letters {
            return Err(Reason::OtherKey);
        }
        match self.key {
            PublicKey::Rsa { bits, .. } if bits < SHORTEST_RSA => Err(Reason::WeakKey),
            PublicKey::Rsa { bits, .. } if bits > LONGEST_RSA => Err(Reason::OtherKey),
            _ => Ok(()),
        }
    }

    /// Returns true if this key signed the canonical header.
    pub(crate) fn signed(&self, header: &[u8], signature: &[u8]) -> bool {
        let outcome = match &self.key {
            PublicKey::Rsa { modulus, exponent, .. } => RsaPublicKeyComponents { n: modulus, e: exponent }.verify(
                &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                header,
                signature,
            ),
            // RFC 8463 §3: what is signed is the hash.
            PublicKey::Ed25519(key) => {
                let hash = digest::digest(&digest::SHA256, header);
                UnparsedPublicKey::new(&ED25519, key).verify(hash.as_ref(), signature)
            }
        };
        outcome.is_ok()
    }
}

/// The answer of the domain name system about a key.
pub(crate) type KeyAnswer = Result<Answer<Vec<Vec<u8>>>, Later>;

/// The most records of one name that are looked at; there should be one (RFC 6376 §3.6.2.2).
const MOST_RECORDS: usize = 4;

/// Reads the key of an answer: the first record that can be read, or the fault of the first.
pub(crate) fn key(answer: KeyAnswer) -> Result<KeyRecord, Reason> {
    let records = answer.map_err(|Later| Reason::NoAnswer)?.records().unwrap_or_default();
    let mut read = records.iter().take(MOST_RECORDS).map(|text| KeyRecord::parse(text));
    let first = read.next().ok_or(Reason::NoKey)?;
    first.or_else(|fault| read.find_map(Result::ok).ok_or(fault)).map_err(RecordFault::reason)
}

impl PublicKey {
    fn parse(tags: &Tags<'_>) -> Result<Self, RecordFault> {
        if tags.find("p").ok_or(RecordFault::Malformed)?.is_empty() {
            return Err(RecordFault::Revoked);
        }
        let key = tags.base64("p").ok_or(RecordFault::Malformed)?;
        match tags.find("k") {
            None | Some(b"rsa") => {
                let numbers = der::rsa_numbers(&key).ok_or(RecordFault::Malformed)?;
                let (modulus, exponent) = (numbers.modulus.to_vec(), numbers.exponent.to_vec());
                Ok(Self::Rsa { modulus, exponent, bits: numbers.bits() })
            }
            Some(b"ed25519") if key.len() == 32 => Ok(Self::Ed25519(key)),
            Some(b"ed25519") => Err(RecordFault::Malformed),
            Some(_) => Err(RecordFault::UnknownKind),
        }
    }
}
