//! Full text in SQLite: FTS5.
//!
//! Each word stands in the index with its account in front. A search then walks only the lists of its own account,
//! and no word of another account can ever be found. The tokenizer takes words apart at white space only.

use roaring::RoaringTreemap;

use super::pieces::gathered;
use crate::engine::WriteSession;
use crate::error::Result;
use crate::params;
use crate::search::{Document, Field, Query, Simple, simplify};
use crate::tx::Tx;
use crate::view::View;

const SCHEMA: &str = "
    CREATE TABLE reached (letter BIGINT NOT NULL);
    INSERT INTO reached (letter) VALUES (0);
    CREATE VIRTUAL TABLE word USING fts5(
        sender, recipient, subject, body, attachment,
        content='', contentless_delete=1,
        tokenize = \"ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'\"
    );";

/// Makes the tables of a new index.
pub(crate) fn prepare(session: &dyn WriteSession) -> Result<()> {
    if session.has_table("reached")? {
        return Ok(());
    }
    session.begin()?;
    session.run_migration(SCHEMA).and_then(|()| session.commit()).inspect_err(|_| session.roll_back())
}

pub(crate) fn put(tx: &mut Tx, batch: &[Document]) -> Result<()> {
    for document in batch {
        remove(tx, document.letter)?;
        insert(tx, document)?;
    }
    Ok(())
}

pub(crate) fn add(tx: &mut Tx, batch: &[Document], reached: i64) -> Result<()> {
    put(tx, batch)?;
    tx.execute("UPDATE reached SET letter = $1", params![reached]).map(|_| ())
}

/// All letters of an account that match.
pub(crate) fn find_all(view: &View, account: i64, query: &Query) -> Result<RoaringTreemap> {
    let Some(expression) = expression(account, query) else { return Ok(RoaringTreemap::new()) };
    gathered(view, "SELECT rowid FROM word WHERE word MATCH $1", params![expression])
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

/// Letters of an account that match, highest first.
pub(crate) fn find(view: &View, account: i64, query: &Query, before: Option<i64>, limit: usize) -> Result<Vec<i64>> {
    let Some(expression) = expression(account, query) else { return Ok(Vec::new()) };
    let sql = "SELECT rowid FROM word WHERE word MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    view.query(sql, params![expression, before.unwrap_or(i64::MAX), limit], |row| row.get(0))
}

fn insert(tx: &mut Tx, document: &Document) -> Result<()> {
    let mut columns = Field::ALL.map(|field| text_of(document, field));
    let [first, ..] = &mut columns;
    // Stands in every letter of the account, so that "every letter but" can be asked.
    first.push_str(&format!("{}.", document.account));
    let [sender, recipient, subject, body, attachment] = &columns;
    tx.execute(
        "INSERT INTO word (rowid, sender, recipient, subject, body, attachment) VALUES ($1, $2, $3, $4, $5, $6)",
        params![document.letter, sender, recipient, subject, body, attachment],
    )
    .map(|_| ())
}

fn column(field: Field) -> &'static str {
    match field {
        Field::From => "sender",
        Field::To => "recipient",
        Field::Subject => "subject",
        Field::Body => "body",
        Field::Attachment => "attachment",
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

/// The query in the language of FTS5; `None` where it can find nothing.
fn expression(account: i64, query: &Query) -> Option<String> {
    match simplify(query) {
        Simple::Nothing => None,
        Simple::Everything => Some(everything(account)),
        Simple::Some(query) => Some(written(account, &query)),
    }
}

fn everything(account: i64) -> String {
    format!("\"{account}.\"")
}

fn written(account: i64, query: &Query) -> String {
    match query {
        Query::Phrase { field, words, prefix_last } => phrase(account, *field, words, *prefix_last),
        Query::And(parts) => between(account, parts, " AND "),
        Query::Or(parts) => between(account, parts, " OR "),
        // FTS5 knows only "this but not that".
        Query::Not(inner) => format!("({} NOT {})", everything(account), written(account, inner)),
    }
}

fn between(account: i64, parts: &[Query], word: &str) -> String {
    let parts: Vec<String> = parts.iter().map(|part| written(account, part)).collect();
    format!("({})", parts.join(word))
}

fn phrase(account: i64, field: Option<Field>, words: &[String], prefix_last: bool) -> String {
    let mut text = String::new();
    if let Some(field) = field {
        text.push_str(column(field));
        text.push_str(" : ");
    }
    text.push('"');
    for (index, word) in words.iter().flat_map(|word| word.split_ascii_whitespace()).enumerate() {
        let space = if index > 0 { " " } else { "" };
        text.push_str(&format!("{space}{account}:"));
        text.extend(word.chars().map(clean));
    }
    text.push('"');
    if prefix_last {
        text.push_str(" *");
    }
    text
}

/// In place of what would take a word apart or end a string.
pub(super) fn clean(letter: char) -> char {
    if letter.is_ascii_control() || matches!(letter, '\'' | '"') { '\u{2019}' } else { letter }
}
