//! What is kept of a password.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use mail::Password;
use mail::seam::ScramKeys;

use crate::Error;

/// Argon2id and SCRAM keys of a password. Making one takes a good part of a second on purpose: do it before the
/// transaction, and where blocking is allowed.
pub struct Secret {
    pub(crate) argon2: String,
    pub(crate) scram: ScramKeys,
}

impl Secret {
    /// A password has at least this many characters (NIST SP 800-63B §3.1.1).
    pub const SHORTEST: usize = 8;
    /// And at most this many bytes, so that hashing it is bounded.
    pub const LONGEST: usize = 1024;
    /// PBKDF2 rounds of SCRAM. RFC 7677 §4 asks for 4096 at least; clients pay for each, once a log-in.
    pub const SCRAM_ITERATIONS: u32 = 60_000;
    /// Length of a SCRAM salt.
    pub(crate) const SALT: usize = 16;

    /// Makes what is kept of `password`, with fresh salts.
    pub fn make(password: &Password) -> Result<Self, Error> {
        // Prepared, as the doors prepare what people type, so that PLAIN and SCRAM agree.
        let prepared = sasl::prepare(password.reveal());
        if prepared.chars().count() < Self::SHORTEST {
            return Err(Error::PasswordTooShort);
        }
        if prepared.len() > Self::LONGEST {
            return Err(Error::PasswordTooLong);
        }
        let salt: [u8; Self::SALT] = rand::random();
        let argon2 = hash(prepared.as_bytes())?;
        Ok(Self { argon2, scram: sasl::derive_keys(&prepared, salt.to_vec(), Self::SCRAM_ITERATIONS) })
    }
}

fn hash(password: &[u8]) -> Result<String, Error> {
    let salt: [u8; 16] = rand::random();
    let made = hasher()?.hash_password_with_salt(password, &salt).map_err(|error| Error::Hash(error.to_string()))?;
    Ok(made.to_string())
}

/// Does `password` fit the kept `hash`? Takes its time. Without a hash it takes the same time, and fits nothing.
pub(crate) fn fits(password: &Password, hash: Option<&str>) -> bool {
    let prepared = sasl::prepare(password.reveal());
    let (Ok(parsed), Ok(hasher)) = (PasswordHash::new(hash.unwrap_or(NOBODY)), hasher()) else { return false };
    let fits = prepared.len() <= Secret::LONGEST && hasher.verify_password(prepared.as_bytes(), &parsed).is_ok();
    fits && hash.is_some()
}

/// 19 MiB, two passes, one lane: the first choice of OWASP's password storage cheat sheet.
fn hasher() -> Result<Argon2<'static>, Error> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| Error::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a password nobody knows, with the costs of all others.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$EpZbzOOlhDOnKKmpdcEOVnDWvS5lDqhWTfLCbSmCzKw";

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn a_password_fits_its_secret_and_no_other() {
        let secret = Secret::make(&password("correct horse")).unwrap();
        assert!(fits(&password("correct horse"), Some(&secret.argon2)));
        assert!(!fits(&password("correct horsf"), Some(&secret.argon2)));
        assert!(!fits(&password("correct horse"), None));
        assert!(secret.argon2.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }

    #[test]
    fn however_a_keyboard_composes_it_the_password_is_the_same() {
        let secret = Secret::make(&password("caf\u{e9} au lait")).unwrap();
        assert!(fits(&password("cafe\u{301} au lait"), Some(&secret.argon2)));
    }

    #[test]
    fn two_secrets_of_one_password_have_nothing_in_common() {
        let (one, two) =
            (Secret::make(&password("correct horse")).unwrap(), Secret::make(&password("correct horse")).unwrap());
        assert_ne!(one.argon2, two.argon2);
        assert_ne!(one.scram.stored_key, two.scram.stored_key);
    }

    #[test]
    fn too_short_and_too_long_are_said_so() {
        assert!(matches!(Secret::make(&password("short")), Err(Error::PasswordTooShort)));
        assert!(matches!(Secret::make(&password(&"x".repeat(1025))), Err(Error::PasswordTooLong)));
    }

    #[test]
    fn nobody_s_hash_is_well_formed_so_that_checking_it_takes_the_same_time() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
