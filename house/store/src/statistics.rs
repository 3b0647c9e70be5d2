//! Counters, for benchmarks and metrics.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// The counts of the store since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Commits made.
    pub commits: u64,
    /// Writes that those commits hold. `writes / commits` is the mean size of a group.
    pub writes: u64,
    /// Writes that failed alone and were undone.
    pub failed: u64,
    /// Commits that failed, with all their writes.
    pub failed_commits: u64,
    /// Writes in the largest group.
    pub largest_group: u64,
    /// Reads done.
    pub reads: u64,
    /// Syncs asked of the system for acknowledgements: one a commit, and two for each file outside the database (the
    /// file and its directory). Those of checkpoints are not in it.
    pub syncs: u64,
    /// Checkpoints made.
    pub checkpoints: u64,
    /// Checkpoints that the writer waited for.
    pub checkpoints_waited_for: u64,
    /// Bytes of the log after the last commit.
    pub log_bytes: u64,
    /// Writes that wait for their turn now.
    pub waiting: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) writes: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) failed_commits: AtomicU64,
    pub(crate) largest_group: AtomicU64,
    pub(crate) longest_write: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) checkpoints_waited_for: AtomicU64,
    pub(crate) log_bytes: AtomicU64,
    /// Commits of ours that wrote to the log.
    pub(crate) logged: AtomicU64,
    /// The number of these that were in the database file as well at the last look.
    pub(crate) carried: AtomicU64,
    /// The disk is full, or nearly: the log must not grow.
    pub(crate) tight: AtomicBool,
    /// The bytes that are kept in reserve on the disk; 0 if none are.
    pub(crate) reserve: AtomicU64,
}

impl Counters {
    pub(crate) fn look(&self) -> Statistics {
        Statistics {
            commits: self.commits.load(Relaxed),
            writes: self.writes.load(Relaxed),
            failed: self.failed.load(Relaxed),
            failed_commits: self.failed_commits.load(Relaxed),
            largest_group: self.largest_group.load(Relaxed),
            reads: self.reads.load(Relaxed),
            syncs: self.syncs.load(Relaxed),
            checkpoints: self.checkpoints.load(Relaxed),
            checkpoints_waited_for: self.checkpoints_waited_for.load(Relaxed),
            log_bytes: self.log_bytes.load(Relaxed),
            waiting: 0,
        }
    }

    /// Returns true if the log may hold a commit of ours that the database file does not.
    pub(crate) fn is_log_needed(&self) -> bool {
        self.logged.load(Relaxed) > self.carried.load(Relaxed)
    }

    pub(crate) fn committed(&self, writes: u64) {
        self.commits.fetch_add(1, Relaxed);
        self.syncs.fetch_add(1, Relaxed);
        self.writes.fetch_add(writes, Relaxed);
        self.largest_group.fetch_max(writes, Relaxed);
    }
}
