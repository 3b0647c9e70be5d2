//! Copies of tables from one database file to another.

use std::path::Path;

use rusqlite::Connection;

use super::values::fault;
use crate::error::{Error, Result};

/// Copies all tables of `main` but `except`, with their indexes, into a new file. `main` is read in one transaction.
pub(super) fn tables(connection: &Connection, to: &Path, except: &str) -> Result<()> {
    let to = to.to_str().ok_or_else(|| Error::Io("the path of the data folder is not UTF-8".to_owned()))?;
    connection.execute("ATTACH DATABASE ?1 AS copy", [to]).map_err(fault)?;
    let copied = copy(connection, "main", "copy", except);
    let detached = connection.execute_batch("DETACH DATABASE copy").map_err(fault);
    copied.and(detached)
}

/// Puts the tables of a copy in the place of those in `main`, all or nothing; `except` stays as it is.
pub(super) fn tables_back(connection: &Connection, from: &Path, except: &str) -> Result<()> {
    let from = from.to_str().ok_or_else(|| Error::Io("the path of the data folder is not UTF-8".to_owned()))?;
    connection.execute("ATTACH DATABASE ?1 AS copy", [from]).map_err(fault)?;
    // Rows refer to each other while half of them is there.
    connection.execute_batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE").map_err(fault)?;
    let done = drop_all(connection, except).and_then(|()| copy_in(connection, "copy", "main", except));
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.execute_batch(end).map_err(fault);
    let _ = connection.execute_batch("DETACH DATABASE copy; PRAGMA foreign_keys = ON");
    done.and(ended)
}

fn copy(connection: &Connection, from: &str, to: &str, except: &str) -> Result<()> {
    // A copy that breaks off is thrown away, and a copy that is done is synced whole.
    connection.execute_batch("PRAGMA copy.journal_mode = OFF; PRAGMA copy.synchronous = OFF").map_err(fault)?;
    connection.execute_batch("PRAGMA foreign_keys = OFF; BEGIN").map_err(fault)?;
    let done = copy_in(connection, from, to, except);
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.execute_batch(end).map_err(fault);
    let _ = connection.execute_batch("PRAGMA foreign_keys = ON");
    done.and(ended)
}

fn copy_in(connection: &Connection, from: &str, to: &str, except: &str) -> Result<()> {
    for (name, sql) in parts(connection, from, "table", except)? {
        connection.execute_batch(&placed(&sql, to)?).map_err(fault)?;
        let insert = format!("INSERT INTO {to}.\"{name}\" SELECT * FROM {from}.\"{name}\"");
        connection.execute_batch(&insert).map_err(fault)?;
    }
    for (_, sql) in parts(connection, from, "index", except)? {
        connection.execute_batch(&placed(&sql, to)?).map_err(fault)?;
    }
    let has_numbers = format!("SELECT count(*) FROM {from}.sqlite_schema WHERE name = 'sqlite_sequence'");
    let has_numbers: i64 = connection.query_row(&has_numbers, (), |row| row.get(0)).map_err(fault)?;
    if has_numbers == 0 {
        return Ok(());
    }
    let numbers = format!(
        "DELETE FROM {to}.sqlite_sequence WHERE name IN (SELECT name FROM {from}.sqlite_sequence);
         INSERT INTO {to}.sqlite_sequence SELECT * FROM {from}.sqlite_sequence"
    );
    connection.execute_batch(&numbers).map_err(fault)
}

fn drop_all(connection: &Connection, except: &str) -> Result<()> {
    for (name, _) in parts(connection, "main", "table", except)? {
        connection.execute_batch(&format!("DROP TABLE main.\"{name}\"")).map_err(fault)?;
    }
    Ok(())
}

/// Names and statements of all tables or indexes that were made by a statement.
fn parts(connection: &Connection, of: &str, kind: &str, except: &str) -> Result<Vec<(String, String)>> {
    let sql = format!(
        "SELECT name, sql FROM {of}.sqlite_schema
         WHERE type = ?1 AND tbl_name <> ?2 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql IS NOT NULL ORDER BY rowid"
    );
    let mut statement = connection.prepare(&sql).map_err(fault)?;
    let found = statement.query_map([kind, except], |row| Ok((row.get(0)?, row.get(1)?))).map_err(fault)?;
    found.collect::<rusqlite::Result<_>>().map_err(fault)
}

/// The statement for another schema. SQLite keeps them all with these beginnings.
fn placed(sql: &str, schema: &str) -> Result<String> {
    ["CREATE TABLE ", "CREATE INDEX ", "CREATE UNIQUE INDEX "]
        .iter()
        .find_map(|beginning| Some(format!("{beginning}{schema}.{}", sql.strip_prefix(beginning)?)))
        .ok_or_else(|| Error::Sql(format!("a table cannot be copied: {sql}")))
}
