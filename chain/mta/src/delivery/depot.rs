//! The depot is shared by scheduler and carriers; through it they write down what became of letters and domains.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mail::{Domain, Finding, Timestamp};
use net::Shutdown;
use store::Key;
use tokio::sync::Notify;

use super::claims::{Claim, Claims};
use super::clock::Running;
use super::hosts::Fault;
use super::loading::{again, load, not_loaded};
use super::means::Means;
use super::rooms::Rooms;
use super::site::{Job, Sites};
use crate::queue::{self, Away, Entry, Loaded, LoadedRecipient, Outcome, Said};
use net::now;

/// A letter that was tried less often is not given up, however long it waited.
pub const LEAST_TRIES: u32 = 3;
/// Recipients recorded in one write when a whole site could not be reached.
pub const SLICE: usize = 500;

/// The state that scheduler and carriers share.
pub struct Depot {
    /// Store, resolver, limits, ….
    pub means: Means,
    /// The recipients that are in somebody's hands.
    pub claims: Claims,
    /// Room for conversations with other servers.
    pub rooms: Arc<Rooms>,
    /// Measures how long the office has been running.
    pub clock: Arc<Running>,
    /// Wakes the scheduler.
    pub bell: Notify,
    /// Asks all to end.
    pub shutdown: Shutdown,
    /// The letters that are ready, site by site.
    pub sites: Sites,
    /// The time when senders last had their turn while much was due, and the last of them.
    pub turn: Mutex<(Option<Instant>, String)>,
}

impl Depot {
    /// Makes a depot with nothing in hand.
    pub fn new(means: Means, clock: Arc<Running>, shutdown: Shutdown) -> Self {
        Self {
            rooms: Rooms::new(means.limits.connections, means.waits.crowded),
            clock,
            means,
            claims: Claims::default(),
            bell: Notify::new(),
            shutdown,
            sites: Sites::default(),
            turn: Mutex::default(),
        }
    }

    /// Writes down that recipients could not be reached, `failures` times in a row: if for good, each recipient
    /// fails; if for now, its domains are left alone for a while. Returns for how long.
    pub async fn not_reached(&self, jobs: Vec<Job>, fault: Fault, failures: u32) -> Duration {
        let at = now();
        let outcome = if fault.for_good { Outcome::Failed } else { Outcome::WithDomain };
        let mut slice: Vec<(i64, Vec<Entry>)> = Vec::new();
        for job in &jobs {
            let entry = |claim: &Claim| Entry {
                recipient: claim.recipient,
                outcome: outcome.clone(),
                said: fault.said.clone(),
                tls: "",
            };
            slice.push((job.letter, job.claims.iter().map(entry).collect()));
            if slice.iter().map(|(_, entries)| entries.len()).sum::<usize>() >= SLICE {
                self.write_down(std::mem::take(&mut slice), at).await;
            }
        }
        self.write_down(slice, at).await;
        if fault.for_good {
            return Duration::ZERO;
        }
        self.leave(jobs, BTreeSet::new(), &fault.said, failures).await
    }

    /// Lets these letters wait, each by itself, for a route that only some letters for their domains take and that could not be
    /// reached: the others go on. Gives for how long it is left alone, for the `failures`-th time in a row.
    pub async fn put_off(&self, jobs: Vec<Job>, said: &Said, failures: u32) -> Duration {
        let (at, pause) = (now(), self.means.schedule.wait(failures, rand::random()));
        tracing::info!(said = said.text, pause = pause.as_secs(), "a route is left alone for a while");
        for job in &jobs {
            match load(self, job, 0).await {
                Ok(letter) => {
                    let entry = |to: &LoadedRecipient| Entry {
                        recipient: to.row,
                        outcome: again(self, &letter, to, at, pause),
                        said: said.clone(),
                        tls: "",
                    };
                    let entries = letter.recipients.iter().map(entry).collect();
                    self.write_down(vec![(letter.row, entries)], at).await;
                }
                Err(why) => not_loaded(self, job, why).await,
            }
        }
        pause
    }

    /// Leaves the domains of these letters, and `domains`, alone for a while, for the `failures`-th time in a row, without a
    /// word about the letters. Gives for how long.
    pub async fn leave(&self, jobs: Vec<Job>, domains: BTreeSet<Domain>, said: &Said, failures: u32) -> Duration {
        let pause = self.means.schedule.wait(failures, rand::random());
        tracing::info!(said = said.text, pause = pause.as_secs(), "left alone for a while");
        let claims = jobs.iter().flat_map(|job| &job.claims);
        let domains = claims.map(|claim| claim.domain.as_ref().clone()).chain(domains).collect();
        self.leave_alone(domains, pause, failures, said).await;
        pause
    }

    /// Writes down that these domains are left alone for the `pause`.
    pub async fn leave_alone(&self, domains: BTreeSet<Domain>, pause: Duration, failures: u32, said: &Said) {
        let at = now();
        let (next_try, ran) = (at.after(pause), self.clock.ran());
        let away = Away { next_try, failures, said: said.clone(), ran, least_tries: LEAST_TRIES };
        let domains: Vec<Domain> = domains.into_iter().collect();
        for domains in domains.chunks(SLICE) {
            let (domains, away) = (domains.to_vec(), away.clone());
            self.until_written(move |tx| {
                domains.iter().try_for_each(|domain| queue::domain_failed(tx, domain.as_str(), at, &away, SLICE))
            })
            .await;
        }
    }

    /// Records what became of letters, however long the store takes: their recipients stay claimed meanwhile, and so are
    /// not sent again.
    pub async fn write_down(&self, letters: Vec<(i64, Vec<Entry>)>, at: Timestamp) {
        if letters.is_empty() {
            return;
        }
        self.until_written(move |tx| {
            letters.iter().try_for_each(|(letter, entries)| queue::record(tx, *letter, at, entries))
        })
        .await;
    }

    /// The same for one letter, with what was `found` out about it on its way, for its history.
    pub async fn write_down_with(&self, letter: &Loaded, entries: Vec<Entry>, found: Vec<Finding>, at: Timestamp) {
        if found.is_empty() {
            return self.write_down(vec![(letter.row, entries)], at).await;
        }
        let (row, id) = (letter.row, letter.id);
        let events: Vec<_> = found.iter().map(Finding::event).collect();
        self.until_written(move |tx| {
            trace::note_all(tx, id, at, events.clone())?;
            queue::record(tx, row, at, &entries)
        })
        .await;
    }

    async fn until_written(
        &self,
        write: impl FnMut(&mut store::Tx) -> Result<(), store::Error> + Clone + Send + 'static,
    ) {
        let mut wait = Duration::from_millis(100);
        while let Err(error) = self.means.store.write::<(), store::Error, _>(Key::Queue, write.clone()).await {
            tracing::error!(%error, "cannot record what became of a letter; tried again");
            if error == store::Error::Closed {
                return;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(10));
        }
    }
}
