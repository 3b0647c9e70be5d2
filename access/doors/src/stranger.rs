//! A client before its log-in: its time and its tries are counted.

use std::time::Duration;

use sasl::Refusal;
use tokio::time::Instant;

use crate::Shared;

/// A client that has not logged in. It keeps its place when TLS begins: neither its time nor its failures begin anew.
#[derive(Clone, Copy, Debug)]
pub struct Stranger {
    /// When it must have logged in.
    until: Instant,
    /// Log-ins that failed.
    failures: u32,
}

impl Stranger {
    /// After so many failed log-ins a client has to go.
    pub const FAILURES_MAX: u32 = 5;

    /// A client that has just come.
    pub fn new(shared: &Shared) -> Self {
        Self { until: Instant::now() + shared.entry, failures: 0 }
    }

    /// The time that is left for the log-in: zero where it is over.
    pub fn patience(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Counts a refused log-in where it can have been a guess. A log-in that the client took back or did not write as
    /// it must is none, nor is one that could not be checked: that one is a fault of ours, and the log says so.
    pub fn refused(&mut self, refusal: &Refusal) {
        match refusal {
            Refusal::Wrong | Refusal::TooMany(_) | Refusal::Busy(_) => self.failures += 1,
            Refusal::Cancelled | Refusal::Malformed(_) => {}
            Refusal::Fault(fault) => tracing::error!(%fault, "log-ins cannot be checked"),
        }
    }

    /// Has it failed so often that it has to go?
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
