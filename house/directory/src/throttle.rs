//! Limits how often somebody may give a wrong password.
//!
//! **The place is punished, the name is only slowed.** A network that fails too often is refused for a while: a household,
//! and, with higher limits, the networks that one customer or one company has, since whoever has a /48 has 65,536 households.
//! A name that others guess at is answered more slowly, and never refused: otherwise whoever knows an address could lock its
//! owner out. When a person has logged in from a place before, neither the failures of others at that place nor the
//! failures for that name elsewhere count.
//!
//! Times are read from a monotonic clock: setting the wall clock neither lengthens nor lifts anything.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use mail::pace::{Counters, Moment, Pace};

use crate::peer_network::{Network, PeerNetwork, Size};

/// A try is never held back for longer: a mail client gives up after some 20 seconds.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// The time that each failure beyond the free ones adds to the wait.
const WAIT_STEP: Duration = Duration::from_secs(1);

/// The sizes of networks that are refused. Nobody is refused for the deeds of others at their provider.
const REFUSED: [Size; 3] = [Size::Household, Size::Customer, Size::Site];

const PER_HOUSEHOLD: Pace = Pace { free: 30, interval: Duration::from_secs(20) };
const PER_CUSTOMER: Pace = Pace { free: 60, interval: Duration::from_secs(10) };
const PER_SITE: Pace = Pace { free: 120, interval: Duration::from_secs(5) };
const PER_NAME: Pace = Pace { free: 10, interval: Duration::from_secs(60) };
/// A slowed name has recovered this many intervals after the last failure, however long the attack was.
const NAME_REMEMBERS: u32 = PER_NAME.free + 8;

/// The network or the name that a try is counted for. Names are kept as a hash with a key of this process: they can
/// be long, and are nobody's business.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    PeerNetwork(Network),
    Name(u64),
    /// A name at a household where it has logged in before.
    Familiar(IpAddr, u64),
}

/// Counts failures, per place and per name. A try is counted before it is made, so that many at one time do not slip
/// through, and given back when it succeeds.
pub(crate) struct Throttle {
    hasher: RandomState,
    failures: Counters<Key>,
}

/// The permission of a try.
pub(crate) enum Ruling {
    /// It is made, after its wait.
    Try(Try),
    /// Its place has failed too often. It may be made again after this long.
    Refused(Duration),
}

/// A counted try.
#[must_use]
pub(crate) struct Try {
    keys: Vec<Key>,
    /// The time for which the try is held back before the password is looked at.
    pub(crate) wait: Duration,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), failures: Counters::default() }
    }

    /// Counts a try of `name`, which is folded, from `place`. `familiar`: the name has logged in there before.
    pub(crate) fn begin(&mut self, place: PeerNetwork, name: &str, familiar: bool, now: Moment) -> Ruling {
        if let Some(wait) = self.refuses(place, familiar, now) {
            return Ruling::Refused(wait);
        }
        let name = self.hasher.hash_one(name);
        let keys: Vec<Key> = match familiar {
            true => vec![Key::Familiar(place.household(), name)],
            false => places(place).chain([Key::Name(name)]).collect(),
        };
        let wait = keys.iter().map(|key| self.count(*key, now)).max().unwrap_or_default();
        Ruling::Try(Try { keys, wait })
    }

    /// Returns how long tries from this place are refused, if they are; nothing is counted.
    pub(crate) fn refuses(&self, place: PeerNetwork, familiar: bool, now: Moment) -> Option<Duration> {
        if familiar {
            return None;
        }
        let wait = places(place).map(|key| self.failures.wait(&key, key.pace(), now)).max().unwrap_or_default();
        (!wait.is_zero()).then_some(wait)
    }

    /// The try succeeded, or was not made through no fault of the person: it counts no more.
    pub(crate) fn withdraw(&mut self, attempt: Try) {
        for key in attempt.keys {
            self.failures.withdraw(&key, key.pace());
        }
    }

    /// Forgets the failures of a name, and those of all places: nobody knows which of them is the one that its owner sits
    /// at. Returns whether there was anything to forget.
    pub(crate) fn lift(&mut self, name: &str, now: Moment) -> bool {
        let name = self.hasher.hash_one(name);
        let forgotten = self.failures.retain(now, |key| match key {
            Key::PeerNetwork(_) => false,
            Key::Name(other) | Key::Familiar(_, other) => *other != name,
        });
        forgotten > 0
    }

    /// Counts one failure under the key, and gives the wait before the try may be made.
    fn count(&mut self, key: Key, now: Moment) -> Duration {
        let pace = key.pace();
        match key {
            Key::PeerNetwork(_) => {
                self.failures.count(key, pace, pace.free, now);
                Duration::ZERO
            }
            Key::Name(_) | Key::Familiar(..) => {
                let beyond = self.failures.count(key, pace, NAME_REMEMBERS, now).saturating_sub(pace.free);
                WAIT_STEP.saturating_mul(beyond).min(LONGEST_WAIT)
            }
        }
    }
}

fn places(place: PeerNetwork) -> impl Iterator<Item = Key> {
    REFUSED.into_iter().map(move |size| Key::PeerNetwork(place.network(size)))
}

impl Key {
    fn pace(self) -> Pace {
        match self {
            Self::PeerNetwork(Network { size: Size::Household, .. }) => PER_HOUSEHOLD,
            Self::PeerNetwork(Network { size: Size::Customer, .. }) => PER_CUSTOMER,
            Self::PeerNetwork(_) => PER_SITE,
            Self::Name(_) | Self::Familiar(..) => PER_NAME,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment(Duration::from_secs(1000));
    const HERE: &str = "192.0.2.1";

    fn ip(text: &str) -> PeerNetwork {
        PeerNetwork::of(text.parse().unwrap())
    }

    fn seconds(count: u64) -> Moment {
        START.after(Duration::from_secs(count))
    }

    /// Fails until it is refused. Returns how often that was, and how long the longest wait was.
    fn failures(throttle: &mut Throttle, from: &str, name: &str, now: Moment) -> (usize, Duration) {
        let mut longest = Duration::ZERO;
        for count in 0..1000 {
            match throttle.begin(ip(from), name, false, now) {
                Ruling::Try(attempt) => longest = longest.max(attempt.wait),
                Ruling::Refused(_) => return (count, longest),
            }
        }
        (1000, longest)
    }

    fn wait(throttle: &mut Throttle, from: &str, name: &str, familiar: bool, now: Moment) -> Option<Duration> {
        match throttle.begin(ip(from), name, familiar, now) {
            Ruling::Try(attempt) => Some(attempt.wait),
            Ruling::Refused(_) => None,
        }
    }

    #[test]
    fn a_place_may_fail_thirty_times_and_is_told_when_it_may_try_again() {
        let mut throttle = Throttle::new();
        let count = (0..100).take_while(|n| wait(&mut throttle, HERE, &format!("user{n}"), false, START).is_some());
        assert_eq!(count.count(), 30);
        let Ruling::Refused(left) = throttle.begin(ip(HERE), "alice", false, START) else { panic!("it was let in") };
        assert_eq!(left, PER_HOUSEHOLD.interval);
        assert_eq!(failures(&mut throttle, HERE, "alice", seconds(21)).0, 1);
        assert_eq!(failures(&mut throttle, HERE, "alice", seconds(3600)).0, 30);
        assert_eq!(wait(&mut throttle, "192.0.2.2", "somebody", false, seconds(3600)), Some(Duration::ZERO));
    }

    #[test]
    fn a_name_that_others_guess_at_is_slowed_and_never_refused() {
        let mut throttle = Throttle::new();
        for n in 0..500 {
            let _ = throttle.begin(ip(&format!("198.51.100.{}", n % 250)), "alice", false, START);
        }
        assert_eq!(wait(&mut throttle, HERE, "alice", false, START), Some(LONGEST_WAIT));
        assert_eq!(wait(&mut throttle, HERE, "bob", false, START), Some(Duration::ZERO));
        // Not for as long as it was attacked, but for minutes.
        let later = seconds(u64::from(NAME_REMEMBERS) * 60);
        assert_eq!(wait(&mut throttle, HERE, "alice", false, later), Some(Duration::ZERO));
    }

    #[test]
    fn ten_failures_for_a_name_are_free() {
        let mut throttle = Throttle::new();
        let waits: Vec<_> = (0..12).map(|_| wait(&mut throttle, HERE, "alice", false, START).unwrap()).collect();
        assert!(waits[..10].iter().all(Duration::is_zero), "{waits:?}");
        assert_eq!(waits[10..], [WAIT_STEP, WAIT_STEP * 2]);
    }

    #[test]
    fn one_ipv6_household_is_one_place() {
        let mut throttle = Throttle::new();
        let tries = (0..100)
            .take_while(|n| wait(&mut throttle, &format!("2001:db8::{n}"), &format!("u{n}"), false, START).is_some());
        assert_eq!(tries.count(), 30);
    }

    /// Returns how many tries, each with a new name, these addresses can make before they are refused.
    fn tries(throttle: &mut Throttle, address: impl Fn(u32) -> String) -> usize {
        let made = |n: &u32| matches!(throttle.begin(ip(&address(*n)), &format!("u{n}"), false, START), Ruling::Try(_));
        (0..2000).take_while(made).count()
    }

    #[test]
    fn whoever_has_many_households_may_not_fail_in_each_of_them() {
        let mut throttle = Throttle::new();
        assert_eq!(tries(&mut throttle, |n| format!("2001:db8:1:{:x}::1", n * 256)), 120, "a /48");
        assert_eq!(tries(&mut throttle, |n| format!("2001:db8:2:{:x}::1", n % 256)), 60, "a /56");
        assert_eq!(tries(&mut throttle, |n| format!("198.51.100.{}", n % 256)), 120, "a /24");
        assert_eq!(tries(&mut throttle, |n| format!("203.0.113.{}", n % 16)), 60, "a /28");
        // Others of the same provider, and whoever is at home in the refused network, are not touched.
        assert_eq!(wait(&mut throttle, "2001:db8:3::1", "alice", false, START), Some(Duration::ZERO));
        assert_eq!(wait(&mut throttle, "2001:db8:1::1", "alice", true, START), Some(Duration::ZERO));
        // And it is not for ever.
        assert_eq!(wait(&mut throttle, "2001:db8:1:ffff::1", "alice", false, seconds(5)), Some(Duration::ZERO));
        assert_eq!(wait(&mut throttle, "2001:db8:1:ffff::1", "alice", false, seconds(5)), None);
    }

    #[test]
    fn a_provider_is_never_refused() {
        let mut throttle = Throttle::new();
        assert_eq!(tries(&mut throttle, |n| format!("2001:db8:{n:x}::1")), 2000);
    }

    #[test]
    fn success_does_not_count() {
        let mut throttle = Throttle::new();
        for _ in 0..1000 {
            let Ruling::Try(attempt) = throttle.begin(ip(HERE), "alice", false, START) else { panic!("refused") };
            assert_eq!(attempt.wait, Duration::ZERO);
            throttle.withdraw(attempt);
        }
    }

    #[test]
    fn tries_count_while_they_are_being_checked() {
        let mut throttle = Throttle::new();
        let running = (0..50).filter(|_| matches!(throttle.begin(ip(HERE), "alice", false, START), Ruling::Try(_)));
        assert_eq!(running.count(), 30);
    }

    #[test]
    fn at_a_familiar_place_only_the_persons_own_failures_there_count() {
        let mut throttle = Throttle::new();
        failures(&mut throttle, "198.51.100.1", "alice", START);
        failures(&mut throttle, HERE, "bob", START);
        assert_eq!(wait(&mut throttle, HERE, "alice", true, START), Some(Duration::ZERO));
        for _ in 0..1000 {
            assert!(wait(&mut throttle, HERE, "alice", true, START).is_some(), "slowed, never refused");
        }
        assert_eq!(wait(&mut throttle, HERE, "alice", true, START), Some(LONGEST_WAIT));
    }

    #[test]
    fn a_block_can_be_lifted() {
        let mut throttle = Throttle::new();
        failures(&mut throttle, HERE, "alice", START);
        assert_eq!(wait(&mut throttle, HERE, "alice", false, START), None);
        assert!(throttle.lift("alice", START));
        assert_eq!(wait(&mut throttle, HERE, "alice", false, START), Some(Duration::ZERO));
        assert!(!Throttle::new().lift("alice", START));
    }
}
