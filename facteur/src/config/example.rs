//! The example of a configuration file: every setting with its text and its default, all of them commented out, so
//! that the file as it is changes nothing.

use super::settings::{Fallback, GROUPS, Group, Setting, Shown};
use crate::language::{Language, say};

/// Comments are no wider than this.
const WIDTH: usize = 100;

/// The ways that the file shows, each with the settings of a `[[route]]` that go together, as TOML.
type Way = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const WAYS: &[Way] = &[
    (
        "All letters for elsewhere through a provider",
        "Toutes les lettres pour ailleurs par un fournisseur",
        &[
            ("domain", "\"*\""),
            ("to", "\"smtp.isp.test:587\""),
            ("user", "\"alice@isp.test\""),
            ("password_file", "\"/etc/facteur/smarthost.password\""),
            ("tls", "\"verified\""),
        ],
    ),
    (
        "Letters for a domain to a program, which runs as the user who gets them",
        "Les lettres d'un domaine à un programme, sous l'utilisateur qui les reçoit",
        &[
            ("domain", "\"beta.test\""),
            ("to", "\"command:/usr/bin/procmail -d $USER\""),
            ("receive", "true"),
            ("user", "\"$USER\""),
            ("smallest_uid", "1000"),
            ("largest_uid", "61183"),
            ("from_line", "true"),
        ],
    ),
];

/// The file, commented in a language.
pub fn file(language: Language) -> String {
    let mut text = comment(&say!(in language;
        "The configuration of Facteur: /etc/facteur/facteur.toml, or the file that --config names. Everything has a default. \
         Lines that begin with # change nothing; to set something, take the # in front of it away. facteur.toml(5) tells more",
        "La configuration de Facteur : /etc/facteur/facteur.toml, ou le fichier que nomme --config. Tout a une valeur par \
         défaut. Les lignes qui commencent par # ne changent rien ; pour régler quelque chose, retirez le # qui précède. \
         facteur.toml(5) en dit plus"));
    for group in GROUPS {
        text += &show_group(group, language);
    }
    text
}

fn show_group(group: &Group, language: Language) -> String {
    let heading = if group.heading.is_empty() { String::new() } else { format!("\n{}", comment(group.text(language))) };
    if group.heading.starts_with("[[") {
        return heading
            + &group.settings.iter().map(|setting| told(setting, language)).collect::<String>()
            + &ways(group, language);
    }
    let name = if group.heading.is_empty() { String::new() } else { format!("{}\n", group.heading) };
    let settings = group.settings.iter().map(|setting| {
        let value = setting.default_as_toml().unwrap_or_else(|| setting.example_as_toml());
        format!("\n{}#{} = {value}\n", told_in_file(setting, language), setting.key)
    });
    heading + &name + &settings.collect::<String>()
}

/// Says what a setting does, and its default if the line below does not show it.
fn told_in_file(setting: &Setting, language: Language) -> String {
    let text = setting.text(language);
    match setting.default_in_words(language) {
        Shown::Toml(_) => comment(text),
        Shown::Words(default) => {
            comment(&say!(in language; "{text}. Default: {default}", "{text}. Par défaut : {default}"))
        }
    }
}

/// The same in a list, where no line below shows the setting.
fn told(setting: &Setting, language: Language) -> String {
    let (key, text) = (setting.key, setting.text(language));
    let default = match (setting.default_in_words(language), setting.fallback) {
        (_, Fallback::Needed) => String::new(),
        (Shown::Toml(default) | Shown::Words(default), _) => {
            say!(in language; ". Default: {default}", ". Par défaut : {default}")
        }
    };
    comment(&say!(in language; "{key}: {text}{default}", "{key} : {text}{default}"))
}

fn ways(group: &Group, language: Language) -> String {
    let show = |(english, french, settings): &Way| {
        let told = say!(in language; "{english}:", "{french} :");
        let lines = settings.iter().map(|(key, value)| format!("#{key} = {value}\n"));
        format!("\n{}#{}\n{}", comment(&told), group.heading, lines.collect::<String>())
    };
    WAYS.iter().map(show).collect()
}

/// Makes lines of a comment. A blank behind the # tells words from settings.
fn comment(text: &str) -> String {
    const UNBROKEN: &str = "\u{a0}";
    // No line begins with the sign that French sets off by a blank.
    let text = [":", ";", "»"]
        .into_iter()
        .fold(text.to_owned(), |text, sign| text.replace(&format!(" {sign}"), &format!("{UNBROKEN}{sign}")));
    let mut lines = vec![String::from("#")];
    for word in text.split(' ') {
        let full = lines.last().is_some_and(|line| line.chars().count() + word.chars().count() >= WIDTH);
        if full {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            *line += &format!(" {word}");
        }
    }
    lines.join("\n").replace(UNBROKEN, " ") + "\n"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;
    use super::*;

    /// The file with every setting switched on, but those that do not go together with another in it.
    fn switched_on(file: &str) -> String {
        let on = |line: &str| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') && !line.starts_with("#user = \"facteur\"") => {
                setting.to_owned()
            }
            _ => line.to_owned(),
        };
        file.lines().map(|line| on(line) + "\n").collect()
    }

    #[test]
    fn the_example_changes_nothing_as_it_is() {
        for language in [Language::English, Language::French] {
            assert_eq!(Config::parse(&file(language), Path::new("/"), language), Ok(Config::default()));
        }
    }

    #[test]
    fn every_setting_stands_in_the_example_and_is_understood_when_it_is_switched_on() {
        for language in [Language::English, Language::French] {
            let on = switched_on(&file(language));
            let config = Config::parse(&on, Path::new("/"), language);
            let config = config.unwrap_or_else(|problems| panic!("{on}\n{problems:?}"));
            assert_eq!(config.routes.len(), WAYS.len());
        }
        let file = file(Language::English);
        for group in GROUPS {
            for setting in group.settings {
                assert!(file.contains(&format!("\n#{} = ", setting.key)), "{} {}", group.heading, setting.key);
            }
        }
    }

    #[test]
    fn every_setting_is_read() {
        for group in GROUPS {
            for setting in group.settings {
                let line = format!("{} = 1979-05-27", setting.key);
                let needed = match (group.key, setting.key) {
                    ("route", "domain" | "to") | ("" | "listen" | "proxy" | "store" | "dns" | "receive", _) => "",
                    _ => "domain = \"a.test\"\nto = \"command:/bin/cat\"\n",
                };
                let text = format!("{}\n{needed}{line}", group.heading);
                let told = Config::parse(&text, Path::new("/"), Language::English).expect_err("a date is no value");
                assert!(told.iter().any(|problem| problem.text.contains(setting.key)), "{text}: {told:?}");
            }
        }
    }

    #[test]
    fn a_key_has_one_place() {
        for group in GROUPS {
            let keys = group.keys();
            assert!(keys.iter().all(|key| keys.iter().filter(|other| *other == key).count() == 1), "{keys:?}");
            assert_eq!(super::super::settings::group(group.key).map(|found| found.heading), Some(group.heading));
        }
        let doors: Vec<_> = super::super::settings::group("listen").into_iter().flat_map(Group::keys).collect();
        assert_eq!(doors, super::super::Door::ALL.map(super::super::Door::name));
    }
}
