//! Full text in SQLite: FTS5.
//!
//! Each word stands in the index with its account in front. A search then walks only the lists of its own account,
//! and no word of another account can ever be found. The tokenizer takes words apart at white space only.

use roaring::RoaringTreemap;

use super::pieces::{clean, gathered};
use super::terms::{self, Terms};
use super::{pieces, seals};
use crate::error::Result;
use crate::params;
use crate::search::{Document, Field, Fit, Run, Wanted};
use crate::tx::Tx;
use crate::view::View;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE reached (letter BIGINT NOT NULL);
    INSERT INTO reached (letter) VALUES (0);
    CREATE VIRTUAL TABLE word USING fts5(
        sender, recipient, copy, hidden, subject, body, name, head, marked,
        content='', contentless_delete=1,
        tokenize = \"ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'\"
    );";

/// Words that are looked up at once. More of them cost more for each letter that is found.
const AT_ONCE: usize = 24;
/// The number of first words of a phrase that are looked for each by itself.
const MOST_PHRASES: usize = 48;
/// The beginning of a word that may be looked for within a phrase, in characters: shorter ones are those of too many.
const LEAST_BEGINNING: usize = 2;

/// Letters that are as asked, and letters that may be.
type Found = (RoaringTreemap, RoaringTreemap);

/// Adds the words of a letter that is not in the index.
pub(crate) fn add(tx: &mut Tx, document: &Document) -> Result<()> {
    let mut columns = Field::ALL.map(|field| text_of(document, field));
    let [first, ..] = &mut columns;
    // Stands in every letter of the account.
    first.push_str(&format!("{}.", document.account));
    let [sender, recipient, copy, hidden, subject, body, name, head] = &columns;
    let marked = marked(document);
    tx.execute(
        "INSERT INTO word (rowid, sender, recipient, copy, hidden, subject, body, name, head, marked)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![document.letter, sender, recipient, copy, hidden, subject, body, name, head, marked],
    )
    .map(|_| ())
}

/// Notes how far the letters were looked at.
pub(crate) fn reach(tx: &mut Tx, letter: i64) -> Result<()> {
    tx.execute("UPDATE reached SET letter = $1", params![letter]).map(|_| ())
}

pub(crate) fn remove(tx: &mut Tx, letter: i64) -> Result<()> {
    tx.execute("DELETE FROM word WHERE rowid = $1", params![letter]).map(|_| ())
}

pub(crate) fn reached(view: &View) -> Result<i64> {
    view.query_one("SELECT letter FROM reached", params![], |row| row.get(0))
}

/// Letters that are in the index, ascending.
pub(crate) fn letters(view: &View, after: i64, limit: usize) -> Result<Vec<i64>> {
    // FTS5 keeps the length of each letter in a table of its own, by which they are found in order.
    let sql = "SELECT id FROM word_docsize WHERE id > $1 ORDER BY id LIMIT $2";
    view.query(sql, params![after, i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get(0))
}

/// All letters of an account that have the words, and those that may have them.
pub(crate) fn find(view: &View, account: i64, wanted: &Wanted) -> Result<Found> {
    let place = WordScope { view, account, fields: &wanted.fields };
    let (mut found, mut perhaps) = match wanted.runs.as_slice() {
        [] => (RoaringTreemap::new(), place.everyone()?),
        [one] => place.single(one)?,
        many => place.sequence(many)?,
    };
    if !wanted.decides {
        perhaps |= std::mem::take(&mut found);
    }
    for field in &wanted.fields {
        perhaps |= pieces::partial(view, account, pieces::cut(*field))?;
    }
    Ok((found, perhaps))
}

/// The scope in which words are looked for.
struct WordScope<'a> {
    view: &'a View,
    account: i64,
    fields: &'a [Field],
}

impl WordScope<'_> {
    fn everyone(&self) -> Result<RoaringTreemap> {
        gathered(self.view, LETTERS, params![format!("\"{}.\"", self.account)])
    }

    /// The letters that have a word which has the run.
    fn single(&self, run: &Run) -> Result<Found> {
        let (found, mut perhaps) = match terms::having(self.view, self.account, run)? {
            Some(terms) => self.having(&terms)?,
            None => (RoaringTreemap::new(), self.everyone()?),
        };
        perhaps |= self.sealed(run)?;
        Ok((found, perhaps))
    }

    fn sealed(&self, run: &Run) -> Result<RoaringTreemap> {
        match run.sealed {
            true => seals::having(self.view, self.account, self.fields, &run.form.plain),
            false => Ok(RoaringTreemap::new()),
        }
    }

    /// The letters that have one of the words; of some that is not sure.
    fn having(&self, terms: &Terms) -> Result<Found> {
        let mut found = self.any_of(&terms.plain)?;
        found |= self.any_marked(&terms.marked)?;
        let mut perhaps = RoaringTreemap::new();
        for (plain, others) in &terms.open {
            self.view.check()?;
            let letters = self.any_of(std::slice::from_ref(plain))?;
            // If none of the other forms is there, it must be the one that was asked for.
            let others = self.any_marked(others)?;
            perhaps |= &letters & &others;
            found |= letters - others;
        }
        Ok((found, perhaps))
    }

    fn any_of(&self, words: &[String]) -> Result<RoaringTreemap> {
        let mut letters = RoaringTreemap::new();
        for some in words.chunks(AT_ONCE) {
            self.view.check()?;
            let any: Vec<String> = some.iter().map(|word| quoted(self.account, &[word])).collect();
            letters |= self.matching(&any.join(" OR "))?;
        }
        Ok(letters)
    }

    fn any_marked(&self, words: &[String]) -> Result<RoaringTreemap> {
        let mut letters = RoaringTreemap::new();
        let tokens: Vec<String> =
            words.iter().flat_map(|word| self.fields.iter().map(|field| self.mark(*field, word))).collect();
        for some in tokens.chunks(AT_ONCE) {
            letters |= gathered(self.view, LETTERS, params![some.join(" OR ")])?;
        }
        Ok(letters)
    }

    fn mark(&self, field: Field, word: &str) -> String {
        format!("\"{}\"", marked_token(self.account, field, word))
    }

    /// The letters that fit an expression in these fields.
    fn matching(&self, expression: &str) -> Result<RoaringTreemap> {
        if self.fields.len() == Field::ALL.len() {
            return gathered(self.view, LETTERS, params![expression]);
        }
        let columns: Vec<&str> = self.fields.iter().map(|field| column(*field)).collect();
        gathered(self.view, LETTERS, params![format!("{{{}}} : ({expression})", columns.join(" "))])
    }

    /// The letters that have the runs one behind the other.
    fn sequence(&self, runs: &[Run]) -> Result<Found> {
        let mut found = self.phrase(runs)?;
        let mut perhaps = RoaringTreemap::new();
        // If one of them lies in a sealed word, all that is known is that each is there.
        let mut sealed = Vec::new();
        for run in runs {
            sealed.push(self.sealed(run)?);
        }
        let any = sealed.iter().fold(RoaringTreemap::new(), |any, one| any | one);
        if !any.is_empty() {
            perhaps = any;
            for (run, its) in runs.iter().zip(&sealed) {
                if let Some(letters) = self.one_of_many(run)? {
                    perhaps &= &(letters | its);
                }
            }
        }
        // The names of header fields are one word each, so that neighbours in the text are none in the index.
        if self.fields.contains(&Field::Head) {
            perhaps |= self.each(runs)?;
        }
        // A phrase knows no accents.
        if runs.iter().any(|run| run.form.exact.is_some()) {
            perhaps |= std::mem::take(&mut found);
        }
        Ok((found, perhaps))
    }

    /// The letters that have each of the runs, wherever in a word.
    fn each(&self, runs: &[Run]) -> Result<RoaringTreemap> {
        let mut letters: Option<RoaringTreemap> = None;
        for run in runs {
            let within = Run { fit: if run.fit == Fit::Whole { Fit::Whole } else { Fit::Within }, ..run.clone() };
            let Some(mut its) = self.one_of_many(&within)? else { continue };
            its |= self.sealed(run)?;
            letters = Some(match letters {
                Some(before) => its & before,
                None => its,
            });
        }
        letters.map_or_else(|| self.everyone(), Ok)
    }

    /// The letters that may have the run; `None` if so many do that it is not worth to look.
    fn one_of_many(&self, run: &Run) -> Result<Option<RoaringTreemap>> {
        if terms::is_short(run) && matches!(run.fit, Fit::Within | Fit::Ends) {
            return Ok(None);
        }
        let Some(terms) = terms::having(self.view, self.account, run)? else { return Ok(None) };
        let (found, perhaps) = self.having(&terms)?;
        Ok(Some(found | perhaps))
    }

    /// The letters that have the plain forms one behind the other.
    fn phrase(&self, runs: &[Run]) -> Result<RoaringTreemap> {
        let Some((first, rest)) = runs.split_first() else { return Ok(RoaringTreemap::new()) };
        let mut words: Vec<&str> = rest.iter().map(|run| run.form.plain.as_str()).collect();
        let mut begins = rest.last().is_some_and(|run| run.fit != Fit::Whole);
        let short = |word: &&str| word.chars().nth(LEAST_BEGINNING).is_none() && word.is_ascii();
        if begins && words.last().is_some_and(short) {
            words.pop();
            begins = false;
        }
        let star = if begins { " *" } else { "" };
        let firsts = match first.fit {
            Fit::Whole => Some(vec![first.form.plain.clone()]),
            _ if terms::is_short(first) => None,
            _ => terms::having(self.view, self.account, &Run { form: first.form.plain_only(), ..first.clone() })?
                .map(|terms| terms.plain),
        };
        match firsts.filter(|firsts| firsts.len() <= MOST_PHRASES) {
            Some(firsts) => {
                let mut letters = RoaringTreemap::new();
                for first in &firsts {
                    self.view.check()?;
                    let mut all = vec![first.as_str()];
                    all.extend(&words);
                    letters |= self.matching(&format!("{}{star}", quoted(self.account, &all)))?;
                }
                Ok(letters)
            }
            None => {
                let first = self.one_of_many(first)?;
                let rest = match words.is_empty() {
                    true => self.everyone()?,
                    false => self.matching(&format!("{}{star}", quoted(self.account, &words)))?,
                };
                Ok(first.map_or_else(|| rest.clone(), |first| &rest & first))
            }
        }
    }
}

const LETTERS: &str = "SELECT rowid FROM word WHERE word MATCH $1";

fn column(field: Field) -> &'static str {
    match field {
        Field::From => "sender",
        Field::To => "recipient",
        Field::Cc => "copy",
        Field::Bcc => "hidden",
        Field::Subject => "subject",
        Field::Body => "body",
        Field::Name => "name",
        Field::Head => "head",
    }
}

fn text_of(document: &Document, field: Field) -> String {
    let mut text = String::new();
    let account = format!("{}:", document.account);
    let texts = document.texts.iter().filter(|(its_field, _)| *its_field == field);
    for word in texts.flat_map(|(_, words)| words.split_ascii_whitespace()) {
        text.push_str(&account);
        text.extend(word.chars().map(clean));
        text.push(' ');
    }
    text
}

fn marked(document: &Document) -> String {
    let tokens = document.marked.iter().map(|(field, word)| marked_token(document.account, *field, word));
    tokens.collect::<Vec<_>>().join(" ")
}

/// The exact form of a word of a field: no plain form has a semicolon in it.
fn marked_token(account: i64, field: Field, word: &str) -> String {
    format!("{account};{};{}", field as u8, word.chars().map(clean).collect::<String>())
}

/// Returns true if a letter has the word, in its plain form or in its exact one.
pub(super) fn is_anywhere(view: &View, account: i64, plain: &str, exact: Option<&str>) -> Result<bool> {
    let expression = match exact {
        None => quoted(account, &[plain]),
        Some(exact) => {
            let marks = Field::ALL.map(|field| format!("\"{}\"", marked_token(account, field, exact)));
            marks.join(" OR ")
        }
    };
    let sql = "SELECT rowid FROM word WHERE word MATCH $1 LIMIT 1";
    Ok(view.query_opt(sql, params![expression], |_| Ok(()))?.is_some())
}

/// Words one behind the other, in the language of FTS5.
fn quoted(account: i64, words: &[impl AsRef<str>]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("{account}:{}", word.as_ref().chars().map(clean).collect::<String>()))
        .collect();
    format!("\"{}\"", words.join(" "))
}
