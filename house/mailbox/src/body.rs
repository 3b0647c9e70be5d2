//! Bytes of letters, in ranges: never a whole letter for a slice of it.

use std::ops::Range;

use bytes::Bytes;
use store::{BlobId, View};

use crate::Error;
use crate::parse::Structure;

/// The most octets given at one reading.
pub const PIECE: u64 = 1 << 20;

/// A range of a letter's octets, cut at its end and at [`PIECE`]: go on behind what came.
pub fn read(view: &View, blob: BlobId, range: Range<u64>) -> Result<Bytes, Error> {
    let end = range.end.min(range.start.saturating_add(PIECE));
    Ok(view.read_blob(blob, range.start..end)?)
}

/// The letter's header, with the empty line that ends it, at most [`PIECE`] octets of it.
pub fn header(view: &View, blob: BlobId, structure: &Structure) -> Result<Bytes, Error> {
    let header = &structure.root.header;
    read(view, blob, u64::from(header.start)..u64::from(header.end))
}
