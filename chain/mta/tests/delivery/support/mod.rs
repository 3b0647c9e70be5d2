//! The tools that the delivery tests share: a server that does as it is told, and an office that sends to it.

pub mod office;
pub mod server;

use std::time::{Duration, Instant};

/// Waits until something is so; fails after a while.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
