//! Passwords that are among the first to be guessed.
//!
//! Nearly all passwords that are ever guessed over the network are on lists of the commonest (NIST SP 800-63B
//! §3.1.1.2), or made of facts about their person, with a few digits and signs around. zxcvbn has such lists, and
//! estimates how many guesses a password takes.

use zeroize::Zeroizing;
use zxcvbn::zxcvbn;

/// A password that takes fewer guesses is refused: so many can be tried over the network by somebody who has many networks.
const FEWEST: u64 = 1_000_000;
/// A word that takes fewer is a common one, and stays so behind a year and an exclamation mark.
const COMMON: u64 = 50_000;
/// The number of digits and signs around a common word that hide nothing.
const AROUND: usize = 6;
/// Shorter words of a person stand in many others.
const SHORTEST: usize = 3;
/// Words that are part of everybody's surroundings here.
const OURS: &[&str] = &["facteur", "courrier", "postmaster"];

/// Returns true if somebody who knows the facts in `own` about its person would guess `password` soon.
pub(crate) fn is_guessed_soon(password: &str, own: &[&str]) -> bool {
    let folded = Zeroizing::new(password.to_lowercase());
    let words = words(own);
    if is_around(&folded, &words) {
        return true;
    }
    let known: Vec<&str> = OURS.iter().copied().chain(words.iter().map(String::as_str)).collect();
    let guesses = |text: &str| zxcvbn(text, &known).guesses();
    if guesses(&folded) < FEWEST {
        return true;
    }
    let word = folded.trim_matches(|letter: char| !letter.is_alphabetic());
    let around = folded.chars().count() - word.chars().count();
    (1..=AROUND).contains(&around) && guesses(word) < COMMON
}

/// Returns how many guesses the best of our estimates needs, as a power of ten.
pub(crate) fn magnitude(password: &str, own: &[&str]) -> u32 {
    let words = words(own);
    let known: Vec<&str> = OURS.iter().copied().chain(words.iter().map(String::as_str)).collect();
    zxcvbn(password, &known).guesses().checked_ilog10().unwrap_or_default()
}

/// Returns true if the password consists of nothing but words of the person, and a few signs around them.
fn is_around(folded: &str, words: &[String]) -> bool {
    let mut rest = Zeroizing::new(folded.to_owned());
    for word in words.iter().filter(|word| word.chars().count() >= SHORTEST) {
        rest = Zeroizing::new(rest.replace(word.as_str(), ""));
    }
    rest.len() < folded.len() && rest.chars().count() <= AROUND
}

/// `alice.b@alpha.test` gives itself, `alice.b`, `alice`, `b`, `alpha.test`, `alpha` and `test`.
fn words(own: &[&str]) -> Vec<String> {
    let pieces = |text: &str| -> Vec<String> {
        let whole = text.split(['@', ' ']).map(str::to_lowercase);
        let parts = text.split(|letter: char| !letter.is_alphanumeric()).map(str::to_lowercase);
        [text.to_lowercase()].into_iter().chain(whole).chain(parts).filter(|word| !word.is_empty()).collect()
    };
    let mut words: Vec<String> = own.iter().flat_map(|text| pieces(text)).collect();
    // Longest first, so that of a word nothing is left that a shorter one has bitten into.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: [&str; 2] = ["alice@alpha.test", "Alice Dupont"];

    #[test]
    fn the_commonest_are_refused_whatever_their_case_and_with_digits_around() {
        for password in [
            "password",
            "PassWord",
            "password1",
            "Password2024!",
            "p@ssw0rd1",
            "12345678",
            "1234567890",
            "11111111",
            "abcdefgh",
            "qwertyuiop",
            "azertyuiop",
            "azerty123",
            "motdepasse",
            "MotDePasse1!",
            "iloveyou2",
            "sunshine99",
            "football2025",
            "marseille13",
            "doudou12",
            "Soleil2023",
            "jetaime1",
            "nicolas1998",
            "letmein!!",
            "aaaaaaaaaaaa",
            "00000000",
            "abc123abc123",
            "passwordpassword",
            "drowssap1",
            "zaq12wsx",
            "!!dragon!!1",
        ] {
            assert!(is_guessed_soon(password, &ALICE), "{password}");
        }
    }

    #[test]
    fn what_is_known_of_the_person_is_refused() {
        for password in [
            "alice@alpha.test",
            "Alice1985",
            "alicedupont",
            "dupont2026",
            "alpha.test",
            "alphatest",
            "facteur2026",
            "Facteur!",
            "alice.dupont",
            "tnopud12",
        ] {
            assert!(is_guessed_soon(password, &ALICE), "{password}");
        }
    }

    #[test]
    fn words_that_do_not_belong_together_are_good() {
        for password in [
            "correct horse",
            "un-mot-de-passe",
            "le mot de passe de alice",
            "kitchen-window",
            "quite another one",
            "xkq7-vmt2-p9fd",
            "château fort du lac",
            "горький чай",
        ] {
            assert!(!is_guessed_soon(password, &ALICE), "{password}");
        }
    }
}
