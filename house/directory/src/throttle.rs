//! How often somebody may be wrong.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use mail::Timestamp;

/// More counters than these are not kept.
const MOST_COUNTERS: usize = 100_000;
/// More pairs of place and name that once logged in are not kept.
const MOST_FAMILIAR: usize = 10_000;
/// A place where somebody has logged in is theirs for so long.
const FAMILIAR: Duration = Duration::from_secs(7 * 24 * 3600);

/// So many failures at once, and one more as each interval passes.
#[derive(Clone, Copy)]
struct Pace {
    burst: u32,
    interval: Duration,
}

const PER_PLACE: Pace = Pace { burst: 30, interval: Duration::from_secs(20) };
const PER_NAME: Pace = Pace { burst: 10, interval: Duration::from_secs(60) };

/// Who tries, and where from. Names are kept as a hash with a key of this process: they can be long, and are nobody's
/// business.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Place(IpAddr),
    Name(u64),
    /// A name at a place where it has logged in before.
    Familiar(IpAddr, u64),
}

/// Counts failures, per place and per name. A try is counted before it is made, so that many at one time do not slip
/// through, and given back when it succeeds.
///
/// Somebody who tries other people's names from elsewhere cannot lock them out: at a place where a person has logged in
/// before, only their own failures there count.
pub(crate) struct Throttle {
    hasher: RandomState,
    /// When each counter will be back at nothing.
    clear_at: HashMap<Key, Timestamp>,
    familiar: HashMap<(IpAddr, u64), Timestamp>,
}

/// A counted try.
#[must_use]
pub(crate) struct Try {
    keys: [Option<Key>; 2],
    place: IpAddr,
    name: u64,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), clear_at: HashMap::new(), familiar: HashMap::new() }
    }

    /// Counts a try. `None`: there were too many failures, it must not be made.
    pub(crate) fn begin(&mut self, from: IpAddr, name: &str, now: Timestamp) -> Option<Try> {
        let (place, name) = (mail::peer_network(from), self.hasher.hash_one(name));
        let known = self.familiar.get(&(place, name)).is_some_and(|&since| now.since(since) < FAMILIAR);
        let keys = if known {
            [Some(Key::Familiar(place, name)), None]
        } else {
            [Some(Key::Place(place)), Some(Key::Name(name))]
        };
        if keys.iter().flatten().any(|&key| self.after_one_more(key, now).is_none()) {
            return None;
        }
        self.make_room(now);
        for key in keys.into_iter().flatten() {
            if let Some(clear_at) = self.after_one_more(key, now) {
                self.clear_at.insert(key, clear_at);
            }
        }
        Some(Try { keys, place, name })
    }

    /// The try succeeded: it counts no more, and the place is familiar from now on.
    pub(crate) fn succeeded(&mut self, attempt: Try, now: Timestamp) {
        if self.familiar.len() >= MOST_FAMILIAR {
            self.familiar.retain(|_, &mut since| now.since(since) < FAMILIAR / 7);
        }
        if self.familiar.len() < MOST_FAMILIAR {
            self.familiar.insert((attempt.place, attempt.name), now);
        }
        self.withdraw(attempt);
    }

    /// The try was not made, through no fault of the person.
    pub(crate) fn withdraw(&mut self, attempt: Try) {
        for key in attempt.keys.into_iter().flatten() {
            if let Some(clear_at) = self.clear_at.get_mut(&key) {
                clear_at.0 -= millis(key.pace().interval);
            }
        }
    }

    /// When the counter would be clear after one more failure; `None` where that is too many.
    fn after_one_more(&self, key: Key, now: Timestamp) -> Option<Timestamp> {
        let pace = key.pace();
        let from = self.clear_at.get(&key).copied().unwrap_or(now).max(now);
        let clear_at = from.after(pace.interval);
        (clear_at.since(now) <= pace.interval * pace.burst).then_some(clear_at)
    }

    fn make_room(&mut self, now: Timestamp) {
        // Clear ones first, then those with little on them, then all: bounded, whatever comes.
        for patience in [0, 60, i64::MAX / 1000] {
            if self.clear_at.len() < MOST_COUNTERS {
                return;
            }
            let until = now.0.saturating_add(patience * 1000);
            self.clear_at.retain(|_, clear_at| clear_at.0 > until);
        }
    }
}

impl Key {
    fn pace(self) -> Pace {
        match self {
            Self::Place(_) => PER_PLACE,
            Self::Name(_) | Self::Familiar(..) => PER_NAME,
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000);
    const HERE: &str = "192.0.2.1";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn seconds(count: u64) -> Timestamp {
        START.after(Duration::from_secs(count))
    }

    /// Fails until it is stopped; how often was that?
    fn failures(throttle: &mut Throttle, from: &str, name: &str, now: Timestamp) -> usize {
        (0..1000).take_while(|_| throttle.begin(ip(from), name, now).is_some()).count()
    }

    #[test]
    fn a_name_may_fail_ten_times_and_then_once_a_minute() {
        let mut throttle = Throttle::new();
        assert_eq!(failures(&mut throttle, HERE, "alice", START), 10);
        assert_eq!(failures(&mut throttle, "198.51.100.1", "alice", START), 0);
        assert_eq!(failures(&mut throttle, HERE, "alice", seconds(61)), 1);
        assert_eq!(failures(&mut throttle, HERE, "alice", seconds(3600)), 10);
    }

    #[test]
    fn a_place_may_fail_thirty_times_whatever_the_names() {
        let mut throttle = Throttle::new();
        let count = (0..100).take_while(|n| throttle.begin(ip(HERE), &format!("user{n}"), START).is_some()).count();
        assert_eq!(count, 30);
        assert_eq!(failures(&mut throttle, "192.0.2.2", "somebody", START), 10);
    }

    #[test]
    fn one_ipv6_household_is_one_place() {
        let mut throttle = Throttle::new();
        let tries =
            (0..100).take_while(|n| throttle.begin(ip(&format!("2001:db8::{n}")), &format!("u{n}"), START).is_some());
        assert_eq!(tries.count(), 30);
    }

    #[test]
    fn success_does_not_count() {
        let mut throttle = Throttle::new();
        for _ in 0..1000 {
            let attempt = throttle.begin(ip(HERE), "alice", START).unwrap();
            throttle.succeeded(attempt, START);
        }
    }

    #[test]
    fn tries_count_while_they_are_being_checked() {
        let mut throttle = Throttle::new();
        let running: Vec<_> = (0..20).map(|_| throttle.begin(ip(HERE), "alice", START)).collect();
        assert_eq!(running.iter().flatten().count(), 10);
    }

    #[test]
    fn nobody_is_locked_out_of_a_familiar_place_by_others() {
        let mut throttle = Throttle::new();
        let attempt = throttle.begin(ip(HERE), "alice", START).unwrap();
        throttle.succeeded(attempt, START);
        failures(&mut throttle, "198.51.100.1", "alice", START);
        failures(&mut throttle, HERE, "bob", START);
        assert_eq!(failures(&mut throttle, HERE, "alice", START), 10);
    }

    #[test]
    fn the_counters_are_bounded() {
        let mut throttle = Throttle::new();
        for n in 0..(MOST_COUNTERS as u32 + 1000) {
            let _ = throttle.begin(IpAddr::V4((0x0a00_0000 + n).into()), &format!("u{n}"), START);
        }
        assert!(throttle.clear_at.len() <= MOST_COUNTERS + 2);
    }
}
