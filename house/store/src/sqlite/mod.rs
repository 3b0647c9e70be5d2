//! The engine SQLite.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, OpenFlags, StatementStatus};

use crate::engine::{EachRow, Marked, Opened, Session, WriteSession};
use crate::error::{Error, Result};
use crate::leash::Leash;
use crate::mark::Numbers;
use crate::statistics::Counters;
use crate::value::{Row, Value};

mod checkpoint;
mod copy;
mod edition;
pub(crate) mod full_text;
pub(crate) mod inspect;
mod pieces;
mod seals;
pub(crate) mod survey;
mod terms;
#[cfg(test)]
mod tests;
mod values;
mod words;

use checkpoint::{Checkpointer, Gate, Inside};
use values::{Cursor, bind, fault};

/// The settings with which a database is opened.
pub(crate) struct Setup<'s> {
    pub(crate) file: &'s Path,
    pub(crate) durability: Durability,
    /// The most memory for pages that each connection that reads keeps; as many connections are opened.
    pub(crate) readers: &'s [u32],
    /// The most memory for pages that the writer keeps.
    pub(crate) cache_bytes: u32,
    /// The largest size, to play a full disk.
    pub(crate) max_pages: Option<u32>,
    /// Numbers above this one are said not to be settled, to play a second writer.
    pub(crate) unsettled: Option<Arc<AtomicI64>>,
}

/// The durability of a commit: a safer commit costs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// A commit is on the disk.
    Synced,
    /// After a power cut the last commits may be missing; the others are whole.
    Lazy,
}

/// Selects the progress of each table that numbers its rows.
const NUMBERS: &str = "SELECT name, seq FROM sqlite_sequence WHERE seq > 0";
/// The last number of one table.
const NUMBER: &str = "SELECT seq FROM sqlite_sequence WHERE name = $1";
/// Finds a table that numbers its rows.
const IS_NUMBERED: &str =
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1 AND sql LIKE '%AUTOINCREMENT%'";
/// Fewer empty pages than this are kept for the next letters.
const WORTH_PAGES: i64 = 1024;
/// The mode `auto_vacuum = INCREMENTAL`.
const SHRINKABLE: i64 = 2;
/// Bytes of a page. With 8192 a commit of small rows writes half as much log again; letters cost the same.
const PAGE: u32 = 4096;

/// The number of tries to carry the log for a write that found no room, while readers or the checkpointer are in the
/// way.
const CARRIES: u32 = 20;
const CARRY_PAUSE: Duration = Duration::from_millis(25);
/// The longest time to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 256;
/// Steps of SQLite's machine, some ten microseconds of them, after which it asks whether a read has to end.
const STEPS: i32 = 1000;
/// Rows that are given between two looks at what may end the read.
const ROWS_UNCHECKED: u32 = 16;

/// Opens a database, or makes it.
pub(crate) fn open(setup: &Setup<'_>, counters: &Arc<Counters>) -> Result<Opened> {
    let gate = Arc::new(Gate::new(Arc::clone(counters)));
    let writer = Sqlite::writer(setup, Arc::clone(&gate), Arc::clone(counters))?;
    let reader = |cache_bytes: &u32| Ok(Box::new(Sqlite::reader(setup, *cache_bytes)?) as Box<dyn Session>);
    let readers = setup.readers.iter().map(reader).collect::<Result<_>>()?;
    let upkeep = Checkpointer::start(setup.file, gate, Arc::clone(counters))?;
    Ok(Opened { writer: Box::new(writer), readers, upkeep: Box::new(upkeep) })
}

/// A connection: the writer's or a reader's.
pub(crate) struct Sqlite {
    connection: Connection,
    version: Cell<i64>,
    /// The writer's place behind the gate, while it is in a transaction.
    inside: RefCell<Option<Inside>>,
    gate: Option<Arc<Gate>>,
    counters: Option<Arc<Counters>>,
    failed: RefCell<Option<Error>>,
    /// The leash that ends the read that runs.
    leash: RefCell<Option<Leash>>,
    /// Steps taken for all statements.
    steps: Cell<u64>,
    /// The name of the database.
    name: Box<str>,
    /// Numbers above this one are said not to be settled.
    unsettled: Option<Arc<AtomicI64>>,
}

thread_local! {
    /// Pages in the log after the last commit on this thread.
    static LOG_PAGES: Cell<u32> = const { Cell::new(0) };
    /// Commits on this thread that wrote to the log; some have nothing to write.
    static LOGGED: Cell<u64> = const { Cell::new(0) };
}

impl Sqlite {
    fn writer(setup: &Setup<'_>, gate: Arc<Gate>, counters: Arc<Counters>) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = connect(setup.file, flags, setup.cache_bytes)?;
        set(&connection, "page_size", PAGE)?;
        // This holds for a new database; it must be known before the first page is written.
        set(&connection, "auto_vacuum", "INCREMENTAL")?;
        set(&connection, "journal_mode", "WAL")?;
        set(&connection, "synchronous", if setup.durability == Durability::Synced { "FULL" } else { "NORMAL" })?;
        // A thread of its own carries the log.
        set(&connection, "wal_autocheckpoint", 0)?;
        if let Some(pages) = setup.max_pages {
            set(&connection, "max_page_count", pages)?;
        }
        connection.wal_hook(Some(|_, pages| {
            LOG_PAGES.set(pages.try_into().unwrap_or(0));
            LOGGED.set(LOGGED.get() + 1);
            Ok(())
        }));
        let unsettled = setup.unsettled.clone();
        let this = Self { gate: Some(gate), counters: Some(counters), unsettled, ..Self::on(connection) };
        this.changed_elsewhere()?;
        Ok(this)
    }

    fn reader(setup: &Setup<'_>, cache_bytes: u32) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = connect(setup.file, flags, cache_bytes)?;
        set(&connection, "query_only", true)?;
        Ok(Self { unsettled: setup.unsettled.clone(), ..Self::on(connection) })
    }

    fn on(connection: Connection) -> Self {
        let file = connection.path().map(Path::new).and_then(Path::file_stem);
        let name = file.map(|name| name.to_string_lossy().into()).unwrap_or_default();
        Self {
            connection,
            name,
            version: Cell::new(0),
            inside: RefCell::default(),
            gate: None,
            counters: None,
            failed: RefCell::default(),
            leash: RefCell::default(),
            steps: Cell::new(0),
            unsettled: None,
        }
    }

    fn prepare(&self, sql: &str, params: &[Value<'_>]) -> Result<CachedStatement<'_>> {
        if self.inside.borrow().is_some() && !self.in_transaction() {
            // SQLite undoes the whole transaction on some failures; later writes would be committed alone.
            return Err(self.why_lost());
        }
        // A read of many short statements ends as well.
        self.check()?;
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        bind(&mut statement, params)?;
        Ok(statement)
    }

    /// Runs a statement and adds up the steps it took.
    fn counting<T>(
        &self,
        statement: &mut CachedStatement<'_>,
        run: impl FnOnce(&mut CachedStatement<'_>) -> Result<T>,
    ) -> Result<T> {
        let outcome = run(statement);
        let steps = statement.reset_status(StatementStatus::VmStep);
        self.steps.set(self.steps.get().wrapping_add(u64::try_from(steps).unwrap_or(0)));
        outcome
    }

    /// Remembers the first failure that took the transaction away.
    fn note(&self, error: &Error) {
        if self.inside.borrow().is_some() && !self.in_transaction() {
            self.failed.borrow_mut().get_or_insert_with(|| error.clone());
        }
    }

    /// Asks SQLite for a number about its file.
    fn number(&self, pragma: &str) -> Result<i64> {
        self.connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(fault)
    }

    fn run(&self, sql: &str) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        statement.raw_execute().map_err(fault)?;
        Ok(())
    }
}

impl Session for Sqlite {
    fn database(&self) -> &str {
        &self.name
    }

    fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        self.prepare(sql, params)
            .and_then(|mut statement| self.counting(&mut statement, execute))
            .inspect_err(|error| self.note(error))
    }

    fn query(&self, sql: &str, params: &[Value<'_>], each: EachRow<'_>) -> Result<()> {
        self.prepare(sql, params)
            .and_then(|mut statement| self.counting(&mut statement, |statement| walk(statement, each, || self.check())))
            .inspect_err(|error| self.note(error))
    }

    fn begin_read(&self, leash: Leash) -> Result<()> {
        self.run("BEGIN DEFERRED")?;
        // SQLite asks from within the statement, on this thread, so that nothing but this read can be ended by it.
        let its_leash = leash.clone();
        self.connection.progress_handler(STEPS, Some(move || its_leash.is_over())).map_err(fault)?;
        self.leash.replace(Some(leash));
        Ok(())
    }

    fn end_read(&self) -> Result<()> {
        self.leash.take();
        self.connection.progress_handler(0, None::<fn() -> bool>).map_err(fault)?;
        self.run("ROLLBACK")
    }

    fn check(&self) -> Result<()> {
        self.leash.borrow().as_ref().map_or(Ok(()), Leash::check)
    }

    fn settled(&self, table: &str) -> Result<i64> {
        // One writer, and numbers that only grow: what this state shows is all that there will be up to its last
        // number.
        let number = |sql: &str| -> Result<Option<i64>> {
            let mut number = None;
            self.query(sql, &[Value::Text(table)], &mut |row| {
                number = Some(row.get(0)?);
                Ok(ControlFlow::Break(()))
            })?;
            Ok(number)
        };
        let last = match number(NUMBER)? {
            Some(last) => last,
            // No row has been written yet.
            None if number(IS_NUMBERED)?.is_some() => 0,
            None => return Err(Error::Sql(format!("the table {table} does not number its rows"))),
        };
        Ok(self.unsettled.as_ref().map_or(last, |limit| last.min(limit.load(Relaxed))))
    }

    fn numbers(&self) -> Result<Numbers> {
        let mut numbers = Numbers::new();
        self.query(NUMBERS, &[], &mut |row| {
            numbers.insert(row.get(0)?, row.get(1)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(numbers)
    }

    fn has_room_to_give(&self) -> Result<bool> {
        let free = self.number("freelist_count")?;
        Ok(free > WORTH_PAGES && free > self.number("page_count")? / 20 && self.number("auto_vacuum")? == SHRINKABLE)
    }

    fn rest(&self) {
        if let Err(error) = self.connection.execute_batch("PRAGMA shrink_memory") {
            tracing::debug!(%error, "a reader could not give its memory back");
        }
    }
}

impl WriteSession for Sqlite {
    fn begin(&self) -> Result<()> {
        let inside = self.gate.as_ref().map(Gate::enter);
        self.run("BEGIN IMMEDIATE")?;
        self.inside.replace(inside);
        self.failed.take();
        Ok(())
    }

    fn mark(&self, mark: Marked) -> Result<()> {
        self.run(match mark {
            Marked::Write => "SAVEPOINT one",
            Marked::Attempt => "SAVEPOINT attempt",
        })
    }

    fn keep(&self, mark: Marked) -> Result<()> {
        self.run(match mark {
            Marked::Write => "RELEASE one",
            Marked::Attempt => "RELEASE attempt",
        })
    }

    fn undo(&self, mark: Marked) -> Result<()> {
        self.run(match mark {
            Marked::Write => "ROLLBACK TO one",
            Marked::Attempt => "ROLLBACK TO attempt",
        })?;
        self.keep(mark)
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
        let log = u64::from(LOG_PAGES.get()) * u64::from(PAGE);
        if let Some(inside) = self.inside.take() {
            inside.leave(log);
        }
        if let Some(counters) = &self.counters {
            counters.log_bytes.store(log, Relaxed);
            counters.logged.fetch_add(LOGGED.take(), Relaxed);
        }
        Ok(())
    }

    fn roll_back(&self) {
        if self.in_transaction()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        self.inside.take();
    }

    fn carry_log(&self) -> bool {
        for _ in 0..CARRIES {
            let mut carried = false;
            let done = self.query("PRAGMA wal_checkpoint(TRUNCATE)", &[], &mut |row| {
                carried = row.get::<i64>(0)? == 0;
                Ok(ControlFlow::Break(()))
            });
            match done {
                Ok(()) if carried => return true,
                Ok(()) => std::thread::sleep(CARRY_PAUSE),
                Err(error) => {
                    tracing::warn!(%error, "the log could not be carried into the database on a full disk");
                    return false;
                }
            }
        }
        false
    }

    fn steps(&self) -> u64 {
        self.steps.get()
    }

    fn changed_elsewhere(&self) -> Result<bool> {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version").map_err(fault)?;
        let version = statement.query_row((), |row| row.get(0)).map_err(fault)?;
        Ok(self.version.replace(version) != version)
    }

    fn has_table(&self, name: &str) -> Result<bool> {
        self.connection.table_exists(None, name).map_err(fault)
    }

    fn run_migration(&self, sql: &str) -> Result<()> {
        let sql = sql
            .replace("{id}", "INTEGER PRIMARY KEY AUTOINCREMENT")
            .replace("{key}", "INTEGER PRIMARY KEY")
            .replace("{clustered}", "WITHOUT ROWID")
            .replace("{blob}", "BLOB");
        self.connection.execute_batch(&sql).map_err(fault)
    }

    fn copy_tables(&self, to: &Path, except: &str) -> Result<()> {
        copy::tables(&self.connection, to, except)
    }

    fn copy_tables_back(&self, from: &Path, except: &str) -> Result<()> {
        copy::tables_back(&self.connection, from, except)
    }

    fn size(&self) -> Result<(u64, u64)> {
        let (page, all) = (self.number("page_size")?, self.number("page_count")?);
        Ok(((all * page).unsigned_abs(), (self.number("freelist_count")? * page).unsigned_abs()))
    }

    fn become_shrinkable(&self) -> Result<()> {
        self.connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM").map_err(fault)
    }

    fn is_shrinkable(&self) -> Result<bool> {
        Ok(self.number("auto_vacuum")? == SHRINKABLE)
    }

    fn give_back(&self, pages: u32) -> Result<()> {
        self.query(&format!("PRAGMA incremental_vacuum({pages})"), &[], &mut |_| Ok(ControlFlow::Continue(())))
    }
}

fn connect(file: &Path, flags: OpenFlags, cache_bytes: u32) -> Result<Connection> {
    let connection = Connection::open_with_flags(file, flags).map_err(fault)?;
    connection.busy_timeout(PATIENCE).map_err(fault)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without this, SQLite compiles a statement that uses a partial index again each time it gets other parameters.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fault)?;
    // Negative: kibibytes, not pages.
    set(&connection, "cache_size", -i64::from(cache_bytes / 1024))?;
    Ok(connection)
}

fn set(connection: &Connection, pragma: &str, value: impl rusqlite::ToSql) -> Result<()> {
    connection.pragma_update(None, pragma, value).map_err(fault)
}

fn execute(statement: &mut CachedStatement<'_>) -> Result<usize> {
    if statement.column_count() == 0 {
        return statement.raw_execute().map_err(fault);
    }
    // With RETURNING, SQLite makes the changes while the rows are walked.
    let mut rows = statement.raw_query();
    let mut count = 0;
    while rows.next().map_err(fault)?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn walk(statement: &mut CachedStatement<'_>, each: EachRow<'_>, check: impl Fn() -> Result<()>) -> Result<()> {
    let mut rows = statement.raw_query();
    let mut count = 0_u32;
    while let Some(row) = rows.next().map_err(fault)? {
        // A look at the clock costs as much as a row of an index.
        if count.is_multiple_of(ROWS_UNCHECKED) {
            check()?;
        }
        count = count.wrapping_add(1);
        if each(&Row::new(&Cursor(row)))? == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}
