//! Limits how often a connection may break before the trouble is the server's, and no longer that of the requested
//! letters.

use std::time::Duration;

use crate::Fault;

/// Breaks without anything that went well between them.
const MOST_IN_A_ROW: u32 = 20;
/// Breaks of one round.
const MOST: u32 = 400;
/// The number of breaks that a server has less if it sends something that no server may send.
const NONSENSE: u32 = 7;
/// The pause before the first connection that follows a break, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The breaks of one round.
#[derive(Debug, Default)]
pub(super) struct Breaks {
    in_a_row: u32,
    all: u32,
}

impl Breaks {
    /// Counts a break. Returns the pause before the next connection; none: it is enough.
    pub fn another(&mut self, why: &Fault) -> Option<Duration> {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.in_a_row.min(10)).min(LONGEST_PAUSE);
        self.in_a_row += if matches!(why, Fault::Server(_)) { NONSENSE } else { 1 };
        self.all += 1;
        (self.in_a_row <= MOST_IN_A_ROW && self.all <= MOST).then_some(pause)
    }

    /// Something came whole.
    pub fn went_well(&mut self) {
        self.in_a_row = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_only_breaks_is_left_alone_and_one_that_gives_something_between_is_not() {
        let cut = Fault::Cut(String::new());
        let mut dead = Breaks::default();
        assert_eq!((0..1000).take_while(|_| dead.another(&cut).is_some()).count(), MOST_IN_A_ROW as usize);
        let mut flaky = Breaks::default();
        let mut goes_on = || {
            flaky.went_well();
            flaky.another(&cut).is_some()
        };
        assert_eq!((0..1000).take_while(|_| goes_on()).count(), MOST as usize);
        let mut mad = Breaks::default();
        let nonsense = Fault::Server(String::new());
        assert_eq!((0..1000).take_while(|_| mad.another(&nonsense).is_some()).count(), 2);
    }
}
