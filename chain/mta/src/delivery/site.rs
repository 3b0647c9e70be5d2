//! What is ready for one site: the hosts that take letters for one or more domains.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mail::{Domain, Timestamp};
use tokio::sync::Notify;

use super::hosts::Way;
use crate::queue::Said;

/// A claimed recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its row.
    pub recipient: i64,
    /// Its domain.
    pub domain: Arc<Domain>,
}

/// One letter to be handed over, to some of its recipients, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The row of the letter.
    pub letter: i64,
    /// To whom.
    pub claims: Vec<Claim>,
}

/// One site.
pub struct Site {
    /// How its hosts are reached.
    pub way: Way,
    ready: Mutex<Ready>,
    bell: Notify,
}

#[derive(Default)]
struct Ready {
    /// By row of the letter, so the oldest goes first, and domains of one site share a transaction.
    letters: BTreeMap<i64, Vec<Claim>>,
    carriers: usize,
    /// A carrier has got through since the last failure. Before that one carrier alone knocks.
    reachable: bool,
    /// No more carriers than this: the site has turned one away.
    ceiling: Option<usize>,
    /// Failures of its domains in a row, before this.
    failures: u32,
    /// Left alone until then, for this reason.
    closed: Option<(Timestamp, Said)>,
    /// Recipients in `letters`.
    waiting: usize,
    /// Domains for which the store has more than what is here.
    more: HashSet<Arc<Domain>>,
}

/// A carrier's place at a site, given up when it is dropped.
pub struct Seat(Arc<Site>);

impl Site {
    fn new(way: Way) -> Self {
        Self { way, ready: Mutex::default(), bell: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, letter: i64, claims: Vec<Claim>) {
        let mut ready = self.lock();
        ready.waiting += claims.len();
        ready.letters.entry(letter).or_default().extend(claims);
        drop(ready);
        self.bell.notify_one();
    }

    /// The next job, for at most `most` recipients; waits for one no longer than `idle`.
    pub async fn next(&self, most: usize, idle: Duration) -> Option<Job> {
        let deadline = tokio::time::Instant::now() + idle;
        loop {
            let rung = self.bell.notified();
            if let Some(job) = self.take(most) {
                return Some(job);
            }
            tokio::time::timeout_at(deadline, rung).await.ok()?;
        }
    }

    fn take(&self, most: usize) -> Option<Job> {
        let mut ready = self.lock();
        let ready = &mut *ready;
        let mut entry = ready.letters.first_entry()?;
        let letter = *entry.key();
        let keep = most.min(entry.get().len());
        let rest = entry.get_mut().split_off(keep);
        let claims = if rest.is_empty() { entry.remove() } else { std::mem::replace(entry.get_mut(), rest) };
        ready.waiting -= claims.len();
        Some(Job { letter, claims })
    }

    /// Puts back what could not be part of this transaction and shall be of another.
    pub fn put_back(&self, job: Job) {
        if !job.claims.is_empty() {
            self.put(job.letter, job.claims);
        }
    }

    /// Are fewer than `low` recipients ready, with more in the store?
    pub fn wants_more(&self, low: usize) -> bool {
        let ready = self.lock();
        !ready.more.is_empty() && ready.waiting < low
    }

    /// A carrier got through.
    pub fn reached(&self) {
        let mut ready = self.lock();
        ready.reachable = true;
        ready.failures = 0;
        ready.closed = None;
    }

    /// A carrier could not connect. While others are connected, the site only has too many of them: then the ceiling
    /// sinks, and `None` is given. Else the site cannot be reached: everything ready is given back, with the failures.
    pub fn not_reached(&self) -> Option<(Vec<Job>, u32)> {
        let mut ready = self.lock();
        if ready.reachable && ready.carriers > 1 {
            ready.ceiling = Some(ready.carriers - 1);
            return None;
        }
        ready.reachable = false;
        ready.ceiling = None;
        ready.more.clear();
        ready.waiting = 0;
        let letters = std::mem::take(&mut ready.letters);
        Some((letters.into_iter().map(|(letter, claims)| Job { letter, claims }).collect(), ready.failures))
    }

    /// Leaves the site alone until then.
    pub fn close(&self, until: Timestamp, said: Said) {
        self.lock().closed = Some((until, said));
    }

    /// A place for one more carrier, where there is work for it.
    pub fn seat(self: &Arc<Self>, most: usize) -> Option<Seat> {
        let mut ready = self.lock();
        let most = if ready.reachable { most.min(ready.ceiling.unwrap_or(most)) } else { 1 };
        if ready.carriers >= most.min(ready.letters.len()) {
            return None;
        }
        ready.carriers += 1;
        Some(Seat(self.clone()))
    }

    fn is_done(&self, now: Timestamp) -> bool {
        let ready = self.lock();
        let open = ready.closed.as_ref().is_none_or(|(until, _)| *until <= now);
        ready.letters.is_empty() && ready.carriers == 0 && open
    }
}

impl Seat {
    /// The site.
    pub fn site(&self) -> &Arc<Site> {
        &self.0
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut ready = self.0.lock();
        ready.carriers = ready.carriers.saturating_sub(1);
        if ready.carriers == 0 {
            ready.ceiling = None;
        }
    }
}

/// All sites that have something ready, or are left alone.
#[derive(Default)]
pub struct Sites(Mutex<HashMap<String, Arc<Site>>>);

/// What goes to a site together.
pub struct Batch {
    /// Its domain.
    pub domain: Arc<Domain>,
    /// How often in a row the domain could not be reached.
    pub failures: u32,
    /// A command asks for it now.
    pub asked_for: bool,
    /// The letters.
    pub jobs: Vec<Job>,
    /// The store has more.
    pub more: bool,
}

impl Sites {
    /// Makes a batch ready at the site called `name`. Given back when the site is to be left alone for now.
    pub fn place(&self, name: &str, way: Way, batch: Batch, now: Timestamp) -> Result<(), (Batch, Timestamp, Said)> {
        // The map stays locked, so that a site is not swept away while something is put into it.
        let mut sites = self.lock();
        let site = sites.entry(name.to_owned()).or_insert_with(|| Arc::new(Site::new(way)));
        let mut ready = site.lock();
        if let Some((until, said)) = ready.closed.clone().filter(|(until, _)| *until > now && !batch.asked_for) {
            return Err((batch, until, said));
        }
        ready.closed = None;
        ready.failures = ready.failures.max(batch.failures);
        if batch.more {
            ready.more.insert(batch.domain);
        } else {
            ready.more.remove(&batch.domain);
        }
        drop(ready);
        for job in batch.jobs {
            site.put(job.letter, job.claims);
        }
        Ok(())
    }

    /// Every site; those that are done are forgotten.
    pub fn sweep(&self, now: Timestamp) -> Vec<Arc<Site>> {
        let mut sites = self.lock();
        sites.retain(|_, site| !site.is_done(now));
        sites.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Site>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::Enhanced;

    fn claim(recipient: i64) -> Claim {
        Claim { recipient, domain: Arc::new(Domain::parse("beta.test").unwrap()) }
    }

    fn batch(jobs: &[(i64, &[i64])]) -> Batch {
        let jobs = jobs.iter().map(|(letter, recipients)| Job {
            letter: *letter,
            claims: recipients.iter().copied().map(claim).collect(),
        });
        Batch { domain: claim(0).domain, failures: 0, asked_for: false, jobs: jobs.collect(), more: false }
    }

    fn site_with(jobs: &[(i64, &[i64])]) -> (Sites, Arc<Site>) {
        let sites = Sites::default();
        assert!(sites.place("x", Way::Local, batch(jobs), Timestamp(0)).is_ok());
        let site = sites.sweep(Timestamp(0)).remove(0);
        (sites, site)
    }

    #[test]
    fn the_oldest_letter_goes_first_and_what_is_too_much_for_one_transaction_goes_in_the_next() {
        let (_, site) = site_with(&[(2, &[20]), (1, &[10, 11, 12])]);
        let taken = |site: &Site| site.take(2).map(|job| (job.letter, job.claims.len()));
        assert_eq!(taken(&site), Some((1, 2)));
        assert_eq!(taken(&site), Some((1, 1)));
        assert_eq!(taken(&site), Some((2, 1)));
        assert_eq!(taken(&site), None);
    }

    #[test]
    fn one_carrier_alone_knocks_until_the_site_has_answered() {
        let (_, site) = site_with(&[(1, &[1]), (2, &[2]), (3, &[3])]);
        let first = site.seat(5).unwrap();
        assert!(site.seat(5).is_none());
        site.reached();
        let second = site.seat(5).unwrap();
        assert!(site.seat(2).is_none());
        drop((first, second));
        assert_eq!(site.lock().carriers, 0);
    }

    #[test]
    fn a_site_that_turns_the_second_carrier_away_is_not_taken_for_dead() {
        let (_, site) = site_with(&[(1, &[1]), (2, &[2]), (3, &[3])]);
        let _first = site.seat(5).unwrap();
        site.reached();
        let second = site.seat(5).unwrap();
        assert!(site.not_reached().is_none());
        drop(second);
        assert!(site.seat(5).is_none());
    }

    #[test]
    fn a_site_left_alone_takes_nothing_until_its_time() {
        let (sites, site) = site_with(&[(1, &[1])]);
        assert_eq!(site.not_reached().unwrap().0.len(), 1);
        site.close(Timestamp(100), Said::ours(Enhanced(4, 4, 1), "away"));
        assert!(sites.place("x", Way::Local, batch(&[(2, &[2])]), Timestamp(50)).is_err());
        assert_eq!(sites.sweep(Timestamp(50)).len(), 1);
        assert!(sites.place("x", Way::Local, Batch { asked_for: true, ..batch(&[(3, &[3])]) }, Timestamp(50)).is_ok());
        site.take(1);
        assert!(sites.place("x", Way::Local, batch(&[(2, &[2])]), Timestamp(100)).is_ok());
        site.take(1);
        assert!(sites.sweep(Timestamp(100)).is_empty());
    }
}
