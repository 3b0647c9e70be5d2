//! Man pages: one for each command, and facteur.toml(5).

use std::path::PathBuf;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::command_line;
use crate::config::settings::{GROUPS, Group, Setting, Shown};
use crate::language::{Language, say};

const VERSION: &str = concat!("Facteur ", env!("CARGO_PKG_VERSION"));

/// All pages in a language, by their path below its folder.
pub fn all(language: Language) -> Vec<(PathBuf, String)> {
    let mut command = command_line::for_pages(language);
    command.build();
    let mut pages = vec![(PathBuf::from("man5/facteur.toml.5"), configuration(language))];
    commands(&command, language, &mut pages);
    pages
}

fn commands(command: &Command, language: Language, pages: &mut Vec<(PathBuf, String)>) {
    let man = Man::new(command.clone()).date("").source(VERSION).manual(manual(language));
    pages.push((PathBuf::from("man1").join(man.get_filename()), page(&man, command, language)));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        commands(below, language, pages);
    }
}

fn manual(language: Language) -> String {
    say!(in language; "Manual of Facteur", "Manuel de Facteur")
}

fn page(man: &Man, command: &Command, language: Language) -> String {
    let mut page = Vec::new();
    // Nothing can fail that writes into memory.
    let _ = man.render_title(&mut page);
    let _ = man.render_name_section(&mut page);
    let _ = man.render_synopsis_section(&mut page);
    let _ = man.render_description_section(&mut page);
    if command.has_subcommands() {
        let _ = man.render_subcommands_section(&mut page);
    }
    let _ = man.render_options_section(&mut page);
    let mut more = Roff::new();
    if command.get_name() == "facteur" {
        about_all(&mut more, language);
    }
    see_also(&mut more, command, language);
    let name = say!(in language; ".SH NAME\n", ".SH NOM\n");
    String::from_utf8_lossy(&page).replacen(".SH NAME\n", &name, 1) + &more.to_roff()
}

/// Writes the sections that hold for every command.
fn about_all(page: &mut Roff, language: Language) {
    page.control("SH", [say!(in language; "EXIT STATUS", "CODE DE RETOUR").as_str()]);
    page.text([roman(say!(in language;
        "0: done. 1: it failed, and standard error says why. 2: the command line was not understood. facteur send ends with the \
         exit codes of sysexits.h, as sendmail does.",
        "0 : fait. 1 : échec, et l'erreur standard dit pourquoi. 2 : la ligne de commande n'est pas comprise. facteur send a \
         les codes de retour de sysexits.h, comme sendmail."))]);
    page.control("SH", [say!(in language; "ENVIRONMENT", "ENVIRONNEMENT").as_str()]);
    page.text([roman(say!(in language;
        "LC_ALL, LC_MESSAGES, LANG: English or French. RUST_LOG: how much the log tells.",
        "LC_ALL, LC_MESSAGES, LANG : l'anglais ou le français. RUST_LOG : tout ce que dit le journal."))]);
    page.control("SH", [say!(in language; "FILES", "FICHIERS").as_str()]);
    for (file, what) in [
        ("/etc/facteur/facteur.toml", say!(in language; "the configuration", "la configuration")),
        ("/var/lib/facteur", say!(in language; "the data folder", "le dossier des données")),
    ] {
        page.control("TP", []);
        page.text([italic(file)]);
        page.text([roman(what)]);
    }
}

fn see_also(page: &mut Roff, command: &Command, language: Language) {
    page.control("SH", [say!(in language; "SEE ALSO", "VOIR AUSSI").as_str()]);
    let others = if command.get_name() == "facteur" { "facteur.toml(5)" } else { "facteur(1), facteur.toml(5)" };
    page.text([roman(others)]);
}

/// facteur.toml(5).
fn configuration(language: Language) -> String {
    let mut page = Roff::new();
    let title = ["facteur.toml", "5", "", VERSION];
    page.control("TH", title.into_iter().chain([manual(language).as_str()]));
    page.control("SH", [say!(in language; "NAME", "NOM").as_str()]);
    page.text([roman(say!(in language;
        "facteur.toml - the configuration of Facteur",
        "facteur.toml - la configuration de Facteur"))]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(say!(in language;
        "Facteur reads /etc/facteur/facteur.toml, or the file that --config names, when it starts. The file is TOML; everything \
         in it has a default. A key that is no setting is an error, which names the nearest that is one.",
        "Facteur lit /etc/facteur/facteur.toml, ou le fichier que nomme --config, quand il démarre. Le fichier est du TOML ; \
         tout y a une valeur par défaut. Une clé qui n'est pas un réglage est une erreur, qui nomme le réglage le plus proche."))]);
    for group in GROUPS {
        settings(&mut page, group, language);
    }
    page.control("SH", [say!(in language; "SEE ALSO", "VOIR AUSSI").as_str()]);
    page.text([roman("facteur(1)")]);
    page.to_roff()
}

fn settings(page: &mut Roff, group: &Group, language: Language) {
    let top = say!(in language; "AT THE TOP", "EN TÊTE");
    page.control("SH", [if group.heading.is_empty() { &top } else { group.heading }]);
    page.text([roman(format!("{}.", group.text(language)))]);
    for setting in group.settings {
        page.control("TP", []);
        page.text([bold(setting.key), roman(" = "), italic(setting.kind_in_words(language))]);
        page.text([roman(told(setting, language))]);
    }
}

fn told(setting: &Setting, language: Language) -> String {
    let (text, example) = (setting.text(language), setting.example_as_toml());
    let (Shown::Toml(default) | Shown::Words(default)) = setting.default_in_words(language);
    say!(in language;
        "{text}. Default: {default}. Such as {example}",
        "{text}. Par défaut : {default}. Par exemple {example}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(name: &str, language: Language) -> String {
        let pages = all(language);
        pages.into_iter().find(|(path, _)| path.ends_with(name)).map(|(_, page)| page).expect("the page")
    }

    #[test]
    fn a_page_names_every_option_in_its_language() {
        let english = page_of("facteur-account-add.1", Language::English);
        assert!(english.contains(r"\-\-quota") && english.contains("How much their mailbox may hold"), "{english}");
        let french = page_of("facteur-account-add.1", Language::French);
        assert!(french.contains(".SH NOM\n") && french.contains(r"\-\-quota"), "{french}");
        for word in ["Possible values", "OPTIONS:", "How much"] {
            assert!(!french.contains(word), "{word} in {french}");
        }
    }

    #[test]
    fn the_page_of_the_configuration_has_every_setting() {
        for language in [Language::English, Language::French] {
            let page = page_of("facteur.toml.5", language);
            for setting in GROUPS.iter().flat_map(|group| group.settings) {
                assert!(page.contains(&setting.key.replace('-', "\\-")), "{}", setting.key);
            }
        }
    }
}
