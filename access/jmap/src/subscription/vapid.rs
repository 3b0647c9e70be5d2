//! The key by which push services know this server (RFC 8292). A service accepts a message for a browser only from the
//! server that the browser subscribed with.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use https::{HeaderValue, Url};
use mail::{Domain, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;
use store::{Key, Store, Tx, params};

/// The lifetime of a token. RFC 8292 §2 allows a day; clocks differ.
const LIFE: Duration = Duration::from_secs(12 * 3600);

/// Our key, and the address that a push service can write to if it has trouble with us.
pub struct Vapid {
    key: EcdsaKeyPair,
    public: String,
    contact: String,
}

/// The reason why the key is missing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not return it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The store holds no valid key, or the random generator failed.
    #[error("the key for push services is no key")]
    Key,
}

impl Vapid {
    /// Returns the key that this server keeps; made at the first time.
    pub async fn load(store: &Store, hostname: &Domain) -> Result<Self, Error> {
        let fresh = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let fresh = fresh.map_err(|_| Error::Key)?.as_ref().to_vec();
        let kept = store.write(Key::Everything, move |tx| keep(tx, &fresh)).await?;
        Self::of(&kept, hostname)
    }

    fn of(pkcs8: &[u8], hostname: &Domain) -> Result<Self, Error> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new());
        let key = key.map_err(|_| Error::Key)?;
        let public = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
        Ok(Self { key, public, contact: format!("mailto:postmaster@{hostname}") })
    }

    /// Returns the public key that a browser subscribes with: the point, uncompressed, in base64url (RFC 9749 §3).
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Returns the header by which the service at `url` knows us (RFC 8292 §3): a token for that service alone. `None`
    /// if the random generator failed.
    pub fn authorization(&self, url: &Url, now: Timestamp) -> Option<HeaderValue> {
        let claims = json!({
            "aud": url.origin().ascii_serialization(), "exp": now.after(LIFE).seconds(), "sub": self.contact,
        });
        let part = |value: String| URL_SAFE_NO_PAD.encode(value);
        let signed =
            format!("{}.{}", part(json!({"typ": "JWT", "alg": "ES256"}).to_string()), part(claims.to_string()));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
        let mut value = HeaderValue::from_str(&format!("vapid t={token}, k={}", self.public)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

fn keep(tx: &mut Tx, fresh: &[u8]) -> Result<Vec<u8>, store::Error> {
    let sql = "INSERT INTO jmap_vapid (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
    tx.execute(sql, params![fresh])?;
    tx.query_one("SELECT secret FROM jmap_vapid WHERE id = 1", params![], |row| row.get(0))
}
