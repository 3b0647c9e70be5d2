//! Says in French what is wrong with a command line: clap's own words are English.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// Says what was not understood, how the command is used, and how to learn more.
pub fn in_french(error: &Error) -> String {
    let what = what_is_wrong(error).unwrap_or_else(|| "cette ligne de commande n'est pas comprise".to_owned());
    let advice: String = ADVICE
        .iter()
        .filter_map(|(kind, before)| Some(format!("\n\n  {before} {}", quoted(error.get(*kind)?)?)))
        .collect();
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => {
            let usage = usage.to_string();
            format!("\n\n{}", usage.replacen("Usage:", "Utilisation :", 1))
        }
        _ => String::new(),
    };
    format!("erreur : {what}{advice}{usage}\n\nPour en savoir plus, essayez --help.\n")
}

/// The sentences that suggest what was probably meant.
const ADVICE: &[(ContextKind, &str)] = &[
    (ContextKind::SuggestedSubcommand, "la commande qui y ressemble :"),
    (ContextKind::SuggestedArg, "l'option qui y ressemble :"),
    (ContextKind::SuggestedValue, "la valeur qui y ressemble :"),
];

fn what_is_wrong(error: &Error) -> Option<String> {
    let said = |kind| quoted(error.get(kind)?);
    let argument = || said(ContextKind::InvalidArg);
    Some(match error.kind() {
        ErrorKind::UnknownArgument => format!("{} est inconnu ici", argument()?),
        ErrorKind::InvalidSubcommand => format!("il n'y a pas de commande {}", said(ContextKind::InvalidSubcommand)?),
        ErrorKind::MissingSubcommand => format!("dites quoi faire, après {}", said(ContextKind::InvalidSubcommand)?),
        ErrorKind::MissingRequiredArgument => format!("il manque {}", argument()?),
        ErrorKind::ArgumentConflict => conflict(error)?,
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => value(error)?,
        ErrorKind::NoEquals => format!("un signe = doit suivre {}", argument()?),
        ErrorKind::TooManyValues => {
            format!("{} est de trop pour {}", said(ContextKind::InvalidValue)?, argument()?)
        }
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{} n'a pas autant de valeurs qu'il en faut", argument()?)
        }
        ErrorKind::InvalidUtf8 => "un mot de la ligne de commande n'est pas du texte (UTF-8)".to_owned(),
        _ => return None,
    })
}

fn conflict(error: &Error) -> Option<String> {
    let said = |kind| quoted(error.get(kind)?);
    let what = said(ContextKind::InvalidArg).or_else(|| said(ContextKind::InvalidSubcommand))?;
    Some(match said(ContextKind::PriorArg) {
        Some(other) if other == what => format!("{what} ne se dit qu'une fois"),
        Some(other) => format!("{what} ne va pas avec {other}"),
        None => format!("{what} ne va pas avec le reste"),
    })
}

fn value(error: &Error) -> Option<String> {
    let argument = quoted(error.get(ContextKind::InvalidArg)?)?;
    let value = quoted(error.get(ContextKind::InvalidValue)?).unwrap_or_default();
    if value.is_empty() || value == quote("") {
        return Some(format!("{argument} demande une valeur"));
    }
    let why = std::error::Error::source(error).map(|why| format!(" : {why}"));
    let possible = error.get(ContextKind::ValidValue).and_then(quoted);
    let possible = possible.map(|possible| format!("\n  valeurs possibles : {possible}"));
    Some(format!("{value} ne convient pas pour {argument}{}{}", why.unwrap_or_default(), possible.unwrap_or_default()))
}

/// The words that clap names, in French quotation marks.
fn quoted(value: &ContextValue) -> Option<String> {
    match value {
        ContextValue::String(word) => Some(quote(word)),
        ContextValue::Strings(words) if !words.is_empty() => {
            Some(words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(", "))
        }
        _ => None,
    }
}

fn quote(word: &str) -> String {
    format!("« {word} »")
}
