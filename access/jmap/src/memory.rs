//! What clients send lies in memory until it is kept: no more of it at one time than the house has room for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long one waits for others to be done. Without an end, several that have each a part of what they need would wait for
/// each other for ever.
const PATIENCE: Duration = Duration::from_secs(30);
/// Octets are counted in so many.
const UNIT: usize = 1024;

/// Room for so many octets.
pub struct Memory {
    units: Arc<Semaphore>,
    all: usize,
}

/// Some of the room, until it is dropped.
pub struct Share(#[expect(dead_code, reason = "held for what its drop gives back")] OwnedSemaphorePermit);

impl Memory {
    pub fn of(octets: usize) -> Self {
        let all = (octets / UNIT).min(Semaphore::MAX_PERMITS);
        Self { units: Arc::new(Semaphore::new(all)), all }
    }

    /// Room for so many octets, as soon as there is (or all of it, for what is larger). `None`: others do not make room.
    pub async fn take(&self, octets: usize) -> Option<Share> {
        let units = u32::try_from(octets.div_ceil(UNIT).min(self.all)).unwrap_or(u32::MAX);
        let taking = Arc::clone(&self.units).acquire_many_owned(units);
        timeout(PATIENCE, taking).await.ok()?.ok().map(Share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_room_waits_and_not_for_ever() {
        let memory = Memory::of(4096);
        let first = memory.take(2048).await;
        let second = memory.take(2000).await;
        assert!(first.is_some() && second.is_some());
        assert!(memory.take(1).await.is_none());
        let (third, ()) = tokio::join!(memory.take(2048), async { drop(second) });
        assert!(third.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_wait_for_each_other_do_not_all_wait_for_ever() {
        let memory = Memory::of(4096);
        let grow = async || {
            let first = memory.take(2048).await;
            tokio::task::yield_now().await;
            let second = memory.take(2048).await;
            first.is_some() && second.is_some()
        };
        let (one, other) = tokio::join!(grow(), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            grow().await
        });
        assert!(one || other);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_larger_than_the_room_takes_all_of_it() {
        let memory = Memory::of(4096);
        let all = memory.take(1 << 40).await;
        assert!(all.is_some() && memory.take(1).await.is_none());
    }
}
