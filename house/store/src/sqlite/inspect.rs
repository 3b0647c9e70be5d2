//! A connection that looks whether the database is sound, beside all others.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rusqlite::{Connection, OpenFlags};

use super::connect;
use super::values::fault;
use crate::depth::Depth;
use crate::error::{Error, Result};

const CACHE_BYTES: u32 = 1 << 20;
/// The number of steps of SQLite's machine that pass before it asks again whether the store closes.
const STEPS: i32 = 10_000;

/// Reads only, and is never in anybody's way.
pub(crate) struct Inspector {
    connection: Connection,
}

impl Inspector {
    /// Opens a connection whose work ends with [`Error::Interrupted`] once `closing` is true.
    pub(crate) fn open(file: &Path, closing: Arc<AtomicBool>) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = connect(file, flags, CACHE_BYTES)?;
        connection.progress_handler(STEPS, Some(move || closing.load(Relaxed))).map_err(fault)?;
        Ok(Self { connection })
    }

    pub(crate) fn tables(&self) -> Result<Vec<String>> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        let mut statement = self.connection.prepare(sql).map_err(fault)?;
        let names = statement.query_map((), |row| row.get(0)).map_err(fault)?;
        names.collect::<rusqlite::Result<_>>().map_err(fault)
    }

    /// Returns the damage of a table, one sentence for each.
    pub(crate) fn check_table(&self, table: &str, depth: Depth) -> Result<Vec<String>> {
        // SQLite checks all there is when it does not know the name.
        if !self.connection.table_exists(None, table).map_err(fault)? {
            return Err(Error::Sql(format!("there is no table {table}")));
        }
        self.ask(&format!("PRAGMA {}('{}')", pragma(depth), table.replace('\'', "''")))
    }

    /// Returns the damage anywhere, with the pages that no table has.
    pub(crate) fn check_all(&self) -> Result<Vec<String>> {
        self.ask("PRAGMA quick_check")
    }

    fn ask(&self, sql: &str) -> Result<Vec<String>> {
        match self.sentences(sql) {
            // The table is so damaged that the check itself fails.
            Err(Error::Corrupt(what)) => Ok(vec![what]),
            outcome => outcome,
        }
    }

    fn sentences(&self, sql: &str) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare(sql).map_err(fault)?;
        let found = statement.query_map((), |row| row.get::<_, String>(0)).map_err(fault)?;
        let mut found = found.collect::<rusqlite::Result<Vec<_>>>().map_err(fault)?;
        found.retain(|sentence| sentence != "ok");
        Ok(found)
    }
}

fn pragma(depth: Depth) -> &'static str {
    match depth {
        Depth::Quick => "quick_check",
        Depth::Full => "integrity_check",
    }
}
