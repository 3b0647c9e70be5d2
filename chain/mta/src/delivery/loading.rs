//! Loads the letter of a job, and says what happens to one that cannot be loaded.

use std::time::Duration;

use mail::{Enhanced, Overdue, Timestamp};

use super::claims::Claim;
use super::depot::{Depot, LEAST_TRIES};
use super::site::Job;
use crate::queue::{self, Entry, Loaded, LoadedRecipient, Outcome, Said};
use net::now;

/// When a recipient that was refused for now is tried again, after `wait`; given up when its time is over. The last try is
/// at the end of its time, not long before.
pub fn again(depot: &Depot, letter: &Loaded, to: &LoadedRecipient, at: Timestamp, wait: Duration) -> Outcome {
    let left = letter.give_up.since(depot.clock.ran());
    let tried = to.attempts.saturating_add(1);
    if left.is_zero() && tried >= LEAST_TRIES {
        return Outcome::Failed;
    }
    Outcome::Later(at.after(if left.is_zero() { wait } else { wait.min(left) }))
}

/// The same, after the usual wait.
pub fn later(depot: &Depot, letter: &Loaded, to: &LoadedRecipient, at: Timestamp) -> Outcome {
    let wait = depot.means.schedule.wait(to.attempts.saturating_add(1), rand::random());
    again(depot, letter, to, at, wait)
}

/// The reason why there is no letter.
pub enum Unloaded {
    /// It has left the queue, is held, or is not due any more.
    Gone,
    /// It could not be looked up.
    Row(store::Error),
    /// Its body could not be read.
    Body(store::Error),
    /// The time within which its sender wants it delivered is over (RFC 2852).
    Overdue,
}

impl From<store::Error> for Unloaded {
    fn from(error: store::Error) -> Self {
        Self::Row(error)
    }
}

/// Loads the letter of a job, with those of its recipients that still wait, and the `beginning` of its body.
pub async fn load(depot: &Depot, job: &Job, beginning: u64) -> Result<Loaded, Unloaded> {
    let (letter, at) = (job.letter, now());
    let recipients: Vec<i64> = job.claims.iter().map(|claim| claim.recipient).collect();
    let read = move |view: &store::View| {
        let mut loaded = queue::load(view, letter, &recipients, at)?.ok_or(Unloaded::Gone)?;
        if loaded.wishes.by.is_some_and(|by| by.overdue == Overdue::Return && by.seconds <= 0) {
            return Err(Unloaded::Overdue);
        }
        let range = 0..beginning.min(loaded.size);
        loaded.beginning = view.read_blob(loaded.blob, range).map_err(Unloaded::Body)?;
        Ok(loaded)
    };
    depot.means.store.read(read).await
}

/// Decides about a letter that could not be loaded. If the store is busy, the letter waits for it; damage is for
/// good, and told to the sender; of all other faults nothing is known, so the letter waits, longer and longer. None
/// of them keeps the other letters back.
pub async fn not_loaded(depot: &Depot, job: &Job, why: Unloaded) {
    let (error, said) = match why {
        Unloaded::Gone => return,
        Unloaded::Overdue => return overdue(depot, job).await,
        Unloaded::Body(error) => (error.clone(), damage(&error)),
        Unloaded::Row(error) => (error, None),
    };
    tracing::error!(%error, row = job.letter, damaged = said.is_some(), "cannot load a letter of the queue");
    if matches!(error, store::Error::Busy(_) | store::Error::Closed | store::Error::Interrupted) {
        return tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (at, letter) = (now(), job.letter);
    let attempts = depot.means.store.read(move |view| queue::attempts_of(view, letter)).await.unwrap_or_default();
    let entry = |claim: &Claim| {
        let failed = attempts.get(&claim.recipient).copied().unwrap_or(0).saturating_add(1);
        let wait = depot.means.schedule.wait(failed, rand::random());
        let (outcome, said) = match &said {
            Some(said) => (Outcome::Failed, said.clone()),
            None => (Outcome::Later(at.after(wait)), unreadable(&error)),
        };
        Entry { recipient: claim.recipient, outcome, said, tls: "" }
    };
    let entries = job.claims.iter().map(entry).collect();
    depot.write_down(vec![(letter, entries)], at).await;
}

async fn overdue(depot: &Depot, job: &Job) {
    let entry = |claim: &Claim| Entry {
        recipient: claim.recipient,
        outcome: Outcome::Failed,
        said: Said::ours(queue::EXPIRED, queue::OVERDUE),
        tls: "",
    };
    depot.write_down(vec![(job.letter, job.claims.iter().map(entry).collect())], now()).await;
}

/// Returns the words about a letter whose body is damaged or gone; `None` if that is not certain.
pub fn damage(error: &store::Error) -> Option<Said> {
    error.is_permanent().then(|| Said::ours(Enhanced(5, 3, 0), queue::DAMAGED))
}

/// Returns the words about a letter that cannot be read now.
pub fn unreadable(error: &store::Error) -> Said {
    Said::ours(Enhanced(4, 3, 0), format!("the letter could not be read: {error}"))
}
