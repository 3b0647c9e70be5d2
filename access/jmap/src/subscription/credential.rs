//! The credential that a client has logged in with. A subscription belongs to it, and ends with it (RFC 8620 §7.2).

use axum::http::{HeaderMap, header};
use mail::Timestamp;
use mail::seam::{AccountId, OurFault, Pending};
use ring::digest;

/// The credential that a client has logged in with: the person's password, or a token, of which only the SHA-256 is
/// kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// The password.
    #[default]
    Password,
    /// The SHA-256 of a token.
    Token([u8; 32]),
}

/// Checks if the credential of a client is still good.
pub trait Credentials: Send + Sync {
    /// `since` is when it last did.
    fn is_good<'a>(
        &'a self,
        account: AccountId,
        credential: &'a Credential,
        since: Timestamp,
    ) -> Pending<'a, Result<bool, OurFault>>;
}

impl Credential {
    /// Returns the credential of a request that was let in.
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match given.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Self::of_token(token.trim()),
            _ => Self::Password,
        }
    }

    /// Returns the credential for a token.
    pub fn of_token(token: &str) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        Self::Token(key)
    }

    /// Writes the credential for the disk: an empty text stands for the password.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Password => String::new(),
            Self::Token(key) => key.iter().map(|octet| format!("{octet:02x}")).collect(),
        }
    }

    /// Reads a credential from the disk.
    pub(super) fn read(written: &str) -> Self {
        let mut key = [0; 32];
        for (at, octet) in key.iter_mut().enumerate() {
            let pair = written.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
            let Some(pair) = pair else { return Self::Password };
            *octet = pair;
        }
        Self::Token(key)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_is_told_from_the_password_and_goes_round() {
        let of = |value: &'static str| {
            Credential::of(&HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]))
        };
        assert_eq!(of("Basic YTpi"), Credential::Password);
        assert_eq!(of("bearer  t"), Credential::of_token("t"));
        assert_ne!(Credential::of_token("t"), Credential::of_token("u"));
        for credential in [Credential::Password, Credential::of_token("t")] {
            assert_eq!(Credential::read(&credential.written()), credential);
        }
    }
}
