//! The words of the help, in the language of whoever reads them.
//!
//! Both texts of a command or an option stand in one place, its doc comment: the first paragraph is English, the second
//! French. Help, man pages, completions and the tables of the documentation are made from them. A test holds that none is
//! missing.

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};

use crate::language::{Language, say};

/// Clap's own words, and the signs around them.
struct Words {
    template: &'static str,
    commands: &'static str,
    command: &'static str,
    arguments: &'static str,
    options: &'static str,
    help: &'static str,
    version: &'static str,
}

const ENGLISH: Words = Words {
    template: "{about-with-newline}\nUsage: {usage}\n\n{all-args}",
    commands: "Commands",
    command: "COMMAND",
    arguments: "Arguments",
    options: "Options",
    help: "Print help",
    version: "Print version",
};

/// Clap puts a colon behind a heading; in French a (narrow, unbreakable) space stands before it.
const FRENCH: Words = Words {
    template: "{about-with-newline}\nUtilisation\u{202f}: {usage}\n\n{all-args}",
    commands: "Commandes\u{202f}",
    command: "COMMANDE",
    arguments: "Arguments\u{202f}",
    options: "Options\u{202f}",
    help: "Afficher cette aide",
    version: "Afficher la version",
};

impl Words {
    fn of(language: Language) -> Self {
        match language {
            Language::English => ENGLISH,
            Language::French => FRENCH,
        }
    }

    fn without_colons(self) -> Self {
        let plain = |heading: &'static str| heading.trim_end_matches('\u{202f}');
        let (commands, arguments, options) = (plain(self.commands), plain(self.arguments), plain(self.options));
        Self { commands, arguments, options, ..self }
    }
}

/// The words that stand for a value in the help, with the French ones.
const VALUES: &[(&str, &str)] = &[
    ("ADDRESS", "ADRESSE"),
    ("ADDRESS|URL", "ADRESSE|URL"),
    ("ALIAS", "ALIAS"),
    ("CHOICE", "CHOIX"),
    ("COMMAND", "COMMANDE"),
    ("DAY", "JOUR"),
    ("DAYS", "JOURS"),
    ("DOMAIN", "DOMAINE"),
    ("EVENTS", "ÉVÉNEMENTS"),
    ("FILE", "FICHIER"),
    ("FOLDER", "DOSSIER"),
    ("FORMAT", "FORMAT"),
    ("GROUP", "GROUPE"),
    ("HOST", "SERVEUR"),
    ("ID", "IDENTIFIANT"),
    ("KIND", "SORTE"),
    ("LANGUAGE", "LANGUE"),
    ("LETTER", "LETTRE"),
    ("LETTERS", "LETTRES"),
    ("LETTER|MESSAGE-ID|ADDRESS", "LETTRE|MESSAGE-ID|ADRESSE"),
    ("MEMBERS", "MEMBRES"),
    ("MINUTES", "MINUTES"),
    ("NAME", "NOM"),
    ("NUMBER", "NOMBRE"),
    ("OPTION", "OPTION"),
    ("PART", "PARTIE"),
    ("PATH", "CHEMIN"),
    ("QUOTA", "QUOTA"),
    ("RECIPIENTS", "DESTINATAIRES"),
    ("RUN", "NUMÉRO"),
    ("SCOPES", "PORTÉES"),
    ("SELECTOR", "SÉLECTEUR"),
    ("SERVICE", "SERVICE"),
    ("SHA256", "SHA256"),
    ("SIZE", "TAILLE"),
    ("SOURCE", "SOURCE"),
    ("SOURCES", "SOURCES"),
    ("TARGET", "CIBLE"),
    ("TARGETS", "CIBLES"),
    ("TEXT", "TEXTE"),
    ("TLS", "TLS"),
    ("URL", "URL"),
    ("WHEN", "QUAND"),
    ("WHO", "QUI"),
];

/// The command line with its help in a language.
pub fn in_language(command: Command, language: Language) -> Command {
    whole(command, language, &Words::of(language))
}

/// The same with headings that no colon follows.
pub fn for_pages(command: Command, language: Language) -> Command {
    whole(command, language, &Words::of(language).without_colons())
}

fn whole(command: Command, language: Language, words: &Words) -> Command {
    let version = own_flag("version", 'V', ArgAction::Version, words.version, words);
    with_words(command, language, words).disable_version_flag(true).arg(version)
}

fn with_words(command: Command, language: Language, words: &Words) -> Command {
    let about = command.get_long_about().and_then(|both| one_of(both, language));
    let mut command = command
        .help_template(words.template)
        .subcommand_help_heading(words.commands)
        .subcommand_value_name(words.command)
        .mut_args(|arg| arg_with_words(arg, language, words))
        .disable_help_flag(true)
        .arg(own_flag("help", 'h', ArgAction::Help, words.help, words));
    if let Some(about) = about {
        command = command.about(about).long_about(None::<&'static str>);
    }
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |command| with_words(command, language, words));
    }
    command
}

/// Makes our flag in place of the one that clap would add, whose text is English.
fn own_flag(name: &'static str, short: char, action: ArgAction, help: &'static str, words: &Words) -> Arg {
    Arg::new(name).short(short).long(name).action(action).help(help).help_heading(words.options)
}

fn arg_with_words(arg: Arg, language: Language, words: &Words) -> Arg {
    let heading = if arg.is_positional() { words.arguments } else { words.options };
    let help = arg.get_long_help().and_then(|both| one_of(both, language)).map(|help| help + &choices(&arg, language));
    let values: Vec<&'static str> =
        arg.get_value_names().unwrap_or_default().iter().filter_map(|name| value(name, language)).collect();
    let takes_values = arg.get_action().takes_values();
    let mut arg = arg.help_heading(heading);
    if takes_values {
        arg = arg.hide_possible_values(true).hide_default_value(true);
    }
    if let Some(help) = help {
        arg = arg.help(help).long_help(None::<&'static str>);
    }
    if values.is_empty() { arg } else { arg.value_names(values) }
}

/// Says which values an option takes, and which it has by default: clap would add both in English.
fn choices(arg: &Arg, language: Language) -> String {
    if !arg.get_action().takes_values() {
        return String::new();
    }
    let possible: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let (possible_list, default_list) = (possible.join(", "), default.join(", "));
    let mut text = String::new();
    if !possible.is_empty() {
        text += &say!(in language; " [possible values: {possible_list}]", " [valeurs possibles : {possible_list}]");
    }
    if !default.is_empty() {
        text += &say!(in language; " [default: {default_list}]", " [par défaut : {default_list}]");
    }
    text
}

fn value(name: &str, language: Language) -> Option<&'static str> {
    let (english, french) = VALUES.iter().find(|(english, _)| *english == name)?;
    Some(match language {
        Language::English => english,
        Language::French => french,
    })
}

/// One of the two paragraphs.
fn one_of(both: &StyledStr, language: Language) -> Option<String> {
    let both = both.to_string();
    let (english, french) = both.split_once("\n\n")?;
    Some(match language {
        Language::English => english.to_owned(),
        Language::French => french.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::CommandLine;
    use super::*;

    /// Returns true if a doc comment has its two paragraphs, and no third.
    fn is_whole(both: Option<&StyledStr>) -> bool {
        both.is_some_and(|both| {
            let both = both.to_string();
            let texts: Vec<&str> = both.split("\n\n").collect();
            texts.len() == 2 && texts[0] != texts[1] && texts.iter().all(|text| !text.trim().is_empty())
        })
    }

    fn missing(command: &Command, path: &str, found: &mut Vec<String>) {
        if !is_whole(command.get_long_about()) {
            found.push(path.to_owned());
        }
        for arg in command.get_arguments() {
            if !is_whole(arg.get_long_help()) {
                found.push(format!("{path} {}", arg.get_id()));
            }
            let values = arg
                .get_value_names()
                .unwrap_or_default()
                .iter()
                .filter(|_| arg.get_action().takes_values() && !arg.is_hide_set());
            found.extend(
                values.filter(|name| value(name, Language::French).is_none()).map(|name| format!("{path} <{name}>")),
            );
        }
        for below in command.get_subcommands() {
            missing(below, &format!("{path} {}", below.get_name()), found);
        }
    }

    #[test]
    fn every_command_option_and_value_has_its_text_in_both_languages() {
        let mut found = Vec::new();
        missing(&CommandLine::command(), "facteur", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_text_without_its_french_is_found() {
        let command = Command::new("x").long_about("One\n\nUn").arg(Arg::new("y").long("y").long_help("Two"));
        let mut found = Vec::new();
        missing(&command, "x", &mut found);
        assert_eq!(found, ["x y"]);
    }
}
