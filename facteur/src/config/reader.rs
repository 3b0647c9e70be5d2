//! Reads values out of a TOML file and remembers everything that is wrong with it, with the line.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::settings::{self, Group};
use crate::language::{Language, say};

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1.
    pub line: usize,
    /// The sentence that says what is wrong and what to write, in the person's language.
    pub text: String,
}

/// A value and the bytes of the file it stands in.
pub struct At<T> {
    pub value: T,
    pub span: Range<usize>,
}

pub struct Reader<'a> {
    file: &'a str,
    pub language: Language,
    pub problems: Vec<Problem>,
}

/// A table of the file, with the keys that it can have.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    pub about: &'static Group,
    pub table: &'a DeTable<'a>,
}

impl Section<'_> {
    /// Returns an example of a right value of `key`.
    pub fn example(&self, key: &str) -> &'static str {
        self.about.setting(key).map_or("", |setting| setting.example)
    }
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, language: Language) -> Self {
        Self { file, language, problems: Vec::new() }
    }

    /// Returns the column at which a span begins in its line, counted from 1 in characters.
    pub fn column(&self, span: &Range<usize>) -> usize {
        let before = self.file.get(..span.start).unwrap_or(self.file);
        1 + before.chars().rev().take_while(|sign| *sign != '\n').count()
    }

    pub fn complain(&mut self, span: &Range<usize>, text: String) {
        let before = self.file.get(..span.start).unwrap_or(self.file);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        self.problems.push(Problem { line, text });
    }

    /// Complains about every key of the section that is no setting.
    pub fn only_settings(&mut self, section: Section<'_>) {
        let known = section.about.keys();
        for key in section.table.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                let text = self.unknown(key.get_ref(), section.about.heading, &known);
                self.complain(&key.span(), text);
            }
        }
    }

    fn unknown(&self, key: &str, section: &str, known: &[&str]) -> String {
        let language = self.language;
        let whose = match section {
            "" => say!(in language; "\"{key}\" is not a setting", "« {key} » n'est pas un réglage"),
            _ => {
                say!(in language; "\"{key}\" is not a setting of {section}", "« {key} » n'est pas un réglage de {section}")
            }
        };
        let advice = match nearest(key, known) {
            Some(near) => say!(in language; "did you mean \"{near}\"?", "vouliez-vous dire « {near} » ?"),
            None => {
                let all = known.join(", ");
                say!(in language; "the settings here are {all}", "les réglages possibles ici sont {all}")
            }
        };
        let stop = match language {
            Language::English => ";",
            Language::French => " ;",
        };
        format!("{whose}{stop} {advice}")
    }

    /// The text of `key`, or nothing.
    pub fn text(&mut self, section: Section<'_>, key: &str) -> Option<At<String>> {
        self.text_like(section, key, section.example(key))
    }

    /// The same, where a right line looks like `example` instead of the setting's usual one.
    pub fn text_like(&mut self, section: Section<'_>, key: &str, example: &str) -> Option<At<String>> {
        let value = section.table.get(key)?;
        let text = self.as_text(value);
        if text.is_none() {
            let language = self.language;
            let found = kind(value.get_ref(), language);
            self.complain(
                &value.span(),
                say!(in language; "\"{key}\" is {found}, and must be a text in quotes: {key} = \"{example}\"",
                    "« {key} » est {found} ; il faut un texte entre guillemets : {key} = \"{example}\""),
            );
        }
        text
    }

    /// Returns whether `key` is there and true.
    pub fn flag(&mut self, section: Section<'_>, key: &str) -> Option<At<bool>> {
        let value = section.table.get(key)?;
        let flag = value.get_ref().as_bool().map(|flag| At { value: flag, span: value.span() });
        if flag.is_none() {
            let language = self.language;
            self.complain(
                &value.span(),
                say!(in language; "\"{key}\" is true or false, without quotes: {key} = true",
                    "« {key} » vaut true ou false, sans guillemets : {key} = true"),
            );
        }
        flag
    }

    /// The number of `key`, or nothing.
    pub fn number(&mut self, section: Section<'_>, key: &str) -> Option<At<u32>> {
        let example = section.example(key);
        let value = section.table.get(key)?;
        let read = value.get_ref().as_integer().and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
        let number = read.map(|number| At { value: number, span: value.span() });
        if number.is_none() {
            let language = self.language;
            self.complain(
                &value.span(),
                say!(in language; "\"{key}\" is a number, without quotes: {key} = {example}",
                    "« {key} » est un nombre, sans guillemets : {key} = {example}"),
            );
        }
        number
    }

    /// The texts in the list `key`, or nothing if there is no such key.
    pub fn texts(&mut self, section: Section<'_>, key: &str) -> Option<Vec<At<String>>> {
        let example = section.example(key);
        let value = section.table.get(key)?;
        let texts = value.get_ref().as_array().and_then(|list| list.iter().map(|item| self.as_text(item)).collect());
        if texts.is_none() {
            let language = self.language;
            self.complain(
                &value.span(),
                say!(in language; "\"{key}\" must be a list of texts in quotes: {key} = [\"{example}\"]",
                    "« {key} » doit être une liste de textes entre guillemets : {key} = [\"{example}\"]"),
            );
        }
        texts
    }

    /// The table `[key]`, or nothing.
    pub fn table<'t>(&mut self, top: Section<'t>, key: &str) -> Option<Section<'t>> {
        let value = top.table.get(key)?;
        let about = settings::group(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            let (language, name) = (self.language, about.heading);
            self.complain(
                &value.span(),
                say!(in language; "\"{key}\" is a section: write {name} on a line of its own, and its settings below",
                    "« {key} » est une section : écrivez {name} seul sur une ligne, et ses réglages en dessous"),
            );
        }
        table.map(|table| Section { about, table })
    }

    /// The tables `[[key]]`, with where each begins.
    pub fn tables<'t>(&mut self, top: Section<'t>, key: &str) -> Vec<At<Section<'t>>> {
        let (Some(value), Some(about)) = (top.table.get(key), settings::group(key)) else { return Vec::new() };
        let sections = value.get_ref().as_array().and_then(|list| {
            let one = |item: &'t Spanned<DeValue<'t>>| {
                item.get_ref().as_table().map(|table| At { value: Section { about, table }, span: item.span() })
            };
            list.iter().map(one).collect::<Option<Vec<_>>>()
        });
        if sections.is_none() {
            let (language, name) = (self.language, about.heading);
            self.complain(
                &value.span(),
                say!(in language; "\"{key}\" can come more than once: write {name}, with two brackets, above each",
                    "« {key} » peut revenir plusieurs fois : écrivez {name}, avec deux crochets, au-dessus de chaque"),
            );
        }
        sections.unwrap_or_default()
    }

    fn as_text(&self, value: &Spanned<DeValue<'_>>) -> Option<At<String>> {
        value.get_ref().as_str().map(|text| At { value: text.to_owned(), span: value.span() })
    }
}

/// The known key that looks most like this one, if any looks like it at all.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&key.to_lowercase(), name);
    known
        .iter()
        .map(|name| (likeness(name), *name))
        .filter(|(likeness, _)| *likeness > 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn kind(value: &DeValue<'_>, language: Language) -> String {
    match value {
        DeValue::String(_) => say!(in language; "a text", "un texte"),
        DeValue::Integer(_) | DeValue::Float(_) => say!(in language; "a number", "un nombre"),
        DeValue::Boolean(_) => say!(in language; "true or false", "vrai ou faux"),
        DeValue::Datetime(_) => say!(in language; "a date", "une date"),
        DeValue::Array(_) => say!(in language; "a list", "une liste"),
        DeValue::Table(_) => say!(in language; "a section", "une section"),
    }
}
