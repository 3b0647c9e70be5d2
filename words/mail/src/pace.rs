//! Limits the rate of events: counters fill immediately and empty slowly.
//!
//! A counter is kept as the moment when it will be empty again, so that nothing has to run for it to empty. Moments
//! come from a clock that nobody can set: a change of the wall clock neither lengthens nor shortens anything.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// The most counters that are kept.
const MOST: usize = 100_000;

/// A time since some beginning, by a monotonic clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Duration);

impl Moment {
    /// This much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// Returns the moment so much earlier, but not before the beginning.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }

    /// Returns the time since `earlier`; zero if `earlier` is still to come.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The rate of events: so many are free together, and one more as each interval passes.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The number of events that may happen together.
    pub free: u32,
    /// The time after which one event is forgotten.
    pub interval: Duration,
}

/// A counter for each key. Bounded: if there are too many, the emptiest go.
#[derive(Debug)]
pub struct Counters<K> {
    /// The moment at which each counter will be empty.
    empty_at: HashMap<K, Moment>,
}

impl<K> Default for Counters<K> {
    fn default() -> Self {
        Self { empty_at: HashMap::new() }
    }
}

impl<K: Eq + Hash> Counters<K> {
    /// Returns the time until one more event is free; zero if it is free now.
    pub fn wait(&self, key: &K, pace: Pace, now: Moment) -> Duration {
        let Some(empty_at) = self.empty_at.get(key) else { return Duration::ZERO };
        let after_one_more = empty_at.after(pace.interval);
        after_one_more.since(now).saturating_sub(pace.interval * pace.free)
    }

    /// Counts one more event, and returns the present count. The counter never exceeds `most`, so that it is empty
    /// again in a known time, however long it was filled.
    pub fn count(&mut self, key: K, pace: Pace, most: u32, now: Moment) -> u32 {
        self.make_room(now);
        let empty_at = self.empty_at.entry(key).or_insert(now);
        *empty_at = (*empty_at).max(now).after(pace.interval).min(now.after(pace.interval * most));
        let counted = empty_at.since(now).as_millis().div_ceil(pace.interval.as_millis().max(1));
        u32::try_from(counted).unwrap_or(u32::MAX)
    }

    /// Takes one event back.
    pub fn withdraw(&mut self, key: &K, pace: Pace) {
        if let Some(empty_at) = self.empty_at.get_mut(key) {
            *empty_at = empty_at.before(pace.interval);
        }
    }

    /// Keeps only the counters for which `keep` is true; returns the number of removed ones that were not empty.
    pub fn retain(&mut self, now: Moment, mut keep: impl FnMut(&K) -> bool) -> usize {
        self.empty_at.retain(|_, empty_at| *empty_at > now);
        let before = self.empty_at.len();
        self.empty_at.retain(|key, _| keep(key));
        before - self.empty_at.len()
    }

    fn make_room(&mut self, now: Moment) {
        if self.empty_at.len() < MOST {
            return;
        }
        // Empty counters go first, then those with little in them, then all: this is bounded, whatever comes. At least
        // an eighth goes: if only one went, each newcomer would cost a walk through all.
        for patience in [Duration::ZERO, Duration::from_secs(60), Duration::MAX] {
            self.empty_at.retain(|_, empty_at| empty_at.since(now) > patience);
            if self.empty_at.len() <= MOST - MOST / 8 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { free: 3, interval: Duration::from_secs(10) };
    const START: Moment = Moment(Duration::from_secs(1000));

    #[test]
    fn so_many_are_free_and_one_more_as_each_interval_passes() {
        let mut counters = Counters::default();
        for counted in 1..=3 {
            assert_eq!(counters.wait(&'a', PACE, START), Duration::ZERO);
            assert_eq!(counters.count('a', PACE, 100, START), counted);
        }
        assert_eq!(counters.wait(&'a', PACE, START), Duration::from_secs(10));
        assert_eq!(counters.wait(&'a', PACE, START.after(Duration::from_secs(10))), Duration::ZERO);
        assert_eq!(counters.wait(&'b', PACE, START), Duration::ZERO);
        counters.withdraw(&'a', PACE);
        assert_eq!(counters.wait(&'a', PACE, START), Duration::ZERO);
    }

    #[test]
    fn a_counter_is_empty_in_a_known_time_however_long_it_was_filled() {
        let mut counters = Counters::default();
        for _ in 0..10_000 {
            counters.count('a', PACE, 5, START);
        }
        assert_eq!(counters.count('a', PACE, 5, START), 5);
        assert_eq!(counters.wait(&'a', PACE, START.after(Duration::from_secs(30))), Duration::ZERO);
    }

    #[test]
    fn the_counters_are_bounded() {
        let mut counters = Counters::default();
        for key in 0..MOST + 1000 {
            counters.count(key, PACE, 5, START);
        }
        assert!(counters.empty_at.len() <= MOST);
    }
}
