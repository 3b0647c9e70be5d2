//! The task behind the deliveries: fills the index and forgets steps that are too old. Nothing waits for it, and it
//! goes on after a restart where it stopped.

use std::time::Duration;

use mail::Timestamp;
use store::{Key, Store};
use tokio::time::Instant;

use crate::index::advance;
use crate::prune::{last_old, prune};

/// Between looks whether there are many rows without keys.
const LOOK: Duration = Duration::from_secs(5);
/// Deliveries come first: after each slice the task rests so many times as long as it worked.
const REST: u32 = 4;

/// Works until `shutdown` is done. It can be stopped at any point. `now` is the clock.
pub async fn run(store: Store, now: impl Fn() -> Timestamp, shutdown: impl Future<Output = ()>) {
    let work = async {
        let mut clock = Clock::doubted(now());
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = round(&store, clock.trusted(now())).await {
                tracing::warn!(%error, "the trace is put in order later");
                tokio::time::sleep(LOOK * 6).await;
            }
        }
    };
    tokio::select! {
        () = shutdown => {}
        () = work => {}
    }
}

/// Does all there is to do now, for tests and the command line.
pub async fn catch_up(store: &Store, now: Timestamp) -> Result<(), store::Error> {
    while advance(store, true).await? {}
    forget(store, now, 0).await
}

/// A wall clock that may be wrong. A history that was forgotten cannot be had again, so the clock must have gone
/// steadily for a while first, after the start and after each jump.
struct Clock {
    seen: Timestamp,
    at: Instant,
    steady_since: Instant,
}

/// A wall clock is set right by less, now and then.
const JUMP: Duration = Duration::from_secs(3600);
/// The time for which a clock that has jumped, or was read at the start, is not believed.
const DOUBT: Duration = Duration::from_secs(6 * 3600);

impl Clock {
    fn doubted(now: Timestamp) -> Self {
        let at = Instant::now();
        Self { seen: now, at, steady_since: at }
    }

    /// The time that it shows, if that can be believed.
    fn trusted(&mut self, now: Timestamp) -> Option<Timestamp> {
        let at = Instant::now();
        let expected = self.seen.after(at.duration_since(self.at));
        if now.since(expected).max(expected.since(now)) > JUMP {
            self.steady_since = at;
        }
        (self.seen, self.at) = (now, at);
        (at.duration_since(self.steady_since) >= DOUBT).then_some(now)
    }
}

async fn round(store: &Store, now: Option<Timestamp>) -> Result<(), store::Error> {
    loop {
        let start = Instant::now();
        if !advance(store, false).await? {
            break;
        }
        tokio::time::sleep(start.elapsed() * REST).await;
    }
    match now {
        Some(now) => forget(store, now, REST).await,
        None => Ok(()),
    }
}

async fn forget(store: &Store, now: Timestamp, rest: u32) -> Result<(), store::Error> {
    while let Some(upto) = store.read(move |view| last_old(view, now)).await? {
        loop {
            let start = Instant::now();
            if !store.write(Key::Trace, move |tx| prune(tx, upto)).await? {
                break;
            }
            tokio::time::sleep(start.elapsed() * rest).await;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000);

    #[tokio::test(start_paused = true)]
    async fn nothing_is_forgotten_by_a_clock_that_has_just_been_set() {
        let hours = |count: u64| Duration::from_secs(count * 3600);
        let mut clock = Clock::doubted(START);
        assert_eq!(clock.trusted(START), None);
        tokio::time::advance(hours(6)).await;
        assert_eq!(clock.trusted(START.after(hours(6))), Some(START.after(hours(6))));
        // Three years ahead; then set right.
        let ahead = START.after(hours(3 * 365 * 24));
        assert_eq!(clock.trusted(ahead), None);
        tokio::time::advance(hours(5)).await;
        assert_eq!(clock.trusted(ahead.after(hours(5))), None);
        assert_eq!(clock.trusted(START.after(hours(11))), None);
        tokio::time::advance(hours(6)).await;
        assert_eq!(clock.trusted(START.after(hours(17))), Some(START.after(hours(17))));
    }
}
