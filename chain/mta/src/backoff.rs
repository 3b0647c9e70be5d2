//! How long a letter waits between two tries, and when it is given up.

use std::time::Duration;

/// The times of a letter that does not get through at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The wait after the first failure; doubled after each further one.
    pub first: Duration,
    /// The longest wait between two tries.
    pub most: Duration,
    /// How long a letter is tried before it is returned (RFC 5321 §4.5.4.1: at least 4 to 5 days).
    pub lifetime: Duration,
    /// After how long the sender is told, once, that the letter is late. `None`: never.
    pub warn_after: Option<Duration>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60),
            most: Duration::from_secs(2 * 3600),
            lifetime: Duration::from_secs(5 * 24 * 3600),
            warn_after: Some(Duration::from_secs(4 * 3600)),
        }
    }
}

impl Schedule {
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
