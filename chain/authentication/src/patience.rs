//! The time that name servers get: less while none of them answers, so that letters do not wait for a network that is not
//! there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use auth::dns::{Asked, Dns};
use net::{Lookups, Resolver};

/// The time for a letter whose sender could be refused.
const LONG: Duration = Duration::from_secs(19);
/// The time for a letter that is filed in any case.
const SHORT: Duration = Duration::from_secs(5);
/// The time while no name server answers.
const SILENT: Duration = Duration::from_millis(500);
/// Name servers that have been silent are asked at length again after this time.
const AGAIN: Duration = Duration::from_secs(60);
/// Answers that took longer than this, and then did not come, are silence; a quick fault is none.
const SLOW: Duration = Duration::from_secs(1);

/// Remembers when name servers last were silent.
#[derive(Debug)]
pub(crate) struct Patience {
    beginning: Instant,
    /// Milliseconds since the beginning, until which little time is given; 0 at first.
    short_until: AtomicU64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { beginning: Instant::now(), short_until: AtomicU64::new(0) }
    }
}

impl Patience {
    /// Returns the time for the questions about a letter, at most `within`.
    pub fn time(&self, may_refuse: bool, within: Duration) -> Duration {
        let usual = if may_refuse { LONG } else { SHORT };
        let wait = if self.now() < self.short_until.load(Ordering::Relaxed) { SILENT } else { usual };
        // The check ends before the one who asks it gives it up.
        wait.min(within.saturating_sub(within / 20))
    }

    /// Notes how long the questions about a letter took, and whether any had an answer.
    pub fn note(&self, took: Duration, answered: bool) {
        if answered {
            self.short_until.store(0, Ordering::Relaxed);
        } else if took > SLOW {
            self.short_until.store(self.now() + millis(AGAIN), Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        millis(self.beginning.elapsed())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The questions of one method about one letter. It notes whether anybody answers.
pub(crate) struct Asking {
    lookups: Lookups,
    asked: AtomicBool,
    answered: AtomicBool,
}

impl Asking {
    /// Makes the bounds of a method: so many questions, in this time from now on.
    pub fn new(resolver: &Arc<dyn Resolver>, most: u32, time: Duration) -> Self {
        let lookups = Lookups::new(resolver.clone(), most, time);
        Self { lookups, asked: AtomicBool::new(false), answered: AtomicBool::new(false) }
    }

    /// Returns true if a question was asked.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Returns true if a question was answered.
    pub fn answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    fn note<'a, T: Send + 'a>(&'a self, asked: Asked<'a, T>) -> Asked<'a, T> {
        self.asked.store(true, Ordering::Relaxed);
        Box::pin(async move {
            let answer = asked.await;
            if answer.is_ok() {
                self.answered.store(true, Ordering::Relaxed);
            }
            answer
        })
    }
}

impl Dns for Asking {
    fn txt<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Vec<u8>>> {
        self.note(Dns::txt(&self.lookups, name))
    }

    fn ipv4<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv4Addr>> {
        self.note(Dns::ipv4(&self.lookups, host))
    }

    fn ipv6<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv6Addr>> {
        self.note(Dns::ipv6(&self.lookups, host))
    }

    fn mx<'a>(&'a self, domain: &'a str) -> Asked<'a, Vec<String>> {
        self.note(Dns::mx(&self.lookups, domain))
    }

    fn ptr(&self, ip: IpAddr) -> Asked<'_, Vec<String>> {
        self.note(Dns::ptr(&self.lookups, ip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_no_name_server_answers_letters_wait_little() {
        let (patience, within) = (Patience::default(), Duration::from_secs(20));
        assert_eq!(patience.time(true, within), Duration::from_secs(19));
        patience.note(Duration::from_millis(10), false);
        assert_eq!(patience.time(true, within), Duration::from_secs(19), "a quick fault costs nothing");
        patience.note(Duration::from_secs(19), false);
        assert_eq!(patience.time(true, within), SILENT);
        patience.note(Duration::from_millis(3), true);
        assert_eq!(patience.time(false, within), SHORT);
        assert!(patience.time(true, Duration::from_secs(2)) < Duration::from_secs(2));
    }
}
