//! A range of the octets of a blob, read piece by piece.

use mailbox::Access;
use std::time::Instant;

use bytes::Bytes;
use net::{Owner, Share};
use store::View;

use super::{BlobPath, Opened, Reader, open};
use crate::api::MethodError;
use crate::email::get::TURN;
use crate::limits;
use crate::scope::Scope;

/// The progress of reading a range.
pub struct Slice {
    reader: Reader,
    /// Octets before the range that must be read to reach it.
    before: u64,
    /// The octets of the range that are still to come.
    wanted: u64,
    /// The length of the blob, if it is known.
    length: Option<u64>,
    /// Octets that have been read.
    seen: u64,
    over: bool,
    /// The share of memory that the slice is read in.
    _memory: Share,
}

/// The result of one reading.
pub enum Step {
    /// The next octets; there may be more.
    Octets(Bytes),
    /// The range, or the blob, is at its end.
    End,
}

impl Slice {
    /// Opens a range of a blob of the account; `None` if the account has no such blob. Waits for the memory that
    /// reading takes.
    pub async fn open(
        scope: &Scope,
        access: Access,
        place: BlobPath,
        (offset, length): (u64, Option<u64>),
    ) -> Result<Option<Self>, MethodError> {
        let opening = move |view: &View| open(view, access, &place);
        let Some(opened) = scope.server.read(access, opening).await? else { return Ok(None) };
        let mut memory = scope.server.making.share_of(Owner::Person(access.owner().0));
        let octets = usize::try_from(opened.at_once()).unwrap_or(usize::MAX);
        let grown = memory.grow_to(octets.min(2 * limits::SIZE_UPLOAD), limits::MEMORY_PATIENCE).await;
        grown.map_err(|_| MethodError::server_unavailable())?;
        Ok(Some(Self::of(&opened, offset, length, memory)))
    }

    fn of(opened: &Opened, offset: u64, length: Option<u64>, memory: Share) -> Self {
        let wanted = length.unwrap_or(u64::MAX);
        let narrowed = opened.narrowed(offset..offset.saturating_add(wanted));
        let before = if narrowed.is_some() { 0 } else { offset };
        let reader = narrowed.as_ref().unwrap_or(opened).reader();
        Self { reader, before, wanted, length: opened.known_length(), seen: 0, over: false, _memory: memory }
    }

    /// Returns the next octets of the range.
    fn next(&mut self, view: &View) -> Result<Step, store::Error> {
        if self.over || self.wanted == 0 {
            return Ok(Step::End);
        }
        let Some(piece) = self.reader.next(view)? else {
            self.over = true;
            return Ok(Step::End);
        };
        let length = piece.len() as u64;
        let start = self.before.saturating_sub(self.seen).min(length);
        self.seen += length;
        let end = start + (length - start).min(self.wanted);
        self.wanted -= end - start;
        // No piece is larger than the octets that are in memory at one time.
        let at = |octets: u64| usize::try_from(octets).unwrap_or(usize::MAX);
        Ok(Step::Octets(piece.slice(at(start)..at(end))))
    }

    /// Passes the octets of the range to `show` for one turn, which ends when `most` have been read. Returns false at
    /// the end of the range.
    pub fn read_on(&mut self, view: &View, most: u64, mut show: impl FnMut(&[u8])) -> Result<bool, store::Error> {
        let (begun, end) = (Instant::now(), self.seen.saturating_add(most));
        while begun.elapsed() < TURN && self.seen < end {
            match self.next(view)? {
                Step::Octets(octets) => show(&octets),
                Step::End => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Skips the octets behind the range for one turn. Returns false at the end of the blob.
    pub fn pass_on(&mut self, view: &View) -> Result<bool, store::Error> {
        self.wanted = u64::MAX;
        let passed = self.read_on(view, u64::MAX, |_| {});
        self.wanted = 0;
        passed
    }

    /// Returns the number of octets read so far, including those outside the range.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Returns the length of the whole blob; `None` as long as only reading it to its end could tell.
    pub fn length(&self) -> Option<u64> {
        self.length.or(Some(self.seen).filter(|_| self.over))
    }
}
