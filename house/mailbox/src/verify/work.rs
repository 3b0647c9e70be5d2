//! The subject of a verification, and the tools that its parts share.

use store::{Key, Store};

use crate::Error;

/// Letters, or other rows, that are looked at in one read.
pub(super) const SLICE: usize = 500;

/// A column that holds references to bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The table.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
}

/// The subject of a verification.
pub struct Verify<'a> {
    /// The store to verify.
    pub store: &'a Store,
    /// The columns of other rooms that hold references to bodies. The mailbox knows its own.
    pub references: &'a [Reference],
    /// Says whether faults are mended if they can be.
    pub repair: bool,
}

/// The amount that was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Bodies that were read and hashed.
    pub bodies: u64,
    /// Letters whose summary was compared with that of a new parse.
    pub letters: u64,
    /// Folders whose counters were counted anew.
    pub folders: u64,
}

impl Verify<'_> {
    /// One small change that mends something, if that is asked for; says whether it was made.
    pub(super) fn mend(
        &self,
        change: impl FnMut(&mut store::Tx) -> Result<bool, Error> + Send + 'static,
    ) -> Result<bool, Error> {
        if !self.repair {
            return Ok(false);
        }
        self.store.write_blocking(Key::Everything, change)
    }
}
