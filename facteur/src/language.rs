//! The two languages a person may read, and how a sentence is said in them.

mod database;
mod document;
mod encryption;
mod foreign;
mod ours;
mod system;

use std::cell::Cell;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

thread_local! {
    /// The language of the caller whose command runs on this thread.
    static OF_CALLER: Cell<Option<Language>> = const { Cell::new(None) };
}

/// Says which language the caller reads whose command runs on this thread from now on; none: no caller's does.
pub fn of_caller(language: Option<Language>) {
    OF_CALLER.set(language);
}

/// A language a person may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    English,
    French,
}

impl Language {
    /// Returns the language of the person whose command runs on this thread, or else of the one at the terminal of
    /// this process.
    pub fn of_the_person() -> Self {
        if let Some(language) = OF_CALLER.get() {
            return language;
        }
        static ASKED: OnceLock<Language> = OnceLock::new();
        *ASKED.get_or_init(|| Self::from_variables(|name| std::env::var(name).ok()))
    }

    /// POSIX: LC_ALL wins over LC_MESSAGES, and that over LANG; one that is empty counts as absent.
    fn from_variables(value: impl Fn(&str) -> Option<String>) -> Self {
        let chosen = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(value).find(|text| !text.is_empty());
        match chosen.as_deref().and_then(|text| text.split(['_', '.', '@', '-']).next()) {
            Some("fr") => Self::French,
            _ => Self::English,
        }
    }
}

/// A sentence in the person's language. Both are written where the sentence is needed, so that none can be
/// forgotten: `say!("no domain yet", "pas encore de domaine")`, with the captures of `format!`.
/// `say!(in language; …)` names the language.
macro_rules! say {
    (in $language:expr; $english:literal, $french:literal $(,)?) => {
        match $language {
            $crate::language::Language::English => format!($english),
            $crate::language::Language::French => format!($french),
        }
    };
    ($english:literal, $french:literal $(,)?) => {
        say!(in $crate::language::Language::of_the_person(); $english, $french)
    };
}
pub use database::database;
pub use document::toml;
pub use encryption::encryption;
pub use foreign::{fault, foreign};
pub(crate) use say;
pub use system::{system, system_words};

/// « de » before a word: « d' » where the word begins with a vowel, as « d'alice@alpha.test ».
pub fn de(word: &str) -> String {
    // Behind an h nobody can say without knowing the word.
    let vowel = word.chars().next().is_some_and(|first| "aàâeéèêëiîïoôœuùûyAÀÂEÉÈÊËIÎÏOÔŒUÙÛY".contains(first));
    if vowel { format!("d'{word}") } else { format!("de {word}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Language {
        Language::from_variables(|name| {
            variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn lc_all_wins_over_lang_and_an_empty_variable_counts_as_absent() {
        assert_eq!(with(&[("LANG", "fr_FR.UTF-8")]), Language::French);
        assert_eq!(with(&[("LANG", "fr_CA"), ("LC_ALL", "en_GB.UTF-8")]), Language::English);
        assert_eq!(with(&[("LANG", "fr"), ("LC_ALL", "")]), Language::French);
        assert_eq!(with(&[("LANG", "fur_IT")]), Language::English);
        assert_eq!(with(&[]), Language::English);
    }

    #[test]
    fn de_loses_its_vowel_before_another() {
        assert_eq!(de("alice@alpha.test"), "d'alice@alpha.test");
        assert_eq!((de("Émile"), de("bob@beta.test")), ("d'Émile".to_owned(), "de bob@beta.test".to_owned()));
    }

    #[test]
    fn a_sentence_is_said_in_either_language() {
        let count = 3;
        assert_eq!(say!(in Language::English; "{count} letters", "{count} lettres"), "3 letters");
        assert_eq!(say!(in Language::French; "{count} letters", "{count} lettres"), "3 lettres");
    }
}
