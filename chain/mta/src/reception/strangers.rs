//! Whoever asks for many names that nobody has is looking for those that somebody has: slowed, then refused.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mail::Reply;
use mail::pace::{Counters, Moment, Pace};

/// A list with some old addresses is not a harvest: so many are answered at once.
const FREE: u32 = 50;
/// An honest sender's list has no more dead names of one small house than this.
const PACE: Pace = Pace { free: 100, interval: Duration::from_secs(10) };
/// Beyond the free ones each answer comes later than the one before, up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Counts, for each network, the unknown names that it asked for. Shared by all conversations at a door.
#[derive(Debug)]
pub struct Strangers {
    beginning: Instant,
    asked: Mutex<Counters<IpAddr>>,
}

impl Default for Strangers {
    fn default() -> Self {
        Self { beginning: Instant::now(), asked: Mutex::default() }
    }
}

impl Strangers {
    /// Returns the reply to a network that has asked for too many names, whatever name it asks for now: the reply
    /// must not differ for a name that somebody has.
    pub fn refusal(&self, from: IpAddr) -> Option<Reply> {
        let wait = self.lock().wait(&mail::peer_network(from), PACE, self.now());
        (!wait.is_zero()).then(|| {
            let seconds = wait.as_secs().max(1);
            let text = format!("too many unknown recipients from your network; try again in {seconds} seconds");
            Reply::new(450, (4, 7, 1), text)
        })
    }

    /// Counts an unknown name, and gives how long its answer is held back.
    pub fn count(&self, from: IpAddr) -> Duration {
        let asked = self.lock().count(mail::peer_network(from), PACE, PACE.free + 30, self.now());
        Duration::from_millis(20).saturating_mul(asked.saturating_sub(FREE)).min(LONGEST_WAIT)
    }

    fn now(&self) -> Moment {
        Moment(self.beginning.elapsed())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counters<IpAddr>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_harvester_is_slowed_then_refused_and_others_are_not() {
        let strangers = Strangers::default();
        let harvester: IpAddr = "198.51.100.1".parse().unwrap();
        let waits: Vec<Duration> = (0..100)
            .map(|_| {
                assert_eq!(strangers.refusal(harvester), None);
                strangers.count(harvester)
            })
            .collect();
        assert!(waits[..50].iter().all(Duration::is_zero), "{waits:?}");
        assert!(waits[50..].is_sorted() && waits[99] == LONGEST_WAIT, "{waits:?}");
        let refusal = strangers.refusal(harvester).expect("a refusal");
        assert!(refusal.is_transient());
        assert_eq!(strangers.refusal("198.51.100.2".parse().unwrap()), None);
    }
}
