//! The memory that letters and uploads on their way in may take, all together.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One permit of the semaphore is this many octets.
const UNIT: usize = 4096;

/// A number of octets that many conversations share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Semaphore>);

/// A part of the budget; given back when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    permits: Option<OwnedSemaphorePermit>,
    octets: usize,
}

impl Budget {
    /// `octets` for all.
    pub fn new(octets: usize) -> Self {
        Self(Arc::new(Semaphore::new(octets.div_ceil(UNIT).min(Semaphore::MAX_PERMITS))))
    }

    /// An empty share.
    pub fn share(&self) -> Share {
        Share { budget: self.clone(), permits: None, octets: 0 }
    }
}

impl Share {
    /// Makes the share at least `octets` large; waits for others to finish, but not longer than `patience`: without an end,
    /// several that have each a part of what they need would wait for each other for ever.
    pub async fn grow_to(&mut self, octets: usize, patience: Duration) -> Result<(), NoMemory> {
        if octets <= self.octets {
            return Ok(());
        }
        let units = u32::try_from((octets - self.octets).div_ceil(UNIT)).map_err(|_| NoMemory)?;
        let acquired = tokio::time::timeout(patience, self.budget.0.clone().acquire_many_owned(units)).await;
        let more = acquired.map_err(|_| NoMemory)?.map_err(|_| NoMemory)?;
        self.octets += units as usize * UNIT;
        match &mut self.permits {
            Some(permits) => permits.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// Too much is on its way in: the sender should try later (SMTP: 452 4.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no memory for another letter now")]
pub struct NoMemory;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_memory_is_told_so() {
        let budget = Budget::new(3 * UNIT);
        let (mut first, mut second) = (budget.share(), budget.share());
        let patience = Duration::from_secs(1);
        first.grow_to(2 * UNIT, patience).await.unwrap();
        first.grow_to(UNIT, patience).await.unwrap();
        assert_eq!(second.grow_to(2 * UNIT, patience).await, Err(NoMemory));
        drop(first);
        assert_eq!(second.grow_to(2 * UNIT, patience).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_wait_for_each_other_do_not_all_wait_for_ever() {
        let budget = Budget::new(4 * UNIT);
        let patience = Duration::from_secs(30);
        let grow = async || {
            let mut share = budget.share();
            let first = share.grow_to(2 * UNIT, patience).await;
            tokio::task::yield_now().await;
            first.is_ok() && share.grow_to(4 * UNIT, patience).await.is_ok()
        };
        let (one, other) = tokio::join!(grow(), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            grow().await
        });
        assert!(one || other);
    }
}
