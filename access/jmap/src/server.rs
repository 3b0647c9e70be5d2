//! The context that all conversations share.

use mailbox::Access;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use doors::Shared;
use mail::seam::{AccountId, Login, OurFault, Pending, Recipients};
use mail::trace::{Link, Observation};
use mail::{Domain, Timestamp};
use net::{Budget, Intake};
use store::{Asker, View};
use tokio::sync::{OnceCell, Semaphore};

use crate::limits;
use crate::outbox::Outbox;
use crate::subscription::{Courier, Credentials, Deliveries, NoKey, Vapid};

/// Knows people by a token from a log-in elsewhere (RFC 6750): the webmail's sessions.
pub trait Tokens: Send + Sync {
    /// Returns the person that this token belongs to; `None` if it is nobody's or has ended.
    fn person<'a>(&'a self, token: &'a str) -> Pending<'a, Result<Option<Login>, OurFault>>;
}

/// The server that a client comes into.
pub struct Server {
    /// The store, the log-ins and the other parts that all doors share.
    pub shared: Shared,
    /// Takes charge of letters that people send.
    pub outbox: Arc<dyn Outbox>,
    /// The host name for message ids.
    pub hostname: Domain,
    /// Finds the person that a token belongs to.
    pub tokens: Option<Arc<dyn Tokens>>,
    /// Says immediately, and not in a bounce, that one of our own addresses does not exist.
    pub recipients: Option<Arc<dyn Recipients>>,
    /// The largest letter that may be sent, in octets.
    pub largest_letter: u64,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
    /// The memory and the room for uploads, which stay in memory until they are whole.
    pub(crate) uploading: Intake,
    /// The memory for the attachments of letters that are being made. It is apart, so that slow uploads hold up nobody
    /// who writes.
    pub(crate) making: Budget,
    /// Posts to clients; empty if this server posts to none.
    pub(crate) courier: OnceLock<Courier>,
    /// The key by which push services know us; read at its first use.
    vapid: OnceCell<Vapid>,
    /// The memory that requests take while they arrive, are read and are answered.
    pub(crate) requesting: Budget,
    /// The places for requests that are carried out: each has a thread.
    pub(crate) desks: Arc<Semaphore>,
    pub(crate) requests: Turns<AccountId>,
    pub(crate) uploads: Turns<AccountId>,
    pub(crate) listeners: Turns<AccountId>,
}

/// Somebody whose share of the store's readers a reading takes.
pub(crate) trait Asks {
    fn asker(self) -> Asker;
}

impl Asks for AccountId {
    fn asker(self) -> Asker {
        Asker(self.0)
    }
}

impl Asks for Access {
    fn asker(self) -> Asker {
        Access::asker(self)
    }
}

impl Server {
    /// Makes a server with the usual limits.
    pub fn new(shared: Shared, outbox: Arc<dyn Outbox>, hostname: Domain) -> Self {
        Self {
            shared,
            outbox,
            hostname,
            tokens: None,
            recipients: None,
            largest_letter: 50 << 20,
            clock: net::now,
            uploading: Intake::new(Budget::new(limits::UPLOADING), limits::MEMORY_PATIENCE),
            making: Budget::new(limits::MAKING),
            courier: OnceLock::new(),
            vapid: OnceCell::new(),
            requesting: Budget::new(limits::REQUESTING),
            desks: Arc::new(Semaphore::new(limits::AT_WORK)),
            requests: Turns::default(),
            uploads: Turns::default(),
            listeners: Turns::default(),
        }
    }

    /// Reads a few rows on behalf of a person.
    pub(crate) async fn read<T, E, F>(&self, asker: impl Asks, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        self.shared.store.read_for(asker.asker(), f).await
    }

    /// Runs a reading that may cover everything in an account.
    pub(crate) async fn scan<T, E, F>(&self, asker: impl Asks, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        self.shared.store.scan_for(asker.asker(), f).await
    }

    /// Keeps uploads in the same place as everything that comes into the server, and makes letters and answers in the
    /// same memory.
    pub fn keep_in(&mut self, intake: &Intake) {
        self.uploading = intake.clone();
        self.making = intake.memory().clone();
        self.requesting = intake.memory().clone();
    }

    /// Returns the key by which push services know us.
    pub(crate) async fn vapid(&self) -> Result<&Vapid, NoKey> {
        self.vapid.get_or_try_init(|| Vapid::load(&self.shared.store, &self.hostname)).await
    }

    /// Returns the key that a browser subscribes with at its push service (RFC 9749); `None` if this server posts to
    /// nobody, or cannot find the key now.
    pub(crate) async fn push_key(&self) -> Option<&str> {
        self.courier.get()?;
        let vapid = self.vapid().await.inspect_err(|error| tracing::error!(%error, "push services will not know us"));
        vapid.ok().map(Vapid::public)
    }

    /// Notes in their histories that letters were opened. Nobody waits for that.
    pub(crate) fn note_read(&self, account: AccountId, keys: Vec<i64>) {
        if !keys.is_empty() {
            self.shared.witness.saw(Observation::Read { account, keys, door: Link::Jmap, at: (self.clock)() });
        }
    }

    /// Lets clients ask to be posted to (RFC 8620 §7.2), with `client`, within [`PUSHES`](crate::PUSHES). Strangers
    /// choose the addresses, so the client's reach must be [`https::Reach::Public`]. The returned value carries the
    /// posts out once it runs; `None` if this was called before.
    pub fn push_with(&self, client: https::Client, credentials: Arc<dyn Credentials>) -> Option<Deliveries> {
        let (courier, deliveries) = Courier::new(client, credentials);
        self.courier.set(courier).is_ok().then_some(deliveries)
    }
}

/// Counts the concurrent actions of each person.
pub(crate) struct Turns<K>(Arc<Mutex<HashMap<K, usize>>>);

/// One action of a person; it ends when this is dropped.
pub(crate) struct Turn<K: Hash + Eq + Copy> {
    whose: K,
    running: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq + Copy> Turns<K> {
    /// Begins one more action, if that makes no more than `most`.
    pub(crate) fn begin(&self, whose: K, most: usize) -> Option<Turn<K>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(whose).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Turn { whose, running: Arc::clone(&self.0) })
    }
}

impl<K: Hash + Eq + Copy> Drop for Turn<K> {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.whose) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                running.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_does_more_at_one_time_than_allowed_and_nothing_is_remembered() {
        let turns = Turns::default();
        let first = turns.begin(1, 2);
        let second = turns.begin(1, 2);
        assert!(first.is_some() && second.is_some() && turns.begin(1, 2).is_none());
        assert!(turns.begin(2, 2).is_some());
        drop((first, second));
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
