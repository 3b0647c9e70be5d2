//! Makes the keys of our domains, looks whether their records are published, and lets them take turns.
//!
//! Nobody waits for it: a letter is signed with the keys that are there. RSA keys are made one at a time, on a thread that may
//! compute.

use std::sync::Arc;
use std::time::Duration;

use directory::Keyring;
use directory::domain_key::{self, ACTIVE_FOR, Algorithm, Entry, NewKey, State};
use mail::Domain;
use net::{Answer, Resolver, Shutdown};
use store::{Key, Store};
use tokio::time::Instant;

use crate::clock;
use crate::commands::Trouble;
use crate::config::Config;

/// The next keys are made when the office has been open for so long: whoever opens it has more urgent things to do. Whoever
/// asks for the records before has them made at once (`facteur domain dns`).
const AT_LEISURE: Duration = Duration::from_secs(60);
/// Between two looks at the records, and at the time that has passed.
const ROUND: Duration = Duration::from_secs(30 * 60);
/// After something failed.
const AGAIN: Duration = Duration::from_secs(60);
/// Changes that come together are looked at together.
const PAUSE: Duration = Duration::from_millis(100);

/// Reads the keys of our domains. If they cannot be read now, letters leave unsigned until they can.
pub async fn keyring(store: &Store, config: &Config) -> Keyring {
    let keyring = Keyring::new(store.clone(), config.hostname.clone());
    if let Err(error) = keyring.reload().await {
        tracing::error!(%error, "the keys that sign letters cannot be read; it is tried again");
    }
    keyring
}

/// Keeps the keys in order.
pub struct Keeper {
    keyring: Keyring,
    store: Store,
    hostname: Domain,
    resolver: Arc<dyn Resolver>,
}

impl Keeper {
    pub fn new(keyring: Keyring, store: &Store, config: &Config, resolver: Arc<dyn Resolver>) -> Self {
        Self { keyring, store: store.clone(), hostname: config.hostname.clone(), resolver }
    }

    /// Works until the post office closes.
    pub async fn keep(self, shutdown: Shutdown) {
        tokio::select! {
            () = shutdown.requested() => {}
            () = self.work() => {}
        }
    }

    async fn work(&self) {
        let (mut domains, mut keys) = (self.store.watch(directory::TOPIC), self.store.watch(directory::KEYS));
        let opened = Instant::now();
        let mut counted = opened;
        loop {
            let wait = match self.round(opened, &mut counted).await {
                Ok(()) => ROUND.saturating_sub(counted.elapsed()).min(until(opened, AT_LEISURE)),
                Err(error) => {
                    tracing::error!(%error, "the keys that sign letters cannot be kept in order; it is tried again");
                    AGAIN
                }
            };
            tokio::select! {
                () = domains.changed() => {}
                () = keys.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn round(&self, opened: Instant, counted: &mut Instant) -> Result<(), Trouble> {
        self.keyring.reload().await?;
        self.make(State::Active).await?;
        if opened.elapsed() >= AT_LEISURE {
            self.make(State::Next).await?;
        }
        if counted.elapsed() >= ROUND {
            let ran = counted.elapsed();
            self.store.write(Key::Directory, move |tx| domain_key::grow_older(tx, ran)).await?;
            *counted += ran;
            self.look().await?;
        }
        Ok(())
    }

    /// Makes the keys that are missing, one after the other. What a command has made meanwhile stays.
    async fn make(&self, state: State) -> Result<(), Trouble> {
        let hostname = self.hostname.clone();
        for domain in self.store.read(move |view| domain_key::owners(view, &hostname)).await? {
            let asked = domain.clone();
            for algorithm in self.store.read(move |view| domain_key::missing(view, &asked, state)).await? {
                let made = tokio::task::spawn_blocking(move || NewKey::make(algorithm)).await;
                let key = made.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))?;
                let (to, now) = (domain.clone(), clock::now());
                if self.store.write(Key::Directory, move |tx| domain_key::add(tx, &to, &key, state, now)).await? {
                    tracing::info!(%domain, algorithm = algorithm.name(), state = state.name(), "a key was made");
                }
            }
        }
        Ok(())
    }

    /// Looks at the records that were not seen yet, and lets the next keys take their turn where it is theirs.
    async fn look(&self) -> Result<(), Trouble> {
        let all = self.store.read(|view| domain_key::list(view, None)).await?;
        for entry in all.iter().filter(|entry| entry.state != State::Old) {
            let is_due = entry.state == State::Next && is_spent(&all, &entry.domain, entry.algorithm);
            if (entry.published.is_some() && !is_due) || !is_published(entry, &*self.resolver).await {
                continue;
            }
            let (id, now) = (entry.id, clock::now());
            // A record that is seen for the first time may not be seen by everybody yet: its turn comes a round later.
            if entry.published.is_none() {
                self.store.write(Key::Directory, move |tx| domain_key::seen_published(tx, id, now)).await?;
            } else if self.store.write(Key::Directory, move |tx| domain_key::take_turn(tx, id, now)).await? {
                let Entry { domain, selector, .. } = entry;
                tracing::info!(%domain, selector, "letters are signed with the next key from now on");
            }
        }
        Ok(())
    }
}

/// Returns true if the record of the key is seen in the domain name system. If nobody can say, it is not.
pub async fn is_published(entry: &Entry, resolver: &dyn Resolver) -> bool {
    let Ok(ours) = entry.record() else { return false };
    match resolver.txt(&entry.record_name()).await {
        Ok(Answer::Records(texts, _)) => texts.iter().any(|text| domain_key::publishes_same_key(text, &ours)),
        Ok(Answer::NoRecord | Answer::NoSuchDomain) | Err(_) => false,
    }
}

/// Returns the time that is left until `after` has passed since then; without end when it has.
fn until(then: Instant, after: Duration) -> Duration {
    after.checked_sub(then.elapsed()).unwrap_or(Duration::MAX)
}

/// Returns true if the active key has had its time, or cannot be used.
fn is_spent(all: &[Entry], domain: &Domain, algorithm: Algorithm) -> bool {
    let is_active = |entry: &&Entry| entry.state == State::Active && entry.algorithm == algorithm;
    let active = all.iter().filter(|entry| entry.domain == *domain).find(is_active);
    active.is_none_or(|active| active.ran >= ACTIVE_FOR || active.record().is_err())
}
