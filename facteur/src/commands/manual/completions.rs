//! Writes the completions for shells.

use std::path::PathBuf;

use clap_complete::{Shell, generate};

use crate::command_line;
use crate::language::Language;

/// The files of bash, zsh and fish, where each looks for them. Zsh and fish show what an option does, in the language of the
/// person; bash shows names alone.
pub fn all() -> Vec<(PathBuf, String)> {
    vec![
        (PathBuf::from("bash-completion/completions/facteur"), of(Shell::Bash, Language::English)),
        (PathBuf::from("zsh/vendor-completions/_facteur"), zsh()),
        (PathBuf::from("fish/vendor_completions.d/facteur.fish"), fish()),
    ]
}

fn of(shell: Shell, language: Language) -> String {
    let mut text = Vec::new();
    generate(shell, &mut command_line::in_language(language), "facteur", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Zsh knows the file by its first line, which must stay the first.
fn zsh() -> String {
    const FIRST: &str = "#compdef facteur\n";
    let [english, french] = [Language::English, Language::French].map(|language| of(Shell::Zsh, language));
    let [english, french] = [&english, &french].map(|text| text.strip_prefix(FIRST).unwrap_or(text));
    format!("{FIRST}\nif [[ \"${{LC_ALL:-${{LC_MESSAGES:-$LANG}}}}\" == fr* ]]; then\n{french}\nelse\n{english}\nfi\n")
}

fn fish() -> String {
    let [english, french] = [Language::English, Language::French].map(|language| of(Shell::Fish, language));
    format!(
        "set -l facteur_locale (string match -v -- '' $LC_ALL $LC_MESSAGES $LANG)\n\
         if string match -q 'fr*' -- $facteur_locale[1]\n{french}\nelse\n{english}\nend\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_know_the_commands_and_speak_both_languages() {
        for (path, text) in all() {
            assert!(text.contains("account") && text.contains("dry-run"), "{}", path.display());
        }
        for text in [zsh(), fish()] {
            assert!(text.contains("Give a person a mailbox") && text.contains("Donner une boîte à quelqu"), "{text}");
        }
        assert!(zsh().starts_with("#compdef facteur\n"));
    }
}
