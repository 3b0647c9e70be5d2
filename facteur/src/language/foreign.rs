//! Quotes the words of servers elsewhere, since they are in those servers' words, and adds their meaning if it is
//! known.

use mail::foreign::Meaning;

use super::{Language, ours, say, system_words};

/// The words of a server in quotation marks, and what they mean.
pub fn foreign(said: &str) -> String {
    in_language(said, Language::of_the_person())
}

/// The same of what stopped a fetch: a sentence of ours, and what the system says of a connection, are said in the
/// person's language.
pub fn fault(said: &str) -> String {
    let ours = ours::in_language(said, Language::of_the_person());
    ours.or_else(|| system_words(said)).unwrap_or_else(|| foreign(said))
}

fn in_language(said: &str, language: Language) -> String {
    let said: String = said.chars().filter(|c| !c.is_control()).collect();
    let quoted = say!(in language; "“{said}”", "« {said} »");
    let Some(words) = Meaning::told(&said).map(Meaning::words) else { return quoted };
    let (english, french) = (words.english, words.french);
    say!(in language; "{quoted} – {english}", "{quoted} – {french}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_are_quoted_and_explained_where_they_are_known() {
        assert_eq!(
            in_language("550 5.1.1 nobody\u{1b}[2J", Language::French),
            "« 550 5.1.1 nobody[2J » – aucune boîte aux lettres ne correspond à cette adresse"
        );
        assert_eq!(
            in_language("550 5.1.1 nobody", Language::English),
            "“550 5.1.1 nobody” – there is no mailbox with this address"
        );
        assert_eq!(in_language("554 no", Language::French), "« 554 no »");
    }

    #[test]
    fn what_the_system_said_is_said_in_the_persons_language() {
        let refused = std::io::Error::from_raw_os_error(rustix::io::Errno::CONNREFUSED.raw_os_error());
        let told = fault(&format!("connecting to imap.beta.test: {refused}"));
        assert!(!told.contains("os error") && !told.contains('«') && !told.contains('“'), "{told}");
    }
}
