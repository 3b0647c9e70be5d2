//! A client before its log-in: its time and its tries are counted.

use std::time::Duration;

use sasl::Refusal;
use tokio::time::Instant;

use crate::Terms;

/// A client that has not logged in. When TLS begins, it keeps its count: neither its time nor its failures begin anew.
#[derive(Clone, Copy, Debug)]
pub struct Stranger {
    /// The time by which it must have logged in.
    until: Instant,
    /// The number of log-ins that failed.
    failures: u32,
}

impl Stranger {
    /// The number of failed log-ins after which a client has to go.
    pub const FAILURES_MAX: u32 = 5;

    /// Makes a client that has just come.
    pub fn new(terms: &Terms) -> Self {
        Self { until: Instant::now() + terms.entry, failures: 0 }
    }

    /// Returns the time that is left for the log-in: zero if it is over.
    pub fn patience(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Counts a refused log-in if it can have been a guess. A log-in that the client took back or wrote wrongly is no
    /// guess, nor is one that we could not check: that is a fault of ours, and the log says so.
    pub fn refused(&mut self, refusal: &Refusal) {
        match refusal {
            Refusal::Wrong | Refusal::TooMany(_) | Refusal::Busy(_) => self.failures += 1,
            Refusal::Cancelled | Refusal::Malformed(_) => {}
            Refusal::Fault(fault) => tracing::error!(%fault, "log-ins cannot be checked"),
        }
    }

    /// Returns true if it has failed so often that it has to go.
    pub fn has_to_go(&self) -> bool {
        self.failures >= Self::FAILURES_MAX
    }
}

#[cfg(test)]
mod tests {
    use mail::seam::OurFault;

    use super::*;

    fn stranger() -> Stranger {
        Stranger { until: Instant::now() + Duration::from_secs(180), failures: 0 }
    }

    #[test]
    fn who_guesses_has_to_go() {
        for guess in [Refusal::Wrong, Refusal::TooMany(Duration::ZERO), Refusal::Busy(Duration::ZERO)] {
            let mut stranger = stranger();
            for _ in 1..Stranger::FAILURES_MAX {
                stranger.refused(&guess);
                assert!(!stranger.has_to_go(), "{guess}");
            }
            stranger.refused(&guess);
            assert!(stranger.has_to_go(), "{guess}");
        }
    }

    #[test]
    fn what_is_no_guess_is_not_counted() {
        let mut stranger = stranger();
        for _ in 0..10 {
            stranger.refused(&Refusal::Cancelled);
            stranger.refused(&Refusal::Malformed("odd"));
            stranger.refused(&Refusal::Fault(OurFault("the directory is closed".into())));
        }
        assert!(!stranger.has_to_go());
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_for_the_log_in_runs_whatever_is_said() {
        let mut stranger = stranger();
        tokio::time::advance(Duration::from_secs(100)).await;
        stranger.refused(&Refusal::Wrong);
        assert_eq!(stranger.patience(), Duration::from_secs(80));
        tokio::time::advance(Duration::from_secs(100)).await;
        assert_eq!(stranger.patience(), Duration::ZERO);
    }
}
