//! Octets of blobs: in pieces, decoded on the way, never more of a letter in memory than a piece.

use std::ops::Range;

use bytes::Bytes;
use mailbox::parse::{Encoding, Unpacker};
use mailbox::{Access, Error, fetch};
use store::{BlobId, View, params};

use super::{Base, BlobPath, Step};

/// Octets that one read returns.
const PIECE: u64 = 256 * 1024;
/// The most octets that the text of an RTF blob may have (RTF packs many into one).
const TEXT: u64 = 4 << 20;

/// A blob that the account has.
#[derive(Clone, Debug)]
pub struct Opened {
    blob: BlobId,
    length: u64,
    steps: Vec<Step>,
}

/// Finds a blob of the account. `None`: the account has no blob of this id (any more).
pub fn open(view: &View, access: Access, place: &BlobPath) -> Result<Option<Opened>, Error> {
    let found = match place.base {
        Base::Letter(letter) => fetch::octets(view, access, letter)?,
        Base::Upload(number) => {
            let sql = "SELECT blob, size FROM jmap_upload WHERE upload = $1 AND account = $2";
            view.query_opt(sql, params![number, access.owner().0], |row| Ok((row.get(0)?, row.get(1)?)))?
        }
    };
    let steps = place.steps.clone();
    let opened = found.map(|(blob, length)| Opened { blob, length, steps });
    // A part that reaches beyond the end is not one of our ids.
    Ok(opened.filter(|opened| opened.steps.first().is_none_or(|step| step.end <= opened.length)))
}

impl Opened {
    /// Returns the length of the blob in octets; `None` if only reading all of it can show the length.
    pub fn known_length(&self) -> Option<u64> {
        match self.steps.as_slice() {
            [] => Some(self.length),
            [Step { start, end, encoding: Encoding::Identity | Encoding::Unknown }] => Some(end - start),
            _ => None,
        }
    }

    /// Returns the greatest length that the blob can have in octets: only packed RTF can decode to more octets than it
    /// has.
    pub fn greatest_length(&self) -> u64 {
        let length = self.steps.first().map_or(self.length, |step| step.end.saturating_sub(step.start));
        let is_rtf = self.steps.iter().any(|step| step.encoding == Encoding::RtfText);
        if is_rtf { length.max(TEXT) } else { length }
    }

    /// Returns the blob narrowed to these octets, if it can be read from any offset: an encoded blob is read from its
    /// beginning.
    pub fn narrowed(&self, wanted: Range<u64>) -> Option<Self> {
        let length = self.known_length()?;
        let base = self.steps.first().map_or(0, |step| step.start);
        let (start, end) = (base + wanted.start.min(length), base + wanted.end.min(length));
        Some(Self { steps: vec![Step { start, end: end.max(start), encoding: Encoding::Identity }], ..self.clone() })
    }

    /// Returns the most octets that are in memory at one time while the blob is read: a piece, and the output of each
    /// step.
    pub fn at_once(&self) -> u64 {
        let text = if self.steps.iter().any(|step| step.encoding == Encoding::RtfText) { TEXT } else { 0 };
        (1 + self.steps.len() as u64).saturating_mul(PIECE + text).max(2 * PIECE)
    }

    /// Checks that all octets of the blob can be read.
    pub fn prove(&self, view: &View) -> Result<(), store::Error> {
        let range = self.steps.first().map_or(0..self.length, |step| step.start..step.end);
        view.prove_blob(self.blob, range)
    }

    /// Reads it from its beginning.
    pub fn reader(&self) -> Reader {
        let range = self.steps.first().map_or(0..self.length, |step| step.start..step.end);
        let unpacker = Unpacker::new(&self.steps);
        Reader { blob: self.blob, at: range.start, end: range.end, unpacker, over: false }
    }
}

/// The progress of reading a blob.
pub struct Reader {
    blob: BlobId,
    at: u64,
    end: u64,
    unpacker: Unpacker,
    over: bool,
}

impl Reader {
    /// Returns the next octets; `None` at the end. Each call may see another state of the data: a blob that went
    /// meanwhile is an error.
    pub fn next(&mut self, view: &View) -> Result<Option<Bytes>, store::Error> {
        if self.over {
            return Ok(None);
        }
        let mut out = Vec::new();
        let range = self.at..self.end.min(self.at.saturating_add(PIECE));
        let octets = view.read_blob(self.blob, range)?;
        self.at += octets.len() as u64;
        self.unpacker.push(&octets, &mut out);
        if self.at >= self.end || octets.is_empty() || self.unpacker.has_all() {
            self.unpacker.finish(&mut out);
            self.over = true;
        }
        Ok(Some(out.into()))
    }
}

/// Returns all octets of a blob, if they are no more than `most`.
pub fn whole(view: &View, opened: &Opened, most: usize) -> Result<Option<Bytes>, store::Error> {
    if opened.known_length().is_some_and(|length| length > most as u64) {
        return Ok(None);
    }
    let (mut reader, mut octets) = (opened.reader(), Vec::new());
    while let Some(piece) = reader.next(view)? {
        octets.extend_from_slice(&piece);
        if octets.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(octets.into()))
}
