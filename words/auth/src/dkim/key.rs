//! Private keys that sign letters.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::{Algorithm, der};

/// A private key: RSA of 2048 to 4096 bits (RFC 8301 §3.2), or Ed25519 (RFC 8463). It cannot be printed.
pub struct SigningKey(Pair);

enum Pair {
    Rsa(Box<rsa::KeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// The reason why octets are no key that can sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The octets are no private key in a form that is known.
    #[error("this is no private key: a PKCS#8 or PKCS#1 file with an RSA or Ed25519 key is expected")]
    NoKey,
    /// The RSA key is shorter than 2048 bits.
    #[error("the RSA key is shorter than 2048 bits; many receivers no longer trust it, so make a new one")]
    TooShort,
    /// The RSA key is longer than 4096 bits.
    #[error("the RSA key is longer than 4096 bits; most receivers cannot read it, so make one of 2048 bits")]
    TooLong,
    /// The numbers of the key do not belong together.
    #[error("the key is damaged: its numbers do not fit together")]
    Damaged,
    /// The operating system gave no random octets.
    #[error("the operating system gave no random octets")]
    NoRandomness,
}

impl SigningKey {
    /// Reads a key in the form PKCS#8 (RFC 5958), with the public half or without. Takes some 0.1 ms for RSA.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyFault> {
        match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            Ok(pair) => Ok(Self(Pair::Ed25519(pair))),
            Err(why) if why.to_string() == WRONG_ALGORITHM => Self::rsa(rsa::KeyPair::from_pkcs8(der)),
            Err(why) => Err(fault(why)),
        }
    }

    /// Reads a key from a PEM file (RFC 7468), as OpenDKIM and OpenSSL write it: `PRIVATE KEY` or `RSA PRIVATE KEY`.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyFault> {
        match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(der)) => Self::from_pkcs8(der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(der)) => Self::rsa(rsa::KeyPair::from_der(der.secret_pkcs1_der())),
            _ => Err(KeyFault::NoKey),
        }
    }

    fn rsa(pair: Result<rsa::KeyPair, ring::error::KeyRejected>) -> Result<Self, KeyFault> {
        pair.map(|pair| Self(Pair::Rsa(Box::new(pair)))).map_err(fault)
    }

    /// Makes a new Ed25519 key. Returns it, and its PKCS#8 form to be kept, which is wiped when it is dropped.
    pub fn generate_ed25519() -> Result<(Self, Zeroizing<Vec<u8>>), KeyFault> {
        let kept = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyFault::NoRandomness)?;
        let kept = Zeroizing::new(kept.as_ref().to_vec());
        Ok((Self::from_pkcs8(&kept)?, kept))
    }

    /// Returns the algorithm of the signatures that this key makes.
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            Pair::Rsa(_) => Algorithm::RsaSha256,
            Pair::Ed25519(_) => Algorithm::Ed25519Sha256,
        }
    }

    /// Returns the size of the key in bits.
    pub fn bits(&self) -> usize {
        match &self.0 {
            Pair::Rsa(pair) => pair.public().modulus_len() * 8,
            Pair::Ed25519(_) => 256,
        }
    }

    /// Returns the text of the record that lets others check the signatures (RFC 6376 §3.6.1): `v=DKIM1; k=…; p=…`. It
    /// stands below `<selector>._domainkey.<domain>`; in a zone file it is cut into strings of 255 octets at most.
    pub fn public_record(&self) -> String {
        let (kind, public) = match &self.0 {
            Pair::Rsa(pair) => ("rsa", der::subject_public_key_info(pair.public().as_ref())),
            Pair::Ed25519(pair) => ("ed25519", pair.public_key().as_ref().to_vec()),
        };
        format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(public))
    }

    /// Signs the canonical header. `None` if the operating system gave no random octets. RSA of 2048 bits takes about a
    /// millisecond.
    pub(crate) fn sign(&self, header: &[u8]) -> Option<Vec<u8>> {
        match &self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), header, &mut signature).ok()?;
                Some(signature)
            }
            // RFC 8463 §3: what is signed is the hash.
            Pair::Ed25519(pair) => {
                let hash = ring::digest::digest(&ring::digest::SHA256, header);
                Some(pair.sign(hash.as_ref()).as_ref().to_vec())
            }
        }
    }
}

/// The words of `ring` for a PKCS#8 file with a key of another algorithm than the one that was asked for.
const WRONG_ALGORITHM: &str = "WrongAlgorithm";

fn fault(why: ring::error::KeyRejected) -> KeyFault {
    match why.to_string().as_str() {
        "TooSmall" => KeyFault::TooShort,
        "TooLarge" => KeyFault::TooLong,
        "InvalidEncoding" | WRONG_ALGORITHM | "VersionNotSupported" => KeyFault::NoKey,
        _ => KeyFault::Damaged,
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.algorithm().name())
    }
}
