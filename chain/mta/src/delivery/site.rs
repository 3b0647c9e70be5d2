//! Holds the letters that are ready for one site: the hosts that take letters for one or more domains.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mail::Domain;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::claims::Claim;
use super::hosts::Way;
use super::turns::Turns;
use super::weather::{Bearing, Outlook, Weather};
use crate::queue::Said;

/// One letter to be handed over, to some of its recipients, in one transaction.
pub struct Job {
    /// The row of the letter.
    pub letter: i64,
    /// The sender whose letter it is: senders take turns.
    pub sender: Arc<str>,
    /// The claimed recipients.
    pub claims: Vec<Claim>,
}

/// One site.
pub struct Site {
    /// The way to its hosts.
    pub way: Way,
    ready: Mutex<Ready>,
    bell: Notify,
}

#[derive(Default)]
struct Ready {
    letters: Turns,
    carriers: usize,
    weather: Weather,
    /// The domains for which the store has more letters than are here.
    more: HashSet<Arc<Domain>>,
}

/// The decision of a carrier after trouble with the site.
pub enum Trouble {
    /// It goes on with the next letter.
    GoOn,
    /// It leaves: the site has too many of them.
    Leave,
    /// The site is to be left alone for a while: these are given back.
    Close {
        /// The letters that were ready.
        jobs: Vec<Job>,
        /// The domains that have more in the store.
        domains: BTreeSet<Domain>,
        /// The number of times in a row that this has happened, with this time.
        failures: u32,
    },
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

    fn put(&self, job: Job) {
        self.lock().letters.put(job);
        self.bell.notify_one();
    }

    /// The next job, for at most `most` recipients; waits for one no longer than `idle`.
    pub async fn next(&self, most: usize, idle: Duration) -> Option<Job> {
        let deadline = Instant::now() + idle;
        loop {
            let rung = self.bell.notified();
            if let Some(job) = self.take(most) {
                return Some(job);
            }
            tokio::time::timeout_at(deadline, rung).await.ok()?;
        }
    }

    fn take(&self, most: usize) -> Option<Job> {
        self.lock().letters.take(most)
    }

    /// Puts back what could not be part of this transaction and shall be of another.
    pub fn put_back(&self, job: Job) {
        if !job.claims.is_empty() {
            self.put(job);
        }
    }

    /// Returns true if fewer than `low` recipients are ready, with more in the store.
    pub fn wants_more(&self, low: usize) -> bool {
        let ready = self.lock();
        !ready.more.is_empty() && ready.letters.waiting() < low
    }

    /// A server has greeted a carrier.
    pub fn greeted(&self) {
        self.lock().weather.greeted();
    }

    /// A letter had its answer: the site works, and with it the address that gave the answer.
    pub fn well(&self, at: Option<IpAddr>) {
        self.lock().weather.well(at);
    }

    /// This address is better asked last for so long.
    pub fn rest(&self, ip: IpAddr, pause: Duration) {
        self.lock().weather.rest(ip, pause);
    }

    /// Addresses that are better asked last.
    pub fn rests(&self) -> HashSet<IpAddr> {
        self.lock().weather.rests()
    }

    /// Tells whether it failed and has not recovered since.
    pub fn is_suspect(&self) -> bool {
        self.lock().weather.failures() > 0
    }

    /// A carrier could not connect, or was told something that concerns the site.
    pub fn trouble(&self, bearing: &Bearing) -> Trouble {
        let mut ready = self.lock();
        let carriers = ready.carriers;
        match ready.weather.trouble(bearing, carriers) {
            Outlook::GoOn => Trouble::GoOn,
            Outlook::Fewer => Trouble::Leave,
            Outlook::Close => {
                let domains = ready.more.drain().map(|domain| domain.as_ref().clone()).collect();
                let failures = ready.weather.failures();
                Trouble::Close { jobs: ready.letters.take_all(), domains, failures }
            }
        }
    }

    /// Leaves the site alone for so long.
    pub fn close(&self, pause: Duration, said: Said) {
        self.lock().weather.close(pause, said);
    }

    /// A place for one more carrier, if there is work for it.
    pub fn seat(self: &Arc<Self>, most: usize) -> Option<Seat> {
        let mut ready = self.lock();
        let most = ready.weather.carriers(most);
        if ready.carriers >= most.min(ready.letters.letters()) {
            return None;
        }
        ready.carriers += 1;
        Some(Seat(self.clone()))
    }

    fn is_done(&self) -> bool {
        let ready = self.lock();
        ready.letters.letters() == 0 && ready.carriers == 0 && ready.weather.is_forgotten()
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
    }
}

/// All sites that have something ready, are left alone, or had trouble lately.
#[derive(Default)]
pub struct Sites(Mutex<HashMap<String, Arc<Site>>>);

/// The letters of one domain that go to a site together.
pub struct Batch {
    /// Its domain.
    pub domain: Arc<Domain>,
    /// The number of times in a row that the domain could not be reached.
    pub failures: u32,
    /// A command asks for it now.
    pub asked_for: bool,
    /// The letters.
    pub jobs: Vec<Job>,
    /// The store has more.
    pub more: bool,
}

impl Sites {
    /// Makes a batch ready at the site called `name`. Given back when the site is to be left alone for now, with how long
    /// and why.
    pub fn place(&self, name: &str, way: Way, batch: Batch) -> Result<(), (Batch, Duration, Said)> {
        // The map stays locked, so that a site is not swept away while something is put into it.
        let mut sites = self.lock();
        let site = sites.entry(name.to_owned()).or_insert_with(|| Arc::new(Site::new(way)));
        let mut ready = site.lock();
        if let Some((pause, said)) = ready.weather.closed().filter(|_| !batch.asked_for) {
            return Err((batch, pause, said));
        }
        ready.weather.open(batch.failures);
        if batch.more {
            ready.more.insert(batch.domain);
        } else {
            ready.more.remove(&batch.domain);
        }
        drop(ready);
        batch.jobs.into_iter().for_each(|job| site.put(job));
        Ok(())
    }

    /// Every site; those that are done are forgotten.
    pub fn sweep(&self) -> Vec<Arc<Site>> {
        let mut sites = self.lock();
        sites.retain(|_, site| !site.is_done());
        sites.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Site>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::claims::Claims;
    use super::*;
    use mail::Enhanced;

    fn batch(jobs: &[(i64, &[i64])]) -> Batch {
        let domain = Arc::new(Domain::parse("beta.test").unwrap());
        let job = |(letter, to): &(i64, &[i64])| Job {
            letter: *letter,
            sender: "alice@alpha.test".into(),
            claims: Claims::default().of_tests(&domain, to.iter().copied()),
        };
        let jobs = jobs.iter().map(job).collect();
        Batch { domain: domain.clone(), failures: 0, asked_for: false, jobs, more: false }
    }

    fn site_with(jobs: &[(i64, &[i64])]) -> (Sites, Arc<Site>) {
        let sites = Sites::default();
        assert!(sites.place("x", Way::Local, batch(jobs)).is_ok());
        let site = sites.sweep().remove(0);
        (sites, site)
    }

    fn busy() -> Bearing {
        Bearing::Busy(Said::ours(Enhanced(4, 3, 2), "slow down"))
    }

    #[tokio::test(start_paused = true)]
    async fn one_carrier_alone_knocks_until_the_site_has_answered() {
        let (_, site) = site_with(&[(1, &[1]), (2, &[2]), (3, &[3])]);
        let first = site.seat(5).unwrap();
        assert!(site.seat(5).is_none());
        site.greeted();
        let second = site.seat(5).unwrap();
        assert!(site.seat(5).is_none());
        site.well(None);
        let third = site.seat(5).unwrap();
        assert!(site.seat(3).is_none());
        drop((first, second, third));
        assert_eq!(site.lock().carriers, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_site_that_turns_the_second_carrier_away_is_not_taken_for_dead() {
        let (_, site) = site_with(&[(1, &[1]), (2, &[2]), (3, &[3])]);
        let _first = site.seat(5).unwrap();
        site.well(None);
        let second = site.seat(5).unwrap();
        assert!(matches!(site.trouble(&busy()), Trouble::Leave));
        drop(second);
        assert!(site.seat(5).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_site_left_alone_takes_nothing_until_its_time() {
        let (sites, site) = site_with(&[(1, &[1])]);
        let seat = site.seat(5).unwrap();
        let Trouble::Close { jobs, failures, .. } = site.trouble(&busy()) else { panic!("not closed") };
        assert_eq!((jobs.len(), failures), (1, 1));
        site.close(Duration::from_secs(100), Said::ours(Enhanced(4, 4, 1), "away"));
        drop(seat);
        assert!(sites.place("x", Way::Local, batch(&[(2, &[2])])).is_err());
        assert_eq!(sites.sweep().len(), 1);
        assert!(sites.place("x", Way::Local, Batch { asked_for: true, ..batch(&[(3, &[3])]) }).is_ok());
        site.take(1);
        tokio::time::advance(Duration::from_secs(100)).await;
        assert!(sites.place("x", Way::Local, batch(&[(2, &[2])])).is_ok());
        site.take(1);
        assert_eq!(sites.sweep().len(), 1, "its trouble is remembered for a while");
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(sites.sweep().is_empty());
    }
}
