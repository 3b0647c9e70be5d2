//! Encrypts messages so that only the client can read them, whoever carries them (RFC 8291, RFC 8188).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::{SecureRandom, SystemRandom};

/// RFC 8291 §4: one record, and no service needs to take more than this.
const RECORD: u32 = 4096;
/// Octets of an uncompressed point of P-256, and of the secret that client and server share.
const POINT: usize = 65;
const SECRET: usize = 16;

/// The keys of a client (RFC 8291 §2.1, §3.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    public: [u8; POINT],
    auth: [u8; SECRET],
}

impl Keys {
    /// Reads the two properties of a subscription, in base64url. `None`: they are not of the right form, or the point
    /// is not on the curve.
    pub fn parse(p256dh: &str, auth: &str) -> Option<Self> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        let keys = Self { public: decode(p256dh)?.try_into().ok()?, auth: decode(auth)?.try_into().ok()? };
        keys.seal(b"").ok().map(|_| keys)
    }

    /// Writes the keys for the disk.
    pub fn written(&self) -> String {
        format!("{} {}", URL_SAFE_NO_PAD.encode(self.public), URL_SAFE_NO_PAD.encode(self.auth))
    }

    /// Reads the keys from the disk.
    pub fn read(written: &str) -> Option<Self> {
        let (public, auth) = written.split_once(' ')?;
        Self::parse(public, auth)
    }

    /// Returns the body of a message, with the coding `aes128gcm`.
    pub fn seal(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &random)?;
        let own_public = own.compute_public_key()?;
        let mut salt = [0; 16];
        random.fill(&mut salt)?;
        let theirs = UnparsedPublicKey::new(&ECDH_P256, self.public);
        agree_ephemeral(own, &theirs, |shared| self.encrypt(shared, own_public.as_ref(), salt, message))?
    }

    /// Encrypts by RFC 8291 §3.4 and RFC 8188 §2; the caller supplies all random values.
    fn encrypt(&self, shared: &[u8], own: &[u8], salt: [u8; 16], message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let client = Salt::new(HKDF_SHA256, &self.auth).extract(shared);
        let key = expand::<32>(&client, &[b"WebPush: info\0", &self.public, own])?;
        let content = Salt::new(HKDF_SHA256, &salt).extract(&key);
        let key = UnboundKey::new(&AES_128_GCM, &expand::<16>(&content, &[b"Content-Encoding: aes128gcm\0"])?)?;
        let nonce = Nonce::assume_unique_for_key(expand::<12>(&content, &[b"Content-Encoding: nonce\0"])?);
        // The delimiter of the last record.
        let mut record = [message, &[2]].concat();
        LessSafeKey::new(key).seal_in_place_append_tag(nonce, Aad::empty(), &mut record)?;
        let length = u8::try_from(own.len()).map_err(|_| Unspecified)?;
        if record.len() > RECORD as usize {
            return Err(Unspecified);
        }
        Ok([&salt, RECORD.to_be_bytes().as_slice(), &[length], own, &record].concat())
    }
}

fn expand<const N: usize>(from: &Prk, info: &[&[u8]]) -> Result<[u8; N], Unspecified> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut key = [0; N];
    from.expand(info, Length(N))?.fill(&mut key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    const PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn the_example_of_rfc_8291_comes_out_as_it_stands_there() {
        let keys = Keys::parse(PUBLIC, AUTH).unwrap();
        let shared = octets("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let own = octets("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
        let salt = octets("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let sealed = keys.encrypt(&shared, &own, salt, b"When I grow up, I want to be a watermelon").unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(sealed),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3\
             jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn keys_go_round_and_what_is_no_key_is_refused() {
        let keys = Keys::parse(PUBLIC, &format!("{AUTH}==")).unwrap();
        assert!(Keys::read(&keys.written()) == Some(keys.clone()));
        let nowhere = URL_SAFE_NO_PAD.encode([4; POINT]);
        for (public, auth) in
            [("", ""), (PUBLIC, ""), (PUBLIC, "AAAA"), ("AAAA", AUTH), (nowhere.as_str(), AUTH), ("é", AUTH)]
        {
            assert!(Keys::parse(public, auth).is_none(), "{public} {auth}");
        }
        assert!(keys.seal(&[0; 5000]).is_err(), "more than one record");
        assert_ne!(keys.seal(b"x").unwrap(), keys.seal(b"x").unwrap());
    }
}
