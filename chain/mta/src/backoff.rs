//! Decides how long a letter waits between two tries, and when it is given up.

use std::time::Duration;

/// The times of a letter that does not get through at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The wait after the first failure; doubled after each further one.
    pub first: Duration,
    /// The longest wait between two tries.
    pub most: Duration,
    /// The wait of a greylisted recipient, if the server names no time.
    pub greylisted: Duration,
    /// The time for which a letter is tried before it is returned (RFC 5321 §4.5.4.1: at least 4 to 5 days).
    pub lifetime: Duration,
    /// The time after which the sender is told, once, that the letter is late. `None`: never.
    pub warn_after: Option<Duration>,
}

/// The number of times that a greylisting server is believed that its time is all there is to it.
const PATIENT: u32 = 3;

/// A greylisting server that names a longer time is visited sooner.
pub const LONGEST_NAMED: Duration = Duration::from_secs(6 * 3600);

impl Default for Schedule {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60),
            most: Duration::from_secs(2 * 3600),
            greylisted: Duration::from_secs(5 * 60),
            lifetime: Duration::from_secs(5 * 24 * 3600),
            warn_after: Some(Duration::from_secs(4 * 3600)),
        }
    }
}

impl Schedule {
    /// No wait is longer: a time on the disk that is further away was written by a clock that was wrong.
    pub fn longest_wait(&self) -> Duration {
        self.most.mul_f64(1.25).max(self.greylisted).max(LONGEST_NAMED) + Duration::from_secs(60)
    }

    /// Returns the wait of a recipient that was greylisted, after so many `attempts` with this one: the time that the
    /// server `named`, and a little more for its clock. A recipient that goes on being greylisted is visited less and
    /// less often.
    pub fn greylisted(&self, named: Option<Duration>, attempts: u32, random: u32) -> Duration {
        let wait = named.map_or(self.greylisted, |named| named.min(LONGEST_NAMED) + Duration::from_secs(1));
        if attempts <= PATIENT { wait } else { wait.max(self.wait(attempts, random)) }
    }

    /// The wait after `failures` failures in a row (1 or more), spread by a quarter to both sides with `random`,
    /// so that letters that failed together do not come back together.
    pub fn wait(&self, failures: u32, random: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let plain = self.first.saturating_mul(1 << doublings).min(self.most);
        let share = 0.75 + 0.5 * f64::from(random) / f64::from(u32::MAX);
        plain.mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_double_from_a_minute_to_two_hours() {
        let schedule = Schedule::default();
        let middle = u32::MAX / 2;
        let minutes = |failures| schedule.wait(failures, middle).as_secs_f64() / 60.0;
        for (failures, expected) in [(1, 1.0), (2, 2.0), (3, 4.0), (7, 64.0), (8, 120.0), (4_000_000_000, 120.0)] {
            assert!((minutes(failures) - expected).abs() < 0.01, "{failures}: {}", minutes(failures));
        }
    }

    #[test]
    fn a_greylisting_server_is_believed_a_few_times() {
        let schedule = Schedule::default();
        let seconds = |named: Option<u64>, attempts| {
            schedule.greylisted(named.map(Duration::from_secs), attempts, u32::MAX / 2).as_secs()
        };
        assert_eq!((seconds(None, 1), seconds(Some(30), 3), seconds(Some(3600), 1)), (300, 31, 3601));
        assert!(seconds(Some(30), 6) >= 31 * 60, "after that the waits grow");
        assert_eq!(seconds(Some(3600), 6), 3601);
    }

    proptest! {
        #[test]
        fn a_wait_is_never_nothing_and_never_much_more_than_the_most(
            failures: u32, random: u32, first in 1u64..1_000_000_000, most in 1u64..1_000_000_000,
        ) {
            let (first, most) = (Duration::from_millis(first), Duration::from_millis(most));
            let schedule = Schedule { first, most, ..Schedule::default() };
            let wait = schedule.wait(failures, random);
            prop_assert!(wait >= first.min(most).mul_f64(0.74));
            prop_assert!(wait <= most.mul_f64(1.26));
        }

        #[test]
        fn with_the_same_luck_a_later_wait_is_not_shorter(failures in 1u32..100, random: u32) {
            let schedule = Schedule::default();
            prop_assert!(schedule.wait(failures + 1, random) >= schedule.wait(failures, random));
        }
    }
}
