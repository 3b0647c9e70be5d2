//! Reading.

use std::cell::{Cell, RefCell};
use std::ops::{ControlFlow, Range};
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use crate::blob;
use crate::blob_files::BlobFiles;
use crate::blob_id::BlobId;
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::key::Bounds;
use crate::record;
use crate::value::{Row, Value};

/// Bytes that [`View::prove_blob`] holds at a time.
const PROVEN_AT_A_TIME: u64 = 1 << 20;

/// One consistent state of the data, read only.
pub struct View {
    session: Rc<dyn Session>,
    blob_files: Arc<BlobFiles>,
    /// The bounds of a write, in builds that check them.
    bounds: Option<Rc<RefCell<Bounds>>>,
    /// Statements whose rows are being shown.
    walking: Cell<u32>,
    /// Statements that have run.
    asked: Cell<u64>,
}

impl View {
    pub(crate) fn new(session: Rc<dyn Session>, blob_files: Arc<BlobFiles>) -> Self {
        Self { session, blob_files, bounds: None, walking: Cell::new(0), asked: Cell::new(0) }
    }

    /// A view that changes rows as well, within the bounds.
    pub(crate) fn bounded(session: Rc<dyn Session>, blob_files: Arc<BlobFiles>, bounds: Rc<RefCell<Bounds>>) -> Self {
        Self {
            session,
            blob_files,
            bounds: record::is_on().then_some(bounds),
            walking: Cell::new(0),
            asked: Cell::new(0),
        }
    }

    /// Shows the rows of a statement.
    #[track_caller]
    fn walk(
        &self,
        sql: &str,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.admit(sql, params)?;
        let _walking = Walking::begin(&self.walking);
        self.asked.set(self.asked.get() + 1);
        self.session.query(sql, params, each)
    }

    /// In builds with debug assertions: refuses a statement that runs within the rows of another, for which a second
    /// engine would need a second connection, and writes each down where that is asked for, with what is wrong with it.
    #[track_caller]
    pub(crate) fn admit(&self, sql: &str, params: &[Value<'_>]) -> Result<()> {
        if !cfg!(debug_assertions) {
            return Ok(());
        }
        let is_nested = self.walking.get() > 0;
        if record::is_on() {
            let (database, from) = (self.session.database(), Location::caller());
            record::statement(database, sql, params, is_nested, from);
            if let Some(wrong) = self.bounds.as_ref().and_then(|bounds| bounds.borrow().fault(sql, params)) {
                record::outside(database, &wrong, from);
            }
        }
        match is_nested {
            true => Err(Error::Sql(format!("it runs within the rows of another statement, where none may: {sql}"))),
            false => Ok(()),
        }
    }

    /// All rows of an answer. Only for answers whose size is bounded; else see [`for_each`](Self::for_each).
    #[track_caller]
    pub fn query<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.walk(sql, params, &mut |row| {
            rows.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// The first row of an answer; [`Error::NoRow`] where there is none.
    #[track_caller]
    pub fn query_one<T>(&self, sql: &str, params: &[Value<'_>], read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        self.query_opt(sql, params, read)?.ok_or(Error::NoRow)
    }

    /// The first row of an answer, if there is one.
    #[track_caller]
    pub fn query_opt<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut read = Some(read);
        let mut found = None;
        self.walk(sql, params, &mut |row| {
            if let Some(read) = read.take() {
                found = Some(read(row)?);
            }
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Shows the rows one by one, until `each` says `Break`. Nothing else can be asked meanwhile, neither here nor in
    /// the other functions that take a closure: gather the rows, or a page of them, and then ask what there is to ask
    /// about each.
    #[track_caller]
    pub fn for_each(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.walk(sql, params, &mut each)
    }

    /// The number up to which the rows of a table that numbers them (`{id}` in a [`Migration`](crate::Migration)) are
    /// settled: no row turns up later with this number or a lower one. Whoever walks through a table by its numbers and
    /// notes how far it has come goes no further; else it passes over a row that a second writer had not committed yet.
    pub fn settled(&self, table: &'static str) -> Result<i64> {
        self.session.settled(table)
    }

    /// Fails with [`Error::Interrupted`] once the deadline of the read has passed or its caller has gone. SQL checks by
    /// itself; call this in loops that do work of their own for each row.
    pub fn check(&self) -> Result<()> {
        self.session.check()
    }

    /// Returns how many bytes a blob has.
    pub fn blob_len(&self, blob: BlobId) -> Result<u64> {
        blob::length(self, blob)
    }

    /// Returns the number of statements that this view has been asked so far, by which a test can say what a reading
    /// costs.
    pub fn asked(&self) -> u64 {
        self.asked.get()
    }

    /// A range of the bytes of a blob, cut at its end. Only the frames that hold the range are unpacked.
    pub fn read_blob(&self, blob: BlobId, range: Range<u64>) -> Result<Bytes> {
        blob::read(self, blob, range)
    }

    /// Reads a range of a blob and throws it away: a caller that then begins to send it knows that it is sound, and
    /// need not break off in the middle.
    pub fn prove_blob(&self, blob: BlobId, range: Range<u64>) -> Result<()> {
        let end = range.end.min(self.blob_len(blob)?);
        let mut start = range.start;
        while start < end {
            self.check()?;
            let next = end.min((start / PROVEN_AT_A_TIME + 1) * PROVEN_AT_A_TIME);
            blob::read(self, blob, start..next)?;
            start = next;
        }
        Ok(())
    }

    pub(crate) fn session(&self) -> &dyn Session {
        &*self.session
    }

    pub(crate) fn blob_files(&self) -> &BlobFiles {
        &self.blob_files
    }
}

/// Counts a statement while its rows are shown, also where that panics.
struct Walking<'c>(&'c Cell<u32>);

impl<'c> Walking<'c> {
    fn begin(count: &'c Cell<u32>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Walking<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
