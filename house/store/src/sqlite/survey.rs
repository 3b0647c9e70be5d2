//! Asks a database about itself, before anything is done to it.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::values::fault;
use super::{NUMBERS, connect};
use crate::error::Result;
use crate::mark::Numbers;

const CACHE_BYTES: u32 = 1 << 20;

/// A connection that looks at a database that is there. It makes nothing, and leaves the log as it is.
pub(crate) struct Survey {
    connection: Connection,
}

impl Survey {
    pub(crate) fn open(file: &Path) -> Result<Self> {
        // The file is not opened read-only: only a process that may make the log's index sees the log.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = connect(file, flags, CACHE_BYTES)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(fault)?;
        Ok(Self { connection })
    }

    pub(crate) fn has_table(&self, name: &str) -> Result<bool> {
        self.connection.table_exists(None, name).map_err(fault)
    }

    /// Returns true if this step of the room has been done.
    pub(crate) fn has_migrated(&self, room: &str, number: u32) -> Result<bool> {
        let sql = "SELECT count(*) FROM migration WHERE room = $1 AND number = $2";
        self.connection.query_row(sql, (room, number), |row| row.get::<_, i64>(0)).map(|steps| steps > 0).map_err(fault)
    }

    /// Returns the office that it belongs to, if it knows that.
    pub(crate) fn office(&self) -> Result<Option<Vec<u8>>> {
        if !self.has_table("office")? {
            return Ok(None);
        }
        let mut statement = self.connection.prepare("SELECT id FROM office").map_err(fault)?;
        let mut rows = statement.query(()).map_err(fault)?;
        rows.next().map_err(fault)?.map(|row| row.get(0)).transpose().map_err(fault)
    }

    /// The last number that each table has given out.
    pub(crate) fn numbers(&self) -> Result<Numbers> {
        if !self.has_table("sqlite_sequence")? {
            return Ok(Numbers::new());
        }
        let mut statement = self.connection.prepare(NUMBERS).map_err(fault)?;
        let numbers = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).map_err(fault)?;
        numbers.collect::<rusqlite::Result<_>>().map_err(fault)
    }

    /// Returns how many bodies should be in files.
    pub(crate) fn bodies_in_files(&self) -> Result<i64> {
        if !self.has_table("blob")? {
            return Ok(0);
        }
        let sql = "SELECT count(*) FROM blob WHERE file IS NOT NULL";
        self.connection.query_row(sql, (), |row| row.get(0)).map_err(fault)
    }
}
