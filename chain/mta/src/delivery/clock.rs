//! The two clocks of delivery: how long the office has been running, and whether the wall clock goes as it should.

use std::time::{Duration, Instant};

use mail::Timestamp;
use net::{Shutdown, now};
use store::{Key, Store};

use crate::queue::{self, Ran};

/// Measures how long the office has been running: the time on the disk, and the time since.
pub struct Running {
    before: Ran,
    since: Instant,
}

/// It is written down this often.
const WRITTEN: Duration = Duration::from_secs(60);

impl Running {
    /// Goes on from the time on the disk. `None`: the office is to end before it can be read.
    pub async fn go_on(store: &Store, shutdown: &Shutdown) -> Option<Self> {
        loop {
            match store.read(queue::ran).await {
                Ok(before) => return Some(Self { before, since: Instant::now() }),
                Err(error) => tracing::error!(%error, "cannot read how long the office has been running; tried again"),
            }
            tokio::select! {
                () = shutdown.requested() => return None,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    /// Returns how long the office has been running.
    pub fn ran(&self) -> Ran {
        self.before.after(self.since.elapsed())
    }

    /// Writes it down every minute, and at the end.
    pub async fn keep(&self, store: &Store, shutdown: &Shutdown) {
        let mut ends = false;
        while !ends {
            tokio::select! {
                () = shutdown.requested() => ends = true,
                () = tokio::time::sleep(WRITTEN) => {}
            }
            let ran = self.ran();
            if let Err(error) = store.write(Key::Queue, move |tx| queue::keep_running(tx, ran)).await {
                tracing::warn!(%error, "cannot write down how long the office has been running; tried again");
            }
        }
    }
}

/// Sees when somebody sets the wall clock.
pub struct WallClock {
    seen: Timestamp,
    at: Instant,
    /// The time for which the machine had been up then, if it can be known.
    up: Option<Duration>,
    /// It jumped ahead, and until when nothing that cannot be undone is done for it.
    doubted_until: Option<Instant>,
}

/// A clock is set right by less, now and then.
const JUMP: Duration = Duration::from_secs(3600);
/// A step back by more makes waits longer.
const BACK: Duration = Duration::from_secs(60);
/// Whoever has set a clock wrong sees it within this time.
const DOUBT: Duration = Duration::from_secs(15 * 60);

/// The course of the wall clock since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It went on.
    Steady,
    /// It was set ahead.
    Ahead,
    /// It was set back.
    Back,
}

impl WallClock {
    /// Begins to watch the wall clock.
    pub fn watch() -> Self {
        Self { seen: now(), at: Instant::now(), up: up(), doubted_until: None }
    }

    /// Looks at it.
    pub fn look(&mut self) -> Course {
        self.compare(now(), Instant::now(), up())
    }

    fn compare(&mut self, wall: Timestamp, at: Instant, up: Option<Duration>) -> Course {
        let passed = at.saturating_duration_since(self.at);
        // A machine that slept is no clock that was set.
        let slept = up.zip(self.up).map_or(Duration::ZERO, |(up, before)| up.saturating_sub(before));
        let should_be = self.seen.after(passed.max(slept));
        (self.seen, self.at, self.up) = (wall, at, up);
        if wall.since(should_be) > JUMP {
            tracing::warn!(seconds = wall.since(should_be).as_secs(), "the clock was set ahead");
            self.doubted_until = Some(at + DOUBT);
            return Course::Ahead;
        }
        if should_be.since(wall) > BACK {
            tracing::warn!(seconds = should_be.since(wall).as_secs(), "the clock was set back");
            self.doubted_until = None;
            return Course::Back;
        }
        Course::Steady
    }

    /// Returns true if the clock may be wrong.
    pub fn is_doubted(&self) -> bool {
        self.doubted_until.is_some_and(|until| Instant::now() < until)
    }
}

/// Returns how long the machine has been up, sleep included, which [`Instant`] leaves out. `None` if the system does
/// not say.
fn up() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    Duration::try_from_secs_f64(text.split(' ').next()?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_slept_is_no_clock_that_was_set() {
        let (wall, at, night) = (Timestamp(1_000_000_000), Instant::now(), Duration::from_secs(9 * 3600));
        let mut clock = WallClock { seen: wall, at, up: Some(night), doubted_until: None };
        assert_eq!(clock.compare(wall.after(night), at, Some(night * 2)), Course::Steady);
        assert_eq!(clock.compare(wall.after(night * 2), at, Some(night * 2)), Course::Ahead);
        assert!(up().is_none_or(|up| up > Duration::ZERO));
    }

    #[test]
    fn a_clock_that_jumps_is_seen_and_doubted_until_it_is_set_right() {
        let (wall, at) = (Timestamp(1_000_000_000), Instant::now());
        let mut clock = WallClock { seen: wall, at, up: None, doubted_until: None };
        let minute = Duration::from_secs(60);
        let years = Duration::from_secs(3 * 365 * 86400);
        assert_eq!(clock.compare(wall.after(minute * 2), at + minute, None), Course::Steady);
        assert_eq!(clock.compare(wall.after(years), at + minute * 2, None), Course::Ahead);
        assert!(clock.is_doubted());
        assert_eq!(clock.compare(wall.after(minute * 4), at + minute * 3, None), Course::Back);
        assert!(!clock.is_doubted());
        assert_eq!(clock.compare(wall.after(minute * 4 + JUMP), at + minute * 4, None), Course::Steady);
    }
}
