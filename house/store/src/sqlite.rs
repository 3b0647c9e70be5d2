//! The engine SQLite.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags};

use crate::engine::{Columns, EachRow, Session, WriteSession};
use crate::error::{Error, Result};
use crate::migration::Migrate;
use crate::value::{Row, Value};

/// How much a commit costs and is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// A commit is on the disk.
    Synced,
    /// After a power cut the last commits may be missing; what is there is whole.
    Lazy,
}

/// Bytes of a page.
pub(crate) const PAGE: u64 = 8192;
/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);
const STATEMENTS: usize = 256;

/// A connection; the writer's, a reader's, or the checkpointer's.
pub(crate) struct Sqlite {
    connection: Connection,
    version: Cell<i64>,
    writing: Cell<bool>,
    failed: RefCell<Option<Error>>,
}

thread_local! {
    /// Pages in the log after the last commit on this thread.
    static LOG_PAGES: Cell<u64> = const { Cell::new(0) };
}

impl Sqlite {
    /// Opens the connection that writes; makes the database where there is none.
    pub(crate) fn writer(file: &Path, durability: Durability) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let this = Self::open(file, flags)?;
        this.set("page_size", PAGE as i64)?;
        this.set("journal_mode", "WAL")?;
        this.set("synchronous", if durability == Durability::Synced { "FULL" } else { "NORMAL" })?;
        this.set("wal_autocheckpoint", 0)?;
        this.set("temp_store", "MEMORY")?;
        this.set("cache_size", -16 * 1024)?;
        this.connection.wal_hook(Some(|_, pages| {
            LOG_PAGES.set(pages.try_into().unwrap_or(0));
            Ok(())
        }));
        this.changed_elsewhere()?;
        Ok(this)
    }

    /// Opens a connection that only reads.
    pub(crate) fn reader(file: &Path) -> Result<Self> {
        let this = Self::open(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        this.set("query_only", true)?;
        this.set("temp_store", "MEMORY")?;
        this.set("cache_size", -4 * 1024)?;
        Ok(this)
    }

    /// Opens a connection that carries the log into the database.
    pub(crate) fn checkpointer(file: &Path) -> Result<Self> {
        let this = Self::open(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        this.set("synchronous", "FULL")?;
        this.set("wal_autocheckpoint", 0)?;
        // Whoever is in the way is passed by; the writer waits behind us.
        this.connection.busy_timeout(Duration::from_millis(50)).map_err(fault)?;
        Ok(this)
    }

    fn open(file: &Path, flags: OpenFlags) -> Result<Self> {
        let connection = Connection::open_with_flags(file, flags).map_err(fault)?;
        connection.busy_timeout(PATIENCE).map_err(fault)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self { connection, version: Cell::new(0), writing: Cell::new(false), failed: RefCell::default() })
    }

    /// Sets a pragma.
    pub(crate) fn set(&self, pragma: &str, value: impl rusqlite::ToSql) -> Result<()> {
        self.connection.pragma_update(None, pragma, value).map_err(fault)
    }

    /// Runs several statements.
    pub(crate) fn batch(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(fault)
    }

    /// Carries the log into the database as far as that disturbs nobody.
    pub(crate) fn checkpoint(&self, mode: Checkpoint) -> Result<Carried> {
        let sql = match mode {
            Checkpoint::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
            Checkpoint::Restart => "PRAGMA wal_checkpoint(RESTART)",
            Checkpoint::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
        };
        let row = |row: &rusqlite::Row<'_>| Ok(Carried { busy: row.get::<_, i64>(0)? != 0, carried: row.get(2)? });
        self.connection.query_row(sql, (), row).map_err(fault)
    }

    fn prepare(&self, sql: &str, params: &[Value<'_>]) -> Result<CachedStatement<'_>> {
        if self.writing.get() && !self.in_transaction() {
            // SQLite undoes the whole transaction on some failures; what came after would be committed alone.
            return Err(self.why_lost());
        }
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        bind(&mut statement, params)?;
        Ok(statement)
    }

    /// Remembers the first failure that took the transaction away.
    fn note(&self, error: &Error) {
        if self.writing.get() && !self.in_transaction() {
            self.failed.borrow_mut().get_or_insert_with(|| error.clone());
        }
    }

    fn run(&self, sql: &str) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        statement.raw_execute().map_err(fault)?;
        Ok(())
    }
}

/// How hard a checkpoint tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checkpoint {
    /// Disturbs nobody.
    Passive,
    /// Waits for writer and readers, so that the log begins again at its start.
    Restart,
    /// The same, and gives the space of the log back.
    Truncate,
}

/// What a checkpoint did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Carried {
    /// Somebody was in the way of a restart.
    pub(crate) busy: bool,
    /// Pages of the log that are in the database now.
    pub(crate) carried: i64,
}

impl Session for Sqlite {
    fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        self.prepare(sql, params)
            .and_then(|mut statement| execute(&mut statement))
            .inspect_err(|error| self.note(error))
    }

    fn query(&self, sql: &str, params: &[Value<'_>], each: EachRow<'_>) -> Result<()> {
        self.prepare(sql, params)
            .and_then(|mut statement| walk(&mut statement, each))
            .inspect_err(|error| self.note(error))
    }

    fn begin_read(&self) -> Result<()> {
        self.run("BEGIN DEFERRED")
    }

    fn end_read(&self) -> Result<()> {
        self.run("ROLLBACK")
    }
}

impl WriteSession for Sqlite {
    fn begin(&self) -> Result<()> {
        self.run("BEGIN IMMEDIATE")?;
        self.writing.set(true);
        self.failed.take();
        Ok(())
    }

    fn mark(&self) -> Result<()> {
        self.run("SAVEPOINT one")
    }

    fn keep(&self) -> Result<()> {
        self.run("RELEASE one")
    }

    fn undo(&self) -> Result<()> {
        self.run("ROLLBACK TO one")?;
        self.run("RELEASE one")
    }

    fn in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn why_lost(&self) -> Error {
        let failed = self.failed.borrow().clone();
        failed.unwrap_or_else(|| Error::Io("the database undid the transaction".to_owned()))
    }

    fn commit(&self) -> Result<()> {
        self.run("COMMIT")?;
        self.writing.set(false);
        Ok(())
    }

    fn roll_back(&self) {
        self.writing.set(false);
        if self.in_transaction()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }

    fn changed_elsewhere(&self) -> Result<bool> {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version").map_err(fault)?;
        let version = statement.query_row((), |row| row.get(0)).map_err(fault)?;
        Ok(self.version.replace(version) != version)
    }

    fn has_table(&self, name: &str) -> Result<bool> {
        self.connection.table_exists(None, name).map_err(fault)
    }

    fn log_bytes(&self) -> u64 {
        LOG_PAGES.get() * PAGE
    }
}

impl Migrate for Sqlite {
    fn run_migration(&self, sql: &str) -> Result<()> {
        let sql = sql
            .replace("{id}", "INTEGER PRIMARY KEY AUTOINCREMENT")
            .replace("{key}", "INTEGER PRIMARY KEY")
            .replace("{clustered}", "WITHOUT ROWID")
            .replace("{blob}", "BLOB");
        self.batch(&sql)
    }

    fn snapshot(&self, to: &Path) -> Result<()> {
        let to = to.to_str().ok_or_else(|| Error::Io("the path of the data folder is not UTF-8".to_owned()))?;
        self.execute("VACUUM INTO $1", &[Value::Text(to)]).map(|_| ())
    }
}

struct Cursor<'r, 's>(&'r rusqlite::Row<'s>);

impl Columns for Cursor<'_, '_> {
    fn value(&self, column: usize) -> Result<Value<'_>> {
        match self.0.get_ref(column).map_err(fault)? {
            ValueRef::Null => Ok(Value::Null),
            ValueRef::Integer(number) => Ok(Value::Integer(number)),
            ValueRef::Text(text) => {
                std::str::from_utf8(text).map(Value::Text).map_err(|_| Error::Type { column, wanted: "UTF-8" })
            }
            ValueRef::Blob(bytes) => Ok(Value::Blob(bytes)),
            ValueRef::Real(_) => Err(Error::Type { column, wanted: "anything but a real number" }),
        }
    }
}

fn execute(statement: &mut CachedStatement<'_>) -> Result<usize> {
    if statement.column_count() == 0 {
        return statement.raw_execute().map_err(fault);
    }
    // With RETURNING the changes are made while the rows are walked.
    let mut rows = statement.raw_query();
    let mut count = 0;
    while rows.next().map_err(fault)?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn walk(statement: &mut CachedStatement<'_>, each: EachRow<'_>) -> Result<()> {
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(fault)? {
        if each(&Row::new(&Cursor(row)))? == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}

/// SQLite numbers `$2` by where it first stands; we (and PostgreSQL) by what it says.
fn bind(statement: &mut CachedStatement<'_>, params: &[Value<'_>]) -> Result<()> {
    let mut used = 0;
    for index in 1..=statement.parameter_count() {
        let number = statement.parameter_name(index).and_then(parameter_number);
        let Some(number) = number else {
            return Err(Error::Sql("parameters are written $1, $2, …".to_owned()));
        };
        let Some(value) = params.get(number - 1) else {
            return Err(Error::Sql(format!("there is no value for ${number}")));
        };
        used = used.max(number);
        statement.raw_bind_parameter(index, Parameter(*value)).map_err(fault)?;
    }
    if used == params.len() {
        Ok(())
    } else {
        Err(Error::Sql(format!("there are more values than the ${used} that the statement has")))
    }
}

fn parameter_number(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse().ok().filter(|number| *number > 0)
}

struct Parameter<'a>(Value<'a>);

impl rusqlite::ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
            Value::TooLarge => return Err(rusqlite::Error::ToSqlConversionFailure(Box::new(Error::TooLarge))),
        }))
    }
}

/// Says what happened in words of ours.
fn fault(error: rusqlite::Error) -> Error {
    let text = error.to_string();
    match error {
        rusqlite::Error::SqliteFailure(code, _) => by_code(code.code, text),
        rusqlite::Error::ToSqlConversionFailure(_) => Error::TooLarge,
        rusqlite::Error::QueryReturnedNoRows => Error::NoRow,
        _ => Error::Sql(text),
    }
}

fn by_code(code: ErrorCode, text: String) -> Error {
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy("another process holds the database"),
        ErrorCode::DiskFull => Error::Full(text),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Error::Corrupt(text),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Error::ReadOnly(text),
        ErrorCode::ConstraintViolation => Error::Constraint(text),
        ErrorCode::TooBig => Error::TooLarge,
        ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::OutOfMemory
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::NoLargeFileSupport => Error::Io(text),
        _ => Error::Sql(text),
    }
}
