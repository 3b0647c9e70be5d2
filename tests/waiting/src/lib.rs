//! Lets tests wait: for a condition, with a deadline that leaves room for a machine that is ten times busier.
//!
//! `wait_…` block the thread; the others are for tests on a runtime. Each panics at its deadline and names what did not
//! happen. A test that sleeps instead says why (see `tests/tests/house_rules/sleeps.rs`).

use std::fmt::Display;
use std::time::{Duration, Instant};

/// The longest wait.
pub const DEADLINE: Duration = Duration::from_secs(90);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until the condition holds.
#[track_caller]
pub fn wait_until(what: impl Display, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}

/// Waits until there is something, and gives it.
#[track_caller]
pub fn wait_for<T>(what: impl Display, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "not within {} seconds: {what}", DEADLINE.as_secs());
        // time passes: between two looks
        std::thread::sleep(PAUSE);
    }
}

/// Waits until the condition holds.
pub async fn until(what: impl Display, mut holds: impl FnMut() -> bool) {
    found(what, async || holds().then_some(())).await;
}

/// Waits until there is something, and gives it.
pub async fn found<T>(what: impl Display, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    // Not the clock of the runtime, which a test may have stopped.
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "not within {} seconds: {what}", DEADLINE.as_secs());
        // time passes: between two looks
        tokio::time::sleep(PAUSE).await;
    }
}
