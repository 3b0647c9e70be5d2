//! Verifies that the mailbox is kept as it should be: looks at it in slices, beside the work, and mends it if the
//! caller asks for that.
//!
//! Bodies are compared with their names, the columns of a letter with those that parsing its body gives now, every
//! counter with a new count, and every reference with its target. Only a value that can be derived from something
//! sound is mended. Nothing is ever deleted that may be a letter; a fault that cannot be mended is told, with the
//! letters and the accounts concerned. A counter is mended by the difference found in one snapshot, so that a change
//! made meanwhile is not lost.

mod accounts;
mod bodies;
mod fault;
mod folders;
mod index;
mod letters;
mod places;
mod threads;
mod work;

pub use fault::{Fault, Finding, Seen};
pub use work::{Looked, Reference, Verify};

use crate::Error;

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
}
