//! The keys that are kept of a password.

use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use mail::Password;
use mail::seam::ScramKeys;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::workspace::Workspace;
use crate::{Error, guessable};

/// 19 MiB, two passes, one lane: the first choice of OWASP's password storage cheat sheet.
pub(crate) const COST: Params = Params::DEFAULT;
/// Length of what Argon2 makes of a password.
const OUTPUT: usize = 32;

/// One password is made into a secret at a time, whoever asks: it takes a processor and 19 MiB.
static MAKING: Mutex<()> = Mutex::new(());

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
    /// PBKDF2 rounds of SCRAM. RFC 7677 §4 asks for 4096 at least; whoever stole the keys pays for each with every guess,
    /// clients once a log-in. Those built on Cyrus SASL refuse more than 65,536: they log in by PLAIN.
    pub const SCRAM_ITERATIONS: u32 = 200_000;
    /// Length of a SCRAM salt.
    pub(crate) const SALT: usize = 16;

    /// Makes the stored keys of `password`, with fresh salts. `own` holds facts about its owner (their address, their
    /// name). A password that is among the first to be guessed, also from those, is refused.
    pub fn make(password: &Password, own: &[&str]) -> Result<Self, Error> {
        // Prepared, as the doors prepare what people type, so that PLAIN and SCRAM agree.
        let prepared = Zeroizing::new(sasl::prepare(password.reveal()).into_owned());
        if prepared.chars().count() < Self::SHORTEST {
            return Err(Error::PasswordTooShort);
        }
        if prepared.len() > Self::LONGEST {
            return Err(Error::PasswordTooLong);
        }
        if guessable::is_guessed_soon(&prepared, own) {
            return Err(Error::PasswordGuessable);
        }
        let _turn = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let salt: [u8; Self::SALT] = rand::random();
        let argon2 = hash(prepared.as_bytes(), &mut Workspace::new())?;
        Ok(Self { argon2, scram: sasl::derive_keys(&prepared, salt.to_vec(), Self::SCRAM_ITERATIONS) })
    }
}

/// An estimate of how long a password would hold against somebody who guesses at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Refused: it has fewer characters than [`Secret::SHORTEST`].
    TooShort,
    /// Refused: it has more octets than [`Secret::LONGEST`].
    TooLong,
    /// Refused: it is among the first that are guessed.
    Guessable,
    /// Taken; a stolen disk gives it away in days.
    Fair,
    /// Taken; a stolen disk gives it away in years.
    Good,
    /// Taken, and out of reach.
    Strong,
}

/// Weighs a password as [`Secret::make`] judges it. Takes some milliseconds: where blocking is allowed.
pub fn strength(password: &Password, own: &[&str]) -> Strength {
    let prepared = Zeroizing::new(sasl::prepare(password.reveal()).into_owned());
    if prepared.chars().count() < Secret::SHORTEST {
        return Strength::TooShort;
    }
    if prepared.len() > Secret::LONGEST {
        return Strength::TooLong;
    }
    if guessable::is_guessed_soon(&prepared, own) {
        return Strength::Guessable;
    }
    match guessable::magnitude(&prepared, own) {
        0..=7 => Strength::Fair,
        8..=10 => Strength::Good,
        _ => Strength::Strong,
    }
}

fn hash(password: &[u8], workspace: &mut Workspace) -> Result<String, Error> {
    let salt: [u8; 16] = rand::random();
    let output = work(COST, Algorithm::Argon2id, Version::V0x13, password, &salt, OUTPUT, workspace)?;
    let failed = |error: &dyn std::fmt::Display| Error::Hash(error.to_string());
    let made = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&COST).map_err(|error| failed(&error))?,
        salt: Some(Salt::new(&salt).map_err(|error| failed(&error))?),
        hash: Some(Output::new(&output).map_err(|error| failed(&error))?),
    };
    Ok(made.to_string())
}

/// Returns true if `password` fits the kept `hash`. Takes its time. Without a hash it takes the same time, and nothing
/// fits. An error where the hash is none, or asks for more than a workspace has: nothing is known of the password then.
pub(crate) fn fits(password: &Password, hash: Option<&str>, workspace: &mut Workspace) -> Result<bool, Error> {
    let prepared = Zeroizing::new(sasl::prepare(password.reveal()).into_owned());
    let failed = |error: &dyn std::fmt::Display| Error::Hash(error.to_string());
    let kept = PasswordHash::new(hash.unwrap_or(NOBODY)).map_err(|error| failed(&error))?;
    let (Some(salt), Some(expected)) = (&kept.salt, &kept.hash) else {
        return Err(Error::Hash("it has no salt or no end".to_owned()));
    };
    if prepared.len() > Secret::LONGEST {
        return Ok(false);
    }
    let params = Params::try_from(&kept).map_err(|error| failed(&error))?;
    let algorithm = Algorithm::try_from(kept.algorithm.as_str()).map_err(|error| failed(&error))?;
    let version = kept.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|error| failed(&error))?;
    let length = expected.as_ref().len();
    let output = work(params, algorithm, version, prepared.as_bytes(), salt.as_ref(), length, workspace)?;
    let fits: bool = output.as_slice().ct_eq(expected.as_ref()).into();
    Ok(fits && hash.is_some())
}

/// Argon2 in this workspace, which is wiped behind it.
fn work(
    params: Params,
    algorithm: Algorithm,
    version: Version,
    password: &[u8],
    salt: &[u8],
    length: usize,
    workspace: &mut Workspace,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut output = Zeroizing::new(vec![0; length]);
    let hasher = Argon2::new(algorithm, version, params);
    let done = hasher.hash_password_into_with_memory(password, salt, &mut output, workspace.blocks());
    workspace.wipe();
    done.map(|()| output).map_err(|error| Error::Hash(error.to_string()))
}

/// The hash of a password nobody knows, with the costs of all others.
pub(crate) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$EpZbzOOlhDOnKKmpdcEOVnDWvS5lDqhWTfLCbSmCzKw";

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    fn make(text: &str) -> Result<Secret, Error> {
        Secret::make(&password(text), &[])
    }

    fn fits(text: &str, hash: Option<&str>) -> bool {
        super::fits(&password(text), hash, &mut Workspace::new()).unwrap()
    }

    #[test]
    fn a_password_fits_its_secret_and_no_other() {
        let secret = make("correct horse").unwrap();
        assert!(fits("correct horse", Some(&secret.argon2)));
        assert!(!fits("correct horsf", Some(&secret.argon2)));
        assert!(!fits("correct horse", None));
        assert!(secret.argon2.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }

    #[test]
    fn a_hash_of_the_crates_own_making_fits_too_so_that_what_was_kept_before_is_good() {
        use argon2::password_hash::PasswordHasher;
        let before = Argon2::new(Algorithm::Argon2id, Version::V0x13, COST);
        let kept = before.hash_password_with_salt(b"correct horse", b"0123456789abcdef").unwrap().to_string();
        assert!(fits("correct horse", Some(&kept)) && !fits("correct horsf", Some(&kept)));
    }

    #[test]
    fn nothing_of_a_password_stays_in_the_workspace() {
        let mut workspace = Workspace::new();
        hash(b"correct horse", &mut workspace).unwrap();
        assert!(workspace.blocks().iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
    }

    #[test]
    fn a_hash_that_is_none_or_asks_for_more_memory_is_our_fault_and_no_wrong_password() {
        let greedy =
            "$argon2id$v=19$m=1048576,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$EpZbzOOlhDOnKKmpdcEOVnDWvS5lDqhWTfLCbSmCzKw";
        for bad in ["", "x", "$argon2id$v=19$m=19456,t=2,p=1", greedy] {
            assert!(super::fits(&password("correct horse"), Some(bad), &mut Workspace::new()).is_err(), "{bad}");
        }
    }

    #[test]
    fn however_a_keyboard_composes_it_the_password_is_the_same() {
        let secret = make("caf\u{e9} au lait").unwrap();
        assert!(fits("cafe\u{301} au lait", Some(&secret.argon2)));
    }

    #[test]
    fn two_secrets_of_one_password_have_nothing_in_common() {
        let (one, two) = (make("correct horse").unwrap(), make("correct horse").unwrap());
        assert_ne!(one.argon2, two.argon2);
        assert_ne!(one.scram.stored_key, two.scram.stored_key);
        assert!(one.scram.iterations >= 200_000);
    }

    #[test]
    fn too_short_too_long_and_too_common_are_said_so() {
        assert!(matches!(make("short"), Err(Error::PasswordTooShort)));
        assert!(matches!(make(&"x".repeat(1025)), Err(Error::PasswordTooLong)));
        assert!(matches!(make("Password2024!"), Err(Error::PasswordGuessable)));
    }

    #[test]
    fn a_password_is_weighed_as_it_is_judged() {
        let weigh = |text: &str| strength(&password(text), &["alice@alpha.test", "Alice Dupont"]);
        assert_eq!(weigh("short"), Strength::TooShort);
        assert_eq!(weigh(&"x".repeat(1025)), Strength::TooLong);
        assert_eq!(weigh("Password2024!"), Strength::Guessable);
        assert_eq!(weigh("dupont alice1"), Strength::Guessable);
        assert_eq!(weigh("wharf lantern oblique tundra"), Strength::Strong);
        for text in ["short", "Password2024!", "wharf lantern oblique tundra", "tq7vw9xz"] {
            let refused = matches!(weigh(text), Strength::TooShort | Strength::TooLong | Strength::Guessable);
            assert_eq!(
                Secret::make(&password(text), &["alice@alpha.test", "Alice Dupont"]).is_err(),
                refused,
                "{text}"
            );
        }
    }

    #[test]
    fn nobody_s_hash_is_well_formed_so_that_checking_it_takes_the_same_time() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
