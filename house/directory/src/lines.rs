//! Log-ins of one name from one place are tried one after the other.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The number of log-ins that stand in one line; a mail client opens a dozen connections at once.
const LONGEST: usize = 100;

/// One line for each name at each place where somebody stands in it; no two share one, so that nobody waits for a stranger.
pub(crate) struct Lines {
    hasher: RandomState,
    lines: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

type Key = (IpAddr, u64);

/// A log-in that stands in a line, and leaves it when dropped.
pub(crate) struct Standing<'a> {
    lines: &'a Lines,
    key: Key,
    line: Option<Arc<tokio::sync::Mutex<()>>>,
}

impl Lines {
    pub fn new() -> Self {
        Self { hasher: RandomState::new(), lines: Mutex::default() }
    }

    /// The end of the line of this name at this place; `None` if the line is too long.
    pub fn join(&self, household: IpAddr, name: &str) -> Option<Standing<'_>> {
        let key = (household, self.hasher.hash_one(name));
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(key).or_default();
        if Arc::strong_count(line) > LONGEST {
            return None;
        }
        Some(Standing { lines: self, key, line: Some(line.clone()) })
    }
}

impl Standing<'_> {
    /// Waits until all before have been served; it is their turn while they keep what this gives.
    pub async fn turn(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        Some(self.line.as_ref()?.lock().await)
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        let mut lines = self.lines.lines.lock().unwrap_or_else(PoisonError::into_inner);
        self.line = None;
        if lines.get(&self.key).is_some_and(|line| Arc::strong_count(line) == 1) {
            lines.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[tokio::test]
    async fn a_line_is_one_names_at_one_place_and_gone_when_nobody_stands_in_it() {
        let lines = Lines::new();
        let alice = lines.join(HERE, "alice").unwrap();
        let turn = alice.turn().await;
        for n in 0..1000 {
            let other = lines.join(HERE, &format!("other {n}")).unwrap();
            assert!(other.turn().await.is_some(), "nobody waits for a stranger");
        }
        let again = lines.join(HERE, "alice").unwrap();
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(1), again.turn());
        assert!(waiting.await.is_err());
        drop(turn);
        assert!(again.turn().await.is_some());
        drop((alice, again));
        assert!(lines.lines.lock().unwrap().is_empty());
    }

    #[test]
    fn a_line_has_an_end() {
        let lines = Lines::new();
        let standing: Vec<_> = (0..1000).map_while(|_| lines.join(HERE, "alice")).collect();
        assert_eq!(standing.len(), LONGEST);
    }
}
