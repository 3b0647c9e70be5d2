//! Names the statements that each engine writes in its own way, so that the other need not understand them.

use crate::record::Statement;

/// The index of words is SQLite's FTS5 in a file of its own; PostgreSQL keeps a tsvector beside each letter.
const INDEX: &str = "search";

/// A piece of the statements that only SQLite takes, and why they need not be the other's.
const VERBS: &[(&str, &str)] = &[
    ("PRAGMA ", "speaks to SQLite about its file"),
    ("sqlite_sequence", "asks how far the numbers have come, where PostgreSQL has sequences"),
];

/// Is the statement for every engine?
pub fn is_shared(statement: &Statement) -> bool {
    statement.database != INDEX && !VERBS.iter().any(|(piece, _)| statement.sql.contains(piece))
}
