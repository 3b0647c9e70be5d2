//! The shutdown: asks everything that runs to end.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// The side that may end things. Dropping it ends them as well.
#[derive(Debug)]
pub struct Stop(watch::Sender<Option<Instant>>);

/// The side that must end when asked.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Option<Instant>>);

impl Stop {
    /// Makes the two ends.
    pub fn new() -> (Self, Shutdown) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), Shutdown(receiver))
    }

    /// Asks all to end: immediately if they idle, within `grace` if they are in the middle of something.
    pub fn request(&self, grace: Duration) {
        self.0.send_replace(Some(Instant::now() + grace));
    }
}

impl Shutdown {
    /// Returns a shutdown that never comes, for tests and for commands.
    pub fn never() -> Self {
        let (sender, receiver) = watch::channel(None);
        // The sender must outlive every receiver: a dropped sender means "end".
        std::mem::forget(sender);
        Self(receiver)
    }

    /// Returns true if the end was requested.
    pub fn is_requested(&self) -> bool {
        self.0.borrow().is_some() || self.0.has_changed().is_err()
    }

    /// Resolves when the end is requested; immediately if it was requested before.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        // An error means that the sender is gone, and so is the reason to go on.
        let _ = receiver.wait_for(Option::is_some).await;
    }

    /// Resolves when the end was requested and the grace is over.
    pub async fn overdue(&self) {
        self.requested().await;
        let deadline = *self.0.borrow();
        if let Some(deadline) = deadline {
            tokio::time::sleep_until(deadline).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_end_is_asked_for_first_and_overdue_later() {
        let (stop, shutdown) = Stop::new();
        assert!(!shutdown.is_requested());
        stop.request(Duration::from_secs(5));
        shutdown.requested().await;
        assert!(shutdown.is_requested());
        let begun = Instant::now();
        shutdown.overdue().await;
        assert_eq!(begun.elapsed().as_secs(), 5);
    }

    #[tokio::test]
    async fn who_lost_the_one_who_can_end_it_ends() {
        let (stop, shutdown) = Stop::new();
        drop(stop);
        shutdown.requested().await;
        shutdown.overdue().await;
        assert!(shutdown.is_requested());
    }
}
