//! What can be done before the writer is asked: parsing, hashing, packing.

use bytes::Bytes;
use store::{PreparedBlob, Store};

use crate::parse::{Limits, Structure, Summary, scan};
use crate::{Error, thread};

/// The largest letter a mailbox takes. (What a door accepts is its own, smaller limit.)
pub const LARGEST: u64 = 1 << 30;

/// A letter ready to be filed, any number of times: cheap to clone, and filing it computes nothing.
#[derive(Clone)]
pub struct Prepared {
    pub(crate) blob: PreparedBlob,
    pub(crate) references: Vec<i64>,
    pub(crate) summary_column: Bytes,
    pub(crate) structure_column: Bytes,
    summary: std::sync::Arc<Summary>,
    structure: std::sync::Arc<Structure>,
}

impl Prepared {
    /// Octets of the letter.
    pub fn size(&self) -> u64 {
        self.blob.length()
    }

    /// The pieces of its envelope.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Its parts.
    pub fn structure(&self) -> &Structure {
        &self.structure
    }
}

/// Parses, hashes and packs a letter. Takes time in proportion to its size: call it outside of the writer, and for
/// large letters on a blocking thread.
pub fn prepare(store: &Store, raw: Bytes) -> Result<Prepared, Error> {
    let size = raw.len() as u64;
    if size > LARGEST {
        return Err(Error::TooLarge { size, limit: LARGEST });
    }
    let summary = Summary::parse(&raw);
    let structure = scan(&raw, Limits::default());
    Ok(Prepared {
        references: thread::references(&summary),
        summary_column: summary.encode().into(),
        structure_column: structure.encode().into(),
        summary: summary.into(),
        structure: structure.into(),
        blob: store.prepare_blob(raw)?,
    })
}
