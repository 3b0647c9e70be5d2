//! Reading.

use std::cell::RefCell;
use std::ops::{ControlFlow, Range};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use crate::blob::{self, BlobId};
use crate::blob_files::BlobFiles;
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
    /// What a write may change, in builds that check it.
    bounds: Option<Rc<RefCell<Bounds>>>,
}

impl View {
    pub(crate) fn new(session: Rc<dyn Session>, blob_files: Arc<BlobFiles>) -> Self {
        Self { session, blob_files, bounds: None }
    }

    /// A view that changes rows as well, within the bounds.
    pub(crate) fn bounded(session: Rc<dyn Session>, blob_files: Arc<BlobFiles>, bounds: Rc<RefCell<Bounds>>) -> Self {
        Self { session, blob_files, bounds: record::is_on().then_some(bounds) }
    }

    /// Shows the rows of a statement.
    fn walk(
        &self,
        sql: &str,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.check_bounds(sql, params)?;
        self.session.query(sql, params, each)
    }

    /// Fails where the statement changes what its write has not said.
    pub(crate) fn check_bounds(&self, sql: &str, params: &[Value<'_>]) -> Result<()> {
        self.bounds.as_ref().map_or(Ok(()), |bounds| bounds.borrow().check(sql, params))
    }

    /// All rows of an answer. Only for answers whose size is bounded; else see [`for_each`](Self::for_each).
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
    pub fn query_one<T>(&self, sql: &str, params: &[Value<'_>], read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        self.query_opt(sql, params, read)?.ok_or(Error::NoRow)
    }

    /// The first row of an answer, if there is one.
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

    /// How many bytes a blob has.
    pub fn blob_len(&self, blob: BlobId) -> Result<u64> {
        blob::length(self, blob)
    }

    /// A range of the bytes of a blob, cut at its end. Only the frames that hold the range are unpacked.
    pub fn read_blob(&self, blob: BlobId, range: Range<u64>) -> Result<Bytes> {
        blob::read(self, blob, range)
    }

    /// Reads a range of a blob and throws it away: who then begins to send it knows that it is sound, and need not break
    /// off in the middle.
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
