//! Sets the pace at which a mailbox elsewhere is read: as fast as it goes, or no faster than somebody said.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The time whose octets may come at once before the pace is held.
const BURST: Duration = Duration::from_millis(250);

/// A limit on octets a second, shared by all connections of one source. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Pace(Option<Arc<Limit>>);

#[derive(Debug)]
struct Limit {
    octets_per_second: f64,
    /// When all that came so far may have come.
    due: Mutex<Option<Instant>>,
}

impl Pace {
    /// Returns the pace without a limit.
    pub fn free() -> Self {
        Self(None)
    }

    /// Returns a pace of so many octets a second at most.
    pub fn limited(octets_per_second: u64) -> Self {
        let limit = Limit { octets_per_second: octets_per_second.max(1) as f64, due: Mutex::new(None) };
        Self(Some(Arc::new(limit)))
    }

    /// Counts octets that came, and waits until more may come.
    pub async fn took(&self, octets: usize) {
        let Some(limit) = &self.0 else { return };
        let (now, cost) = (Instant::now(), Duration::from_secs_f64(octets as f64 / limit.octets_per_second));
        let due = {
            let mut due = limit.due.lock().unwrap_or_else(PoisonError::into_inner);
            let next = due.map_or(now, |before| before.max(now)) + cost;
            *due = Some(next);
            next
        };
        if due > now + BURST {
            tokio::time::sleep_until(due - BURST).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_limited_pace_takes_its_time_and_a_free_one_none() {
        let begun = Instant::now();
        for pace in [Pace::free(), Pace::limited(1000)] {
            for _ in 0..100 {
                pace.took(100).await;
            }
        }
        let took = begun.elapsed();
        assert!(took > Duration::from_millis(9_500) && took < Duration::from_millis(10_500), "{took:?}");
    }
}
