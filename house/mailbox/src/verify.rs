//! Is what is kept what it should be? Looked at in slices, beside the work, and mended where that is asked for.
//!
//! Bodies are compared with their names, what was computed from a body with what parsing it gives now, every counter with
//! what counting gives, and every reference with what it leads to. Only what can be derived from something sound is mended.
//! Nothing is ever deleted that may be a letter; what cannot be mended is told, with the letters concerned and whose they
//! are. A counter is mended by the difference found in one snapshot, so that a change made meanwhile is not lost.

mod accounts;
mod bodies;
mod fault;
mod folders;
mod index;
mod letters;
mod threads;

use store::{Key, Store};

pub use bodies::Reference;
pub use fault::{Fault, Finding, Seen};

use crate::Error;

/// Letters, or other rows, that are looked at in one read.
const SLICE: usize = 500;

/// What is looked at.
pub struct Verify<'a> {
    /// Whose store.
    pub store: &'a Store,
    /// The columns of other rooms that hold references to bodies. The mailbox knows its own.
    pub references: &'a [Reference],
    /// Mend what can be mended?
    pub repair: bool,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Bodies that were read and hashed.
    pub bodies: u64,
    /// Letters whose summary was compared with what parsing gives.
    pub letters: u64,
    /// Folders whose counters were counted anew.
    pub folders: u64,
}

impl Verify<'_> {
    /// Looks at all of the mailboxes, tells each fault as it is found, and gives how much it looked at. It blocks, and must
    /// not be called from a task of a runtime.
    pub fn run(&self, tell: &mut dyn FnMut(Finding)) -> Result<Looked, Error> {
        let mut looked = Looked::default();
        bodies::tables(self, tell)?;
        let damaged = bodies::contents(self, &mut looked)?;
        letters::cards(self, &damaged, &mut looked, tell)?;
        folders::entries(self, tell)?;
        threads::conversations(self, tell)?;
        folders::counters(self, &mut looked, tell)?;
        accounts::counters(self, tell)?;
        bodies::references(self, tell)?;
        index::complete(self, tell)?;
        Ok(looked)
    }

    /// One small change that mends something, where that is asked for; says whether it was made.
    fn mend(&self, change: impl FnMut(&mut store::Tx) -> Result<bool, Error> + Send + 'static) -> Result<bool, Error> {
        if !self.repair {
            return Ok(false);
        }
        self.store.write_blocking(Key::Everything, change)
    }
}
