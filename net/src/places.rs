//! Counts the connections of the whole program, by owner, and chooses which one ends when there is no room left.
//!
//! Each door keeps some places for itself, and all doors share the rest, so that a flood at one door takes nothing from
//! another. When there is no room for a newcomer, it takes the place of a stranger (a client that has not logged in)
//! whose next step we wait for. The stranger belongs to the network that has the most strangers here; if no network has
//! more than the newcomer's, it is the stranger that has been silent longest. A client that has logged in never goes
//! for a stranger.

mod books;
mod seat;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::books::Books;
pub(crate) use self::seat::Seat;
use crate::Peer;

/// More connections than one machine serves well.
const MOST: usize = 20_000;
/// Files that the store, deliveries and name servers need beside all connections: some 50 at rest, besides those of
/// peers that have been asked to go and are still there (an eighth of the places), and of name servers that are asked.
const RESERVE: std::ops::RangeInclusive<u64> = 128..=1024;
/// The time for which a stranger may be silent when places are scarce and a newcomer has no better claim.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections that a door allows.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most connections at one time.
    pub total: usize,
    /// The most connections at one time from one address (for IPv6, one /64: a household has that many; a /48 may have
    /// four times as many).
    pub per_address: usize,
    /// True if connections from this machine itself are counted per address. Webmail, proxies and tests come from
    /// there.
    pub count_loopback: bool,
    /// The text for a peer that is turned away, line end included: `421 4.7.0 too many connections\r\n`. Doors that
    /// begin with TLS do not send it.
    pub full: &'static str,
    /// The places that all doors of the program share: each door has a clone.
    pub places: Places,
}

impl Default for Limits {
    /// Makes the places of one door alone.
    fn default() -> Self {
        Self { total: 10_000, per_address: 50, count_loopback: false, full: "", places: Places::new(10_000) }
    }
}

/// The places for connections, shared by all doors of the program. Cheap to clone.
#[derive(Clone)]
pub struct Places(Arc<Mutex<Books>>);

impl Places {
    /// Makes so many places for all doors.
    pub fn new(total: usize) -> Self {
        Self(Arc::new(Mutex::new(Books::new(total))))
    }

    /// Makes as many places as this process may have open files, less a reserve for its own work. The soft limit is
    /// raised to the hard one first: the usual soft limit of 1024 is a courtesy to programs that use `select`.
    pub fn of_this_process() -> Self {
        Self::new(places(raise_limit()))
    }

    /// Returns the most connections that one address may have at a door: an eighth.
    pub fn per_address(&self) -> usize {
        (self.books().total() / 8).clamp(4, 50)
    }

    /// Opens a door, which keeps some places for itself.
    pub(crate) fn door(&self) -> usize {
        self.books().door()
    }

    /// Lets a newcomer in, if need be in the place of another.
    pub(crate) fn enter(&self, door: usize, limits: &Limits, peer: Peer) -> Option<Arc<Seat>> {
        let entered = self.books().enter(door, limits, peer)?;
        Some(Arc::new(Seat::new(self.clone(), entered)))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Places")
    }
}

/// Raises the limit of open files as far as this process may, and returns it.
fn raise_limit() -> u64 {
    let now = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: now.maximum, maximum: now.maximum };
    if now.current != now.maximum
        && let Err(error) = setrlimit(Resource::Nofile, wanted)
    {
        tracing::warn!(%error, "the limit of open files stays as it was");
    }
    // The system reports an unlimited number as none.
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn places(files: u64) -> usize {
    let reserve = (files / 3).clamp(*RESERVE.start(), *RESERVE.end());
    usize::try_from(files.saturating_sub(reserve)).unwrap_or(MOST).clamp(16, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_keeps_files_for_its_own_work_however_few_there_are() {
        for (files, connections) in [(256, 128), (1024, 683), (4096, 3072), (u64::MAX, MOST), (64, 16)] {
            assert_eq!(places(files), connections, "{files}");
        }
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
