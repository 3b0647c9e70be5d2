//! Notices of change: a watcher of a topic wakes when something was announced on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// The topic of a change, such as `("mailbox", account)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic {
    /// The kind of thing that changed.
    pub kind: &'static str,
    /// The number of the thing.
    pub id: i64,
}

/// One watcher of a topic. Several notices that come before it looks are one.
///
/// Costs two words, and a place in the topic's list while it waits.
pub struct Watch {
    topic: Topic,
    board: Arc<Board>,
    bell: Arc<Bell>,
    seen: u64,
}

/// All topics that somebody watches.
#[derive(Default)]
pub(crate) struct Board {
    bells: Mutex<HashMap<Topic, Watched>>,
}

struct Watched {
    bell: Arc<Bell>,
    watchers: usize,
}

struct Bell {
    rung: AtomicU64,
    notify: Notify,
}

impl Watch {
    /// Waits until something was announced on the topic since the last time (or since the watch was made). Can be
    /// dropped while it waits; nothing is lost by that. May wake when nothing changed, after another process wrote.
    pub async fn changed(&mut self) {
        loop {
            // Registered before the look, so that a ring between the look and the wait is not missed.
            let bell = Arc::clone(&self.bell);
            let ring = bell.notify.notified();
            if self.take() {
                return;
            }
            ring.await;
        }
    }

    /// Returns true if something was announced since the last time. Does not wait.
    pub fn take(&mut self) -> bool {
        let rung = self.bell.rung.load(Ordering::Acquire);
        std::mem::replace(&mut self.seen, rung) != rung
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut bells = self.board.lock();
        let Some(watched) = bells.get_mut(&self.topic) else { return };
        watched.watchers -= 1;
        if watched.watchers == 0 {
            bells.remove(&self.topic);
        }
    }
}

impl Board {
    pub(crate) fn watch(self: &Arc<Self>, topic: Topic) -> Watch {
        let mut bells = self.lock();
        let watched = bells.entry(topic).or_insert_with(Watched::new);
        watched.watchers += 1;
        let bell = Arc::clone(&watched.bell);
        let seen = bell.rung.load(Ordering::Acquire);
        Watch { topic, board: Arc::clone(self), bell, seen }
    }

    pub(crate) fn announce(&self, topics: &[Topic]) {
        if topics.is_empty() {
            return;
        }
        let bells = self.lock();
        topics.iter().filter_map(|topic| bells.get(topic)).for_each(|watched| watched.bell.ring());
    }

    pub(crate) fn announce_all(&self) {
        self.lock().values().for_each(|watched| watched.bell.ring());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Topic, Watched>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn new() -> Self {
        Self { bell: Arc::new(Bell { rung: AtomicU64::new(0), notify: Notify::new() }), watchers: 0 }
    }
}

impl Bell {
    fn ring(&self) {
        self.rung.fetch_add(1, Ordering::Release);
        self.notify.notify_waiters();
    }
}
