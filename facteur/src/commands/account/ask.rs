//! Asking a person, or a script in their place.

use mail::{Address, Password};

use crate::failure::Failure;
use crate::language::{Language, say};
use crate::terminal;

/// The first line of standard input.
pub fn password_on_stdin() -> Result<Password, Failure> {
    let line = terminal::line().map_err(|failure| unreadable(&failure))?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(Failure::new(say!(
            "standard input has no password in its first line",
            "l'entrée standard n'a pas de mot de passe sur sa première ligne"
        )));
    }
    Ok(Password::new(password))
}

/// Asked twice on the terminal, without showing it.
pub fn password_on_terminal(address: &Address) -> Result<Password, Failure> {
    if !terminal::input_is_terminal() {
        return Err(Failure {
            status: 2,
            text: say!(
                "there is no terminal to ask for a password; say --password-stdin or --generate",
                "pas de terminal où demander un mot de passe ; ajoutez --password-stdin ou --generate"
            ),
        });
    }
    let first = ask(say!("Password for {address}: ", "Mot de passe pour {address} : "))?;
    let second = ask(say!("Once more: ", "Encore une fois : "))?;
    if first != second {
        return Err(Failure::new(say!("the two are not the same", "les deux ne sont pas les mêmes")));
    }
    Ok(first)
}

/// The password of a mailbox elsewhere, asked once: its server will say if it is wrong.
pub fn password_elsewhere(whose: &str) -> Result<Password, Failure> {
    if !terminal::input_is_terminal() {
        return Err(Failure {
            status: 2,
            text: say!(
                "there is no terminal to ask for a password; say --password-stdin or --password-file",
                "pas de terminal où demander un mot de passe ; ajoutez --password-stdin ou --password-file"
            ),
        });
    }
    ask(say!("Password for {whose}: ", "Mot de passe pour {whose} : "))
}

fn ask(prompt: String) -> Result<Password, Failure> {
    terminal::hidden(prompt).map(Password::new).map_err(|failure| unreadable(&failure))
}

fn unreadable(failure: &Failure) -> Failure {
    let why = &failure.text;
    Failure::new(say!("no password could be read: {why}", "impossible de lire le mot de passe : {why}"))
}

/// Asks yes or no; anything that is not a yes is a no.
pub fn sure(question: &str) -> Result<bool, Failure> {
    let choice = say!("[y/N]", "[o/N]");
    terminal::print(&format!("{question} {choice} "));
    let line = terminal::line()?;
    Ok(is_yes(&line, Language::of_the_person()))
}

fn is_yes(answer: &str, language: Language) -> bool {
    let answer = answer.trim().to_lowercase();
    match language {
        Language::English => matches!(answer.as_str(), "y" | "yes"),
        Language::French => matches!(answer.as_str(), "o" | "oui"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        assert!(is_yes("Yes\n", Language::English) && is_yes("o\n", Language::French));
        for no in ["", "\n", "n", "yess", "oui"] {
            assert!(!is_yes(no, Language::English), "{no}");
        }
    }
}
