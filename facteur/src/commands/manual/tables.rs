//! The tables of the documentation that are made, not written. Each stands between two marks in its file.

use std::fs;
use std::path::Path;

use clap::{Arg, Command};

use super::{unwritable, write};
use crate::command_line;
use crate::config::settings::{Fallback, GROUPS, Group, Shown};
use crate::failure::Failure;
use crate::language::{Language, say};

/// The manual in each language.
const MANUALS: [(&str, Language); 2] = [("use.md", Language::English), ("utiliser.md", Language::French)];
/// The name of a table in the marks around it, and the function that makes it.
type Table = (&'static str, fn(Language) -> String);
const TABLES: [Table; 2] = [("commands", commands), ("settings", settings)];

/// Makes the tables in both manuals anew; the rest of each file stays as it is.
pub fn update(folder: &Path) -> Result<(), Failure> {
    for (file, language) in MANUALS {
        let path = folder.join(file);
        let text = fs::read_to_string(&path).map_err(|why| unwritable(&path, &why))?;
        let renewed = renewed(&text, language).map_err(|mark| without_mark(&path, &mark))?;
        if renewed != text {
            write(&path, &renewed)?;
        }
    }
    Ok(())
}

fn without_mark(path: &Path, mark: &str) -> Failure {
    let path = path.display();
    Failure::new(say!("{path} has no line {mark}", "{path} n'a pas de ligne {mark}"))
}

/// A manual with its tables as they should be; or the mark that it lacks.
fn renewed(text: &str, language: Language) -> Result<String, String> {
    TABLES.iter().try_fold(text.to_owned(), |text, (name, make)| {
        let (begin, end) = (format!("<!-- made: {name} -->\n"), format!("<!-- end: {name} -->\n"));
        let (before, rest) = text.split_once(&begin).ok_or_else(|| begin.trim().to_owned())?;
        let (_, after) = rest.split_once(&end).ok_or_else(|| end.trim().to_owned())?;
        Ok(format!("{before}{begin}{}{end}{after}", make(language)))
    })
}

/// Every command with its options.
fn commands(language: Language) -> String {
    let mut command = command_line::in_language(language);
    command.build();
    let mut table = say!(in language;
        "| command | options | what it does |\n|---|---|---|\n",
        "| commande | options | ce qu'elle fait |\n|---|---|---|\n");
    for below in command.get_subcommands() {
        rows(below, &mut table);
    }
    table
}

fn rows(command: &Command, table: &mut String) {
    if command.is_hide_set() {
        return;
    }
    if !command.is_subcommand_required_set() {
        let shown = |arg: &&Arg| !arg.is_hide_set() && !arg.is_global_set() && arg.get_id() != "help";
        let positionals: String =
            command.get_positionals().filter(shown).map(|arg| format!(" {}", positional(arg))).collect();
        let options: Vec<String> =
            command.get_arguments().filter(|arg| !arg.is_positional()).filter(shown).map(option).collect();
        let (name, about) = (command.get_bin_name().unwrap_or_default(), about(command));
        *table += &format!("| `{name}{}` | {} | {} |\n", cell(&positionals), options.join(", "), cell(&about));
    }
    command.get_subcommands().for_each(|below| rows(below, table));
}

fn positional(arg: &Arg) -> String {
    let name = arg.get_value_names().unwrap_or_default().join(" ");
    let several = arg.get_num_args().is_some_and(|count| count.max_values() > 1);
    let name = if several { format!("{name}…") } else { name };
    if arg.is_required_set() { name } else { format!("[{name}]") }
}

fn option(arg: &Arg) -> String {
    let name = match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => String::new(),
    };
    let values = if arg.get_action().takes_values() {
        arg.get_value_names().unwrap_or_default().join(" ")
    } else {
        String::new()
    };
    cell(&if values.is_empty() { format!("`{name}`") } else { format!("`{name} {values}`") })
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// Every setting with its default.
fn settings(language: Language) -> String {
    let title = say!(in language;
        "| setting | value | default | what it does |\n|---|---|---|---|\n",
        "| réglage | valeur | par défaut | ce qu'il fait |\n|---|---|---|---|\n");
    GROUPS.iter().fold(title, |table, group| table + &rows_of(group, language))
}

fn rows_of(group: &Group, language: Language) -> String {
    let heading = match group.heading {
        "" => String::new(),
        heading => format!("| **`{heading}`** | | | {} |\n", cell(group.text(language))),
    };
    let rows = group.settings.iter().map(|setting| {
        let default = match (setting.fallback, setting.default_in_words(language)) {
            (Fallback::Needed, _) => "–".to_owned(),
            (_, Shown::Toml(value)) => format!("`{value}`"),
            (_, Shown::Words(words)) => words,
        };
        let (kind, text) = (setting.kind_in_words(language), setting.text(language));
        format!("| `{}` | {kind} | {} | {} |\n", setting.key, cell(&default), cell(text))
    });
    heading + &rows.collect::<String>()
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manual(file: &str) -> String {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file)).expect("the manual")
    }

    #[test]
    fn the_tables_of_the_manuals_are_as_the_program_says() {
        for (file, language) in MANUALS {
            let text = manual(file);
            let is_new = renewed(&text, language).expect("its marks") == text;
            assert!(is_new, "docs/{file} is stale; make it anew: cargo run -p facteur -- manual docs --tables");
        }
    }

    #[test]
    fn every_command_stands_in_the_table() {
        let table = commands(Language::English);
        for command in
            ["facteur serve", "facteur account add ADDRESS", "facteur fetch run [SOURCES…]", "facteur verify"]
        {
            assert!(table.contains(command), "{command}:\n{table}");
        }
        assert!(!table.contains("facteur manual"));
    }

    #[test]
    fn a_manual_without_a_mark_is_refused_rather_than_spoilt() {
        assert_eq!(renewed("no marks", Language::English), Err("<!-- made: commands -->".to_owned()));
        let half = "<!-- made: commands -->\nx\n";
        assert_eq!(renewed(half, Language::English), Err("<!-- end: commands -->".to_owned()));
    }
}
