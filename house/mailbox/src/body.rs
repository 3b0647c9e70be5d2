//! Bytes of letters, in ranges: never a whole letter for a slice of it.

use std::ops::Range;

use bytes::Bytes;
use store::{BlobId, View};

use crate::Error;
use crate::parse::{Step, Structure, Unpacker};

/// The most octets given at one reading.
pub const PIECE: u64 = 1 << 20;

/// A range of a letter's octets, cut at its end and at [`PIECE`]: go on behind it.
pub fn read(view: &View, blob: BlobId, range: Range<u64>) -> Result<Bytes, Error> {
    let end = range.end.min(range.start.saturating_add(PIECE));
    Ok(view.read_blob(blob, range.start..end)?)
}

/// All of a range, cut only at the letter's end: piece by piece, into memory. Whoever asks bounds the range.
pub fn read_all(view: &View, blob: BlobId, range: Range<u64>) -> Result<Vec<u8>, Error> {
    let (mut octets, mut at) = (Vec::new(), range.start);
    while at < range.end {
        let piece = read(view, blob, at..range.end)?;
        if piece.is_empty() {
            break;
        }
        at += piece.len() as u64;
        octets.extend_from_slice(&piece);
    }
    Ok(octets)
}

/// The letter's header, with the empty line that ends it, at most [`PIECE`] octets of it.
pub fn header(view: &View, blob: BlobId, structure: &Structure) -> Result<Bytes, Error> {
    let header = &structure.root.header;
    read(view, blob, u64::from(header.start)..u64::from(header.end))
}

/// Unpacks the part that a path leads to, at most `most` octets of it, piece by piece and without its surroundings;
/// says whether that is all of it.
pub fn unpacked(view: &View, blob: BlobId, path: &[Step], most: usize) -> Result<(Vec<u8>, bool), Error> {
    let Some(first) = path.first() else { return Ok((Vec::new(), true)) };
    let (mut unpacker, mut out, mut at) = (Unpacker::new(path), Vec::new(), first.start);
    while at < first.end && out.len() <= most && !unpacker.has_all() {
        let piece = read(view, blob, at..first.end)?;
        if piece.is_empty() {
            break;
        }
        at += piece.len() as u64;
        unpacker.push(&piece, &mut out);
    }
    if out.len() <= most {
        unpacker.finish(&mut out);
    }
    let whole = out.len() <= most;
    out.truncate(most);
    Ok((out, whole))
}
