//! Pieces of header fields in SQLite: each distinct value stands once in its account, with the letters that hold it.
//!
//! Any piece of a value is found through the runs of three characters in it (`gram`), which name the values that may
//! have the piece; the value itself decides. So a piece costs as much as there are values that have it, and letters
//! that hold them, and not as much as there are letters.

use std::ops::ControlFlow;

use roaring::{RoaringBitmap, RoaringTreemap};

use crate::error::Result;
use crate::params;
use crate::search::{Document, Field, Form, HeaderField};
use crate::tx::Tx;
use crate::view::View;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE value (
        value {id}, account BIGINT NOT NULL, shelf BIGINT NOT NULL, hash BIGINT NOT NULL, plain TEXT NOT NULL,
        exact TEXT
    );
    CREATE INDEX value_hash ON value (account, shelf, hash);
    CREATE TABLE held (
        value BIGINT NOT NULL, field BIGINT NOT NULL, letter BIGINT NOT NULL, PRIMARY KEY (value, field, letter)
    ) {clustered};
    CREATE INDEX held_letter ON held (letter);
    CREATE TABLE partial (
        account BIGINT NOT NULL, field BIGINT NOT NULL, letter BIGINT NOT NULL, PRIMARY KEY (account, field, letter)
    ) {clustered};
    CREATE INDEX partial_letter ON partial (letter);
    CREATE VIRTUAL TABLE gram USING fts5(
        run, content='', contentless_delete=1, detail=none,
        tokenize = \"ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'\"
    );";

/// Characters of a run.
const RUN: usize = 3;
/// The most runs of a piece that are asked for; they name few enough values for a look at each.
const MOST_RUNS: usize = 12;
/// The number among header fields of the first field of words.
const FIRST_CUT: u8 = 200;

/// The values that have the runs in them, and of those that have the piece, the letters.
pub(crate) const BY_RUNS: &str = "SELECT h.letter FROM gram g JOIN value v ON v.value = g.rowid
    JOIN held h ON h.value = v.value AND h.field = $2 WHERE g.gram MATCH $1 AND instr(coalesce(v.exact, v.plain), $3) > 0";
/// The same for a piece too short to have a run: all values of the shelf are looked at.
pub(crate) const BY_LOOKING: &str = "SELECT h.letter FROM value v JOIN held h ON h.value = v.value AND h.field = $3
    WHERE v.account = $1 AND v.shelf = $2 AND instr(coalesce(v.exact, v.plain), $4) > 0";
pub(crate) const PARTIAL: &str = "SELECT letter FROM partial WHERE account = $1 AND field = $2";
const KNOWN: &str = "SELECT value, coalesce(exact, plain) FROM value WHERE account = $1 AND shelf = $2 AND hash = $3";

/// Adds the values of a letter that is not in the index, and which of its fields are not there as a whole.
pub(crate) fn add(tx: &mut Tx, document: &Document) -> Result<()> {
    for (field, form) in &document.values {
        let value = match known(tx, document.account, *field, form.exact())? {
            Some(value) => value,
            None => new(tx, document.account, *field, form)?,
        };
        let sql = "INSERT INTO held (value, field, letter) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![value, field.number, document.letter])?;
    }
    let partial = document.partial.iter().map(|field| field.number);
    for number in partial.chain(document.cut.iter().map(|field| cut(*field))) {
        let sql = "INSERT INTO partial (account, field, letter) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![document.account, number, document.letter])?;
    }
    Ok(())
}

/// The number among header fields of a field of words.
pub(super) fn cut(field: Field) -> u8 {
    FIRST_CUT + field as u8
}

fn known(view: &View, account: i64, field: HeaderField, text: &str) -> Result<Option<i64>> {
    let mut value = None;
    view.for_each(KNOWN, params![account, field.shelf, hash(text)], |row| {
        if row.text(1)? == text {
            value = Some(row.get(0)?);
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(value)
}

fn new(tx: &mut Tx, account: i64, field: HeaderField, form: &Form) -> Result<i64> {
    let value = tx.query_one(
        "INSERT INTO value (account, shelf, hash, plain, exact) VALUES ($1, $2, $3, $4, $5) RETURNING value",
        params![account, field.shelf, hash(form.exact()), form.plain, form.exact.as_deref()],
        |row| row.get::<i64>(0),
    )?;
    let runs = runs_of(&prefix(account, field), &form.plain);
    if !runs.is_empty() {
        tx.execute("INSERT INTO gram (rowid, run) VALUES ($1, $2)", params![value, runs.join(" ")])?;
    }
    Ok(value)
}

/// Forgets the values of a letter, and those that no other letter holds.
pub(crate) fn remove(tx: &mut Tx, letter: i64) -> Result<()> {
    let sql = "SELECT DISTINCT value FROM held WHERE letter = $1";
    let values: Vec<i64> = tx.query(sql, params![letter], |row| row.get(0))?;
    tx.execute("DELETE FROM held WHERE letter = $1", params![letter])?;
    tx.execute("DELETE FROM partial WHERE letter = $1", params![letter])?;
    for value in values {
        let sql = "DELETE FROM value WHERE value = $1 AND NOT EXISTS (SELECT 1 FROM held WHERE value = $1)";
        if tx.execute(sql, params![value])? > 0 {
            tx.execute("DELETE FROM gram WHERE rowid = $1", params![value])?;
        }
    }
    Ok(())
}

/// The letters that hold the piece in the field, and those of which that is not known.
pub(crate) fn find(
    view: &View,
    account: i64,
    field: HeaderField,
    piece: &Form,
) -> Result<(RoaringTreemap, RoaringTreemap)> {
    let runs = runs_of(&prefix(account, field), &piece.plain);
    let found = if runs.is_empty() {
        gathered(view, BY_LOOKING, params![account, field.shelf, field.number, piece.exact()])?
    } else {
        gathered(view, BY_RUNS, params![asked(&runs), field.number, piece.exact()])?
    };
    Ok((found, partial(view, account, field.number)?))
}

/// The letters of which the index has not all of a field.
pub(super) fn partial(view: &View, account: i64, number: u8) -> Result<RoaringTreemap> {
    gathered(view, PARTIAL, params![account, number])
}

/// The letters that a statement gives in its first column.
pub(super) fn gathered(view: &View, sql: &str, params: &[crate::Value<'_>]) -> Result<RoaringTreemap> {
    let mut letters = RoaringTreemap::new();
    let (mut upper, mut bitmap) = (0, RoaringBitmap::new());
    let mut keep = |upper: u32, bitmap: RoaringBitmap| {
        if !bitmap.is_empty() {
            letters |= RoaringTreemap::from_bitmaps([(upper, bitmap)]);
        }
    };
    view.for_each(sql, params, |row| {
        let (high, low) = halves(row.get(0)?);
        if high != upper {
            keep(upper, std::mem::take(&mut bitmap));
            upper = high;
        }
        bitmap.insert(low);
        Ok(ControlFlow::Continue(()))
    })?;
    keep(upper, bitmap);
    Ok(letters)
}

/// The upper and the lower half of a number. Letters whose upper halves are equal lie in one bitmap, to which a letter is
/// added quicker than to the map of all bitmaps.
fn halves(letter: u64) -> (u32, u32) {
    ((letter >> 32) as u32, letter as u32)
}

/// Some of the runs, from all over the piece, as a question to FTS5.
pub(super) fn asked(runs: &[String]) -> String {
    let step = runs.len().div_ceil(MOST_RUNS).max(1);
    let some: Vec<String> = runs.iter().step_by(step).map(|run| format!("\"{run}\"")).collect();
    some.join(" AND ")
}

fn prefix(account: i64, field: HeaderField) -> String {
    format!("{account}:{}", field.shelf)
}

/// Returns the runs of a text, each with the prefix, so that a search walks only lists of its own account and place.
pub(super) fn runs_of(prefix: &str, text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().map(|c| if c.is_whitespace() { '\u{2420}' } else { clean(c) }).collect();
    let mut runs: Vec<String> =
        letters.windows(RUN).map(|run| format!("{prefix}:{}", run.iter().collect::<String>())).collect();
    runs.sort_unstable();
    runs.dedup();
    runs
}

fn hash(text: &str) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..8]);
    i64::from_le_bytes(first)
}

/// Replaces a letter that would take a word apart or end a string.
pub(super) fn clean(letter: char) -> char {
    if letter.is_ascii_control() || letter == ' ' || matches!(letter, '\'' | '"') { '\u{2019}' } else { letter }
}

#[cfg(test)]
mod tests {
    use super::super::Sqlite;
    use super::*;

    /// Returns the plan of the database for a statement, in SQLite's words.
    fn plan(sql: &str) -> String {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let schema =
            SCHEMA.replace("{id}", "INTEGER PRIMARY KEY AUTOINCREMENT").replace("{clustered}", "WITHOUT ROWID");
        connection.execute_batch(&schema).unwrap();
        let session = std::rc::Rc::new(Sqlite::on(connection));
        let view = View::new(session, std::sync::Arc::new(crate::blob_files::BlobFiles::none()));
        let marks = (1..9).filter(|n| sql.contains(&format!("${n}"))).count();
        let params = vec![crate::Value::Text("1"); marks];
        let steps = view.query(&format!("EXPLAIN QUERY PLAN {sql}"), &params, |row| row.get::<String>(3));
        steps.unwrap().join("; ")
    }

    #[test]
    fn no_question_walks_through_all_values_or_letters() {
        let by_runs = "SCAN g VIRTUAL TABLE INDEX 0:M1; SEARCH v USING INTEGER PRIMARY KEY (rowid=?); \
                       SEARCH h USING PRIMARY KEY (value=? AND field=?)";
        assert_eq!(plan(BY_RUNS), by_runs);
        let by_looking = "SEARCH v USING INDEX value_hash (account=? AND shelf=?); \
                          SEARCH h USING PRIMARY KEY (value=? AND field=?)";
        assert_eq!(plan(BY_LOOKING), by_looking);
        assert_eq!(plan(PARTIAL), "SEARCH partial USING PRIMARY KEY (account=? AND field=?)");
        assert_eq!(plan(KNOWN), "SEARCH value USING INDEX value_hash (account=? AND shelf=? AND hash=?)");
        let of_letter = plan("SELECT DISTINCT value FROM held WHERE letter = $1");
        assert!(of_letter.starts_with("SEARCH held USING COVERING INDEX held_letter (letter=?)"), "{of_letter}");
    }

    #[test]
    fn a_long_piece_asks_for_runs_from_all_over_it() {
        let all = runs_of("7:1", &(0..200).map(|n| char::from(b'a' + n % 26)).collect::<String>());
        let asked = asked(&all);
        assert!(asked.matches(" AND ").count() < MOST_RUNS);
        assert_eq!(runs_of("7:1", "a b'"), ["7:1:a\u{2420}b", "7:1:\u{2420}b\u{2019}"]);
        assert!(runs_of("7:1", "ab").is_empty());
    }
}
