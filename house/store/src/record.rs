//! Writes down each statement that runs, so that a test can try them all on the second engine.
//!
//! Only in builds with debug assertions, and only where the environment variable `FACTEUR_STATEMENTS` names a folder: each
//! process then adds to a file of its own there. A line has five parts with tabs between them: what it is (`schema`,
//! `statement`, `nested` for one that runs within the rows of another, `outside` for a write that changes what its key does
//! not cover), the database, the kinds of the parameters (a letter each; of a schema the room and the number of the step),
//! where it stands in the source, and the SQL. In SQL `\n` and `\t` stand for themselves.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::panic::Location;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::value::Value;

/// Names the folder.
const VARIABLE: &str = "FACTEUR_STATEMENTS";

struct Record {
    file: File,
    seen: HashSet<u64>,
}

/// Returns true if statements are written down. The keys of writes are checked then as well.
pub(crate) fn is_on() -> bool {
    record().is_some()
}

/// Notes a statement with the values that it runs with. The statements that a test itself makes are not the
/// program's.
pub(crate) fn statement(database: &str, sql: &str, params: &[Value<'_>], nested: bool, from: &Location<'_>) {
    let file = from.file();
    if ["/tests/", "/examples/", "tests.rs", "testing.rs"].iter().any(|of_tests| file.contains(of_tests)) {
        return;
    }
    let Some(record) = record() else { return };
    let kinds: String = params.iter().map(kind).collect();
    note(record, if nested { "nested" } else { "statement" }, database, &kinds, from, sql);
}

/// Notes that a write changes what its key does not cover.
pub(crate) fn outside(database: &str, wrong: &str, from: &Location<'_>) {
    let Some(record) = record() else { return };
    note(record, "outside", database, "", from, wrong);
}

/// Notes a step that makes tables: the how-many-th of a room.
#[track_caller]
pub(crate) fn schema(database: &str, room: &str, number: u32, sql: &str) {
    let Some(record) = record() else { return };
    note(record, "schema", database, &format!("{room} {number:03}"), Location::caller(), sql);
}

fn kind(value: &Value<'_>) -> char {
    match value {
        Value::Null => 'n',
        Value::Integer(_) | Value::TooLarge => 'i',
        Value::Text(_) => 't',
        Value::Blob(_) => 'b',
    }
}

fn note(record: &Mutex<Record>, what: &str, database: &str, kinds: &str, from: &Location<'_>, sql: &str) {
    let mut hasher = DefaultHasher::new();
    (what, database, kinds, sql).hash(&mut hasher);
    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
    if !record.seen.insert(hasher.finish()) {
        return;
    }
    let sql = sql.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
    // One call a line, so that a process that is killed leaves whole lines.
    let written = record
        .file
        .write_all(format!("{what}\t{database}\t{kinds}\t{}:{}\t{sql}\n", from.file(), from.line()).as_bytes());
    if let Err(error) = written {
        tracing::warn!(%error, "a statement could not be written down");
    }
}

fn record() -> Option<&'static Mutex<Record>> {
    static RECORD: OnceLock<Option<Mutex<Record>>> = OnceLock::new();
    if !cfg!(debug_assertions) {
        return None;
    }
    RECORD.get_or_init(open).as_ref()
}

fn open() -> Option<Mutex<Record>> {
    let folder = PathBuf::from(std::env::var_os(VARIABLE)?);
    // The tests of this room make up tables of their own.
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    if package == env!("CARGO_PKG_NAME") {
        return None;
    }
    let name = format!("{package}-{}.tsv", std::process::id());
    let file = OpenOptions::new().create(true).append(true).open(folder.join(name));
    file.inspect_err(|error| tracing::warn!(%error, "statements cannot be written down"))
        .ok()
        .map(|file| Mutex::new(Record { file, seen: HashSet::new() }))
}
