//! Hooks with which tests and benchmarks make the disk fail or slow.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use crate::error::Result;

type Before = Arc<dyn Fn() -> Result<()> + Send + Sync>;
type After = Arc<dyn Fn() + Send + Sync>;

/// The faults that a test or a benchmark asks for. The default: none.
#[derive(Clone, Default)]
pub struct Faults {
    /// Called on the writer thread when all writes of a group have run and the commit is about to be made. An error
    /// stands for a sync that the disk refused: the group is undone and every waiter gets the error.
    pub before_commit: Option<Before>,
    /// Called on the writer thread when the commit is on the disk and nobody has been answered yet.
    pub after_commit: Option<After>,
    /// Sleeps this long inside each commit: a disk whose sync takes that much longer.
    pub sync_delay: Option<Duration>,
    /// The largest number of pages the database may have, to play a full disk.
    pub max_pages: Option<u32>,
    /// The rows with higher numbers are said not to be settled ([`View::settled`](crate::View::settled)), to play a
    /// second writer that has been given the next number and has not committed its row.
    pub unsettled: Option<Arc<AtomicI64>>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults")
            .field("before_commit", &self.before_commit.is_some())
            .field("after_commit", &self.after_commit.is_some())
            .field("sync_delay", &self.sync_delay)
            .field("max_pages", &self.max_pages)
            .field("unsettled", &self.unsettled)
            .finish()
    }
}
