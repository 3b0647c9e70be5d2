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
}

impl View {
    pub(crate) fn new(session: Rc<dyn Session>, blob_files: Arc<BlobFiles>) -> Self {
        Self { session, blob_files, bounds: None, walking: Cell::new(0) }
    }

    /// A view that changes rows as well, within the bounds.
    pub(crate) fn bounded(session: Rc<dyn Session>, blob_files: Arc<BlobFiles>, bounds: Rc<RefCell<Bounds>>) -> Self {
        Self { session, blob_files, bounds: record::is_on().then_some(bounds), walking: Cell::new(0) }
    }

    /// Shows the rows of a statement.
    #[track_caller]
    fn walk(
        &self,
        sql: &str,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.note(sql, params);
        let _walking = Walking::begin(&self.walking);
        self.session.query(sql, params, each)
    }

    /// Writes the statement down where that is asked for, and what is wrong with it for a second engine.
    #[track_caller]
    pub(crate) fn note(&self, sql: &str, params: &[Value<'_>]) {
        if !record::is_on() {
            return;
        }
        let (database, from) = (self.session.database(), Location::caller());
        record::statement(database, sql, params, self.walking.get() > 0, from);
        if let Some(wrong) = self.bounds.as_ref().and_then(|bounds| bounds.borrow().fault(sql, params)) {
            record::outside(database, &wrong, from);
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

    /// Shows the rows one by one, until `each` says `Break`.
    #[track_caller]
    pub fn for_each(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.walk(sql, params, &mut each)
    }

    /// Fails with [`Error::Interrupted`] once the deadline of the read has passed or its caller has gone. SQL checks by itself;
    /// call this in loops that do work of their own for each row.
    pub fn check(&self) -> Result<()> {
        self.session.check()
    }

    /// Returns how many bytes a blob has.
    pub fn blob_len(&self, blob: BlobId) -> Result<u64> {
        blob::length(self, blob)
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
