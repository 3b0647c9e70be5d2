//! The border between the store and the database that runs. Everything on this side speaks of transactions,
//! statements and rows; only the modules that implement these traits (today `sqlite`) know the engine.

pub(crate) mod full_text;

use std::ops::ControlFlow;
use std::path::Path;

use crate::error::{Error, Result};
use crate::leash::Leash;
use crate::mark::Numbers;
use crate::value::{Row, Value};

/// Called for each row of an answer.
pub(crate) type EachRow<'f> = &'f mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>>;

/// A database that has been opened.
pub(crate) struct Opened {
    pub(crate) writer: Box<dyn WriteSession>,
    pub(crate) readers: Vec<Box<dyn Session>>,
    pub(crate) upkeep: Box<dyn Upkeep>,
}

/// The work of the engine beside the sessions.
pub(crate) trait Upkeep: Send + Sync {
    /// Puts everything where it belongs at rest and ends. The sessions that write are closed before.
    fn close(&self);
}

/// A connection that can ask.
pub(crate) trait Session: Send {
    /// The name of its database, for the record of what runs there.
    fn database(&self) -> &str;
    /// Runs a statement and gives the number of rows it changed.
    fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize>;
    /// Runs a statement and shows its rows one by one.
    fn query(&self, sql: &str, params: &[Value<'_>], each: EachRow<'_>) -> Result<()>;
    /// Begins a transaction that sees one state of the data until it ends. Once the leash is over, the running
    /// statement fails with [`Error::Interrupted`], and so does every later one.
    fn begin_read(&self, leash: Leash) -> Result<()>;
    /// Ends it.
    fn end_read(&self) -> Result<()>;
    /// Fails with [`Error::Interrupted`] once the leash of the read is over.
    fn check(&self) -> Result<()>;
    /// The number up to which the rows of a table that numbers them (`{id}`) are settled: whatever row has such a
    /// number, or ever had, was committed before this state of the data, so that none turns up below it later. Fails
    /// where the table numbers no rows.
    ///
    /// An engine with one writer says the last number that was given. With several, numbers are given before the rows
    /// are committed, and the row of a higher one may be seen first. Such an engine says one number less than the
    /// lowest that a writer who has not ended may have been given, and finds that out *before* the state is taken that
    /// it is asked about. PostgreSQL, for example: each transaction that writes notes the last value of the sequence in
    /// an advisory lock before it takes its first number; whoever asks reads the last value, then the locks, and then
    /// takes the snapshot: the answer is the lowest of those values.
    fn settled(&self, table: &str) -> Result<i64>;
    /// The last number that each table has given to a row (`{id}`). They only grow.
    fn numbers(&self) -> Result<Numbers>;
    /// Returns true if the database has so much empty room that some should go back to the disk.
    fn has_room_to_give(&self) -> Result<bool>;
    /// Gives back the memory that it keeps for speed.
    fn rest(&self);
}

/// The work that begins at a mark. Two kinds, so that a write that panics in the middle of an attempt is undone
/// whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marked {
    /// A write among others in one commit.
    Write,
    /// A part of a write that may fail alone.
    Attempt,
}

/// The connection that writes.
pub(crate) trait WriteSession: Session {
    /// Begins a transaction that nobody else can write beside.
    fn begin(&self) -> Result<()>;
    /// Marks the point to which [`undo`](Self::undo) goes back.
    fn mark(&self, mark: Marked) -> Result<()>;
    /// Keeps what was done since the last such mark, and forgets it with those within.
    fn keep(&self, mark: Marked) -> Result<()>;
    /// Undoes what was done since the last such mark, and forgets it with those within.
    fn undo(&self, mark: Marked) -> Result<()>;
    /// Returns true while the transaction is there. Some failures (a full disk) undo all of it.
    fn in_transaction(&self) -> bool;
    /// Returns the reason why the transaction is not there any more.
    fn why_lost(&self) -> Error;
    /// Commits, and returns when it is on the disk.
    fn commit(&self) -> Result<()>;
    /// Undoes the whole transaction.
    fn roll_back(&self);
    /// Puts what is committed into its place at rest, so that the log begins again and takes no more room than before.
    /// Outside a transaction; waits a moment for those who are in the way. Gives whether it was done.
    fn carry_log(&self) -> bool;
    /// Steps that the engine has taken for all statements so far.
    fn steps(&self) -> u64;
    /// Returns true if something else than this connection has changed the data since this was last asked.
    fn changed_elsewhere(&self) -> Result<bool>;
    /// Returns true if there is a table of this name.
    fn has_table(&self, name: &str) -> Result<bool>;
    /// Runs the statements of a migration, with the tokens replaced.
    fn run_migration(&self, sql: &str) -> Result<()>;
    /// Writes a copy of all tables but one to a new file.
    fn copy_tables(&self, to: &Path, except: &str) -> Result<()>;
    /// Puts the tables of such a copy in the place of today's, all or nothing.
    fn copy_tables_back(&self, from: &Path, except: &str) -> Result<()>;
    /// Bytes of the database, and how many of them nothing lies in.
    fn size(&self) -> Result<(u64, u64)>;
    /// Makes the database one whose free pages can be given back a few at a time. It is written anew for that.
    fn become_shrinkable(&self) -> Result<()>;
    /// Returns true if free pages can be given back.
    fn is_shrinkable(&self) -> Result<bool>;
    /// Gives so many free pages back to the disk, in the transaction that runs.
    fn give_back(&self, pages: u32) -> Result<()>;
}

/// The columns of the row under the cursor.
pub(crate) trait Columns {
    /// The value of a column.
    fn value(&self, column: usize) -> Result<Value<'_>>;
}
