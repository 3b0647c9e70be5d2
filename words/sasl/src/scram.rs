//! The messages and the arithmetic of SCRAM-SHA-256 (RFC 5802 §3, §5, §7; RFC 7677), for both sides.

use std::num::NonZeroU32;

use mail::seam::ScramKeys;
use ring::{digest, hmac, pbkdf2};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::encoding::{decode, encode};
use crate::prepare::prepare;

/// Limits on the input of a peer.
const MAX_NONCE: usize = 256;
const MAX_MESSAGE: usize = 4096;

/// Derives the keys that the server keeps of a password: nobody can log in with them, and nobody learns the password
/// from them. RFC 7677 §4 asks for at least 4096 iterations.
pub fn derive_keys(password: &str, salt: Vec<u8>, iterations: u32) -> ScramKeys {
    let salted = salted(password, &salt, iterations);
    let client_key = client_key(&salted);
    ScramKeys { stored_key: sha256(&*client_key), server_key: mac(&*salted, b"Server Key"), salt, iterations }
}

/// Computes Hi(Normalize(password), salt, i).
pub(crate) fn salted(password: &str, salt: &[u8], iterations: u32) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    let iterations = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, prepare(password).as_bytes(), &mut *out);
    out
}

pub(crate) fn client_key(salted: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(mac(salted, b"Client Key"))
}

pub(crate) fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    tag.as_ref().try_into().unwrap_or_default()
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().unwrap_or_default()
}

pub(crate) fn xor(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|i| a[i] ^ b[i])
}

pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// `n,,n=user,r=nonce`
pub(crate) struct ClientFirst {
    /// The header that the client-final message must repeat: `n,,`, perhaps with an authorization name.
    pub gs2_header: String,
    /// The name that the client wants to act as, if it gives one.
    pub authzid: Option<String>,
    pub name: String,
    pub nonce: String,
    /// The message without the header.
    pub bare: String,
}

impl ClientFirst {
    pub fn parse(message: &str) -> Option<Self> {
        if message.len() > MAX_MESSAGE {
            return None;
        }
        let (flag, rest) = message.split_once(',')?;
        // "p=…" wants channel binding, which we do not offer; "y" says that the client could, had we (§6).
        if !matches!(flag, "n" | "y") {
            return None;
        }
        let (authzid, bare) = rest.split_once(',')?;
        let authzid = match authzid {
            "" => None,
            named => Some(unescape(named.strip_prefix("a=")?)?),
        };
        let mut attributes = bare.split(',');
        // A reserved "m=" here means an extension that must not be ignored (§5.1): it does not begin with "n=".
        let name = unescape(attributes.next()?.strip_prefix("n=")?)?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        let gs2_header = message[..message.len() - bare.len()].to_owned();
        is_nonce(nonce).then(|| Self { gs2_header, authzid, name, nonce: nonce.to_owned(), bare: bare.to_owned() })
    }
}

/// `r=nonce,s=salt,i=4096`
pub(crate) struct ServerFirst {
    pub nonce: String,
    pub salt: Vec<u8>,
    pub iterations: u32,
}

impl ServerFirst {
    pub fn write(&self) -> String {
        format!("r={},s={},i={}", self.nonce, encode(&self.salt), self.iterations)
    }

    pub fn parse(message: &str) -> Option<Self> {
        if message.len() > MAX_MESSAGE {
            return None;
        }
        let mut attributes = message.split(',');
        let nonce = attributes.next()?.strip_prefix("r=")?;
        let salt = decode(attributes.next()?.strip_prefix("s=")?)?.to_vec();
        let iterations = attributes.next()?.strip_prefix("i=")?.parse().ok()?;
        is_nonce(nonce).then(|| Self { nonce: nonce.to_owned(), salt, iterations })
    }
}

/// `c=biws,r=nonce,p=proof`
pub(crate) struct ClientFinal {
    pub channel: String,
    pub nonce: String,
    pub proof: [u8; 32],
    pub without_proof: String,
}

impl ClientFinal {
    pub fn parse(message: &str) -> Option<Self> {
        if message.len() > MAX_MESSAGE {
            return None;
        }
        let (without_proof, proof) = message.rsplit_once(",p=")?;
        let mut attributes = without_proof.split(',');
        let channel = decode(attributes.next()?.strip_prefix("c=")?)?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        Some(Self {
            channel: String::from_utf8(channel.to_vec()).ok()?,
            nonce: nonce.to_owned(),
            proof: decode(proof)?.as_slice().try_into().ok()?,
            without_proof: without_proof.to_owned(),
        })
    }
}

/// Returns true for printable ASCII without the comma (§7).
fn is_nonce(nonce: &str) -> bool {
    (1..=MAX_NONCE).contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_graphic() && b != b',')
}

/// Undoes `=2C` for a comma and `=3D` for an equals sign; any other `=` is an error (§5.1).
fn unescape(name: &str) -> Option<String> {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('=') {
        plain.push_str(before);
        let (code, after) = after.split_at_checked(2)?;
        plain.push(match code {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        rest = after;
    }
    plain.push_str(rest);
    if plain.is_empty() { None } else { Some(plain) }
}

pub(crate) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_keys_of_the_example_in_rfc_7677_fit_its_proof() {
        let keys = derive_keys("pencil", decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().to_vec(), 4096);
        let message = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let proof = decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let signature = mac(&keys.stored_key, message.as_bytes());
        assert_eq!(sha256(&xor(&proof.as_slice().try_into().unwrap(), &signature)), keys.stored_key);
        assert_eq!(encode(mac(&keys.server_key, message.as_bytes())), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    #[test]
    fn client_first_messages_that_are_wrong_are_refused() {
        for bad in [
            "",
            "n",
            "n,,",
            "n,,n=user",
            "n,,n=,r=abc",
            "n,,m=x,n=user,r=abc",
            "p=tls-unique,,n=user,r=abc",
            "n,x,n=user,r=abc",
            "n,,n=us=er,r=abc",
            "n,,n=user,r=",
            "n,,n=user,r=a b",
        ] {
            assert!(ClientFirst::parse(bad).is_none(), "{bad}");
        }
        assert!(ClientFirst::parse(&format!("n,,n=user,r={}", "x".repeat(300))).is_none());
    }

    #[test]
    fn a_client_may_name_whom_it_acts_as() {
        let first = ClientFirst::parse("y,a=al=2Cice,n=bob,r=abc").unwrap();
        assert_eq!(
            (first.authzid.as_deref(), &*first.name, &*first.gs2_header),
            (Some("al,ice"), "bob", "y,a=al=2Cice,")
        );
    }

    proptest! {
        #[test]
        fn a_name_goes_round(name in ".{1,30}") {
            prop_assert_eq!(unescape(&escape(&name)), Some(name));
        }

        #[test]
        fn any_message_is_read_without_a_panic(message in "[npy,a=rsic0-9é]{0,60}") {
            ClientFirst::parse(&message);
            ServerFirst::parse(&message);
            ClientFinal::parse(&message);
        }
    }
}
