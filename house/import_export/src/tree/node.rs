//! A file of a tree, as the list of the tree has it.

use std::path::Path;

use mail::Timestamp;

use crate::Fault;

/// A file or a directory.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Below the root, `/` between the levels. Not to be used as a path: it may be anything an archive says.
    pub name: String,
    /// Octets, unpacked.
    pub size: u64,
    /// When it was changed, if that is known.
    pub modified: Option<Timestamp>,
    /// True for a directory.
    pub directory: bool,
    /// The reason why it cannot be read, if that is known beforehand.
    pub fault: Option<Fault>,
    /// It is an archive, and a part of its own.
    pub is_part: bool,
    /// Its real path, in a tree on the disk.
    pub(super) real: Option<Box<Path>>,
}

impl Node {
    /// Makes a node of which only the name is known.
    pub(super) fn new(name: String) -> Self {
        Self { name, ..Self::default() }
    }
}

/// Tells whether the reading goes on.
pub type Flow = std::ops::ControlFlow<()>;
