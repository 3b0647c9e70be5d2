//! Claims what is due, finds the site of each domain, and hires carriers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mail::seam::Standing;
use mail::{Address, Domain, Timestamp};
use net::Shutdown;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::claims::Claims;
use super::hosts::{self, Fault, Found, Way};
use super::site::{Batch, Claim, Job, Sites};
use super::{Means, carrier, here, local};
use crate::queue::{self, DueDomain, DueRecipient, Entry, Outcome, Said};
use net::now;

/// What scheduler and carriers share.
pub struct Depot {
    /// Store, resolver, limits, ….
    pub means: Means,
    /// What is in somebody's hands.
    pub claims: Claims,
    /// Room for connections to other servers.
    pub connections: Semaphore,
    /// Wakes the scheduler.
    pub bell: Notify,
    /// Asks all to end.
    pub shutdown: Shutdown,
    sites: Sites,
}

/// Looks are at least this far apart, so that a flood of letters is claimed in handfuls.
const BREATH: Duration = Duration::from_millis(10);
/// With work in hand, the store is looked at again after this at the latest.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Without work, after this. (Other processes that write are noticed by the store itself.)
const LOOK_IDLE: Duration = Duration::from_secs(30);
/// New domains taken up at one look.
const NEW_DOMAINS: usize = 200;
/// Recipients recorded in one write when a whole site could not be reached.
const SLICE: usize = 500;

/// Runs until `shutdown`, then waits for the carriers within the grace.
pub async fn run(means: Means, shutdown: Shutdown) {
    let mut watch = means.store.watch(queue::TOPIC);
    let depot = Arc::new(Depot {
        connections: Semaphore::new(means.limits.connections),
        means,
        claims: Claims::default(),
        bell: Notify::new(),
        shutdown: shutdown.clone(),
        sites: Sites::default(),
    });
    let mut tasks = JoinSet::new();
    let mut looked: Option<Instant> = None;
    let mut pause = Duration::ZERO;
    loop {
        tokio::select! {
            () = shutdown.requested() => break,
            () = watch.changed() => {}
            () = depot.bell.notified() => {}
            () = tokio::time::sleep(pause) => {}
            Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                note_panic(ended);
                depot.hire(&mut tasks);
                continue;
            }
        }
        let since = looked.map_or(BREATH, |looked| looked.elapsed());
        tokio::time::sleep(BREATH.saturating_sub(since)).await;
        looked = Some(Instant::now());
        pause = depot.look(&mut tasks).await;
        depot.hire(&mut tasks);
    }
    tokio::select! {
        () = async { while let Some(ended) = tasks.join_next().await { note_panic(ended) } } => {}
        () = shutdown.overdue() => tasks.shutdown().await,
    }
}

/// What was claimed, by letter.
fn jobs(domain: &Arc<Domain>, recipients: &[DueRecipient]) -> Vec<Job> {
    let mut letters: BTreeMap<i64, Vec<Claim>> = BTreeMap::new();
    for claimed in recipients {
        let claim = Claim { recipient: claimed.recipient, domain: domain.clone() };
        letters.entry(claimed.letter).or_default().push(claim);
    }
    letters.into_iter().map(|(letter, claims)| Job { letter, claims }).collect()
}

fn note_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a carrier panicked; its letters wait until the next start");
    }
}

impl Depot {
    /// Claims what is due. Gives how long to wait before the next look, when nothing wakes us before.
    async fn look(self: &Arc<Self>, tasks: &mut JoinSet<()>) -> Duration {
        let at = now();
        self.let_go(at).await;
        let (due, soonest) = match self.due(at).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "cannot look at the queue; tried again");
                return LOOK_AGAIN;
            }
        };
        for domain in due {
            self.take_up(domain, tasks).await;
        }
        match soonest {
            None => LOOK_IDLE,
            Some(soonest) if soonest > at => soonest.since(at).min(LOOK_IDLE),
            Some(_) => LOOK_AGAIN,
        }
    }

    /// Lets postponed letters go whose time has come.
    async fn let_go(&self, at: Timestamp) {
        let done = match self.means.store.read(queue::next_postponed).await {
            Ok(next) if next.is_none_or(|next| next > at) => return,
            Ok(_) => self.means.store.write(move |tx| queue::let_go(tx, at, SLICE)).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(count) => tracing::info!(count, "postponed letters were let go"),
            Err(error) => tracing::error!(%error, "postponed letters cannot be let go; tried again"),
        }
    }

    async fn due(&self, at: Timestamp) -> Result<(Vec<DueDomain>, Option<Timestamp>), store::Error> {
        let claimed = self.claims.by_domain();
        let room = self.means.limits.domains.saturating_sub(claimed.len()).min(NEW_DOMAINS);
        let (domains, most) = (claimed.len() + room, self.means.limits.claims_per_domain);
        self.means
            .store
            .read(move |view| {
                let due = queue::due(view, at, domains, |domain| match claimed.get(domain) {
                    Some(claimed) if *claimed > most / 2 => 0,
                    _ => most,
                })?;
                Ok::<_, store::Error>((due, queue::soonest(view)?))
            })
            .await
    }

    async fn take_up(self: &Arc<Self>, due: DueDomain, tasks: &mut JoinSet<()>) {
        if due.recipients.is_empty() {
            return self.tidy(&due.domain).await;
        }
        let more = due.recipients.len() == self.means.limits.claims_per_domain;
        let fresh = self.claims.take(&due.domain, due.recipients);
        let domain = Arc::new(due.domain);
        // At our own name only some addresses are ours (postmaster), and of a domain behind us some people may be here: so
        // each is asked for. Elsewhere all are ours, or none.
        let mixed = domain.as_str() == self.means.office.hostname || self.means.routes.receives(&domain);
        let alike: Vec<Vec<DueRecipient>> =
            if mixed { fresh.into_iter().map(|one| vec![one]).collect() } else { vec![fresh] };
        for recipients in alike.into_iter().filter(|recipients| !recipients.is_empty()) {
            let jobs = jobs(&domain, &recipients);
            let batch = Batch { domain: domain.clone(), failures: due.failures, asked_for: due.asked_for, jobs, more };
            self.send_on(batch, &recipients, tasks).await;
        }
    }

    async fn send_on(self: &Arc<Self>, batch: Batch, recipients: &[DueRecipient], tasks: &mut JoinSet<()>) {
        match self.at_hand(&batch.domain, recipients).await {
            Ok(Some(found)) => self.place(batch, found).await,
            Ok(None) => {
                let depot = self.clone();
                tasks.spawn(async move { depot.place_by_name(batch).await });
            }
            Err(error) => {
                tracing::error!(domain = %batch.domain, %error, "cannot find out whether a domain is ours; tried again");
                self.release(&batch.jobs);
            }
        }
    }

    /// The way to a domain, where the name servers need not be asked for it.
    async fn at_hand(&self, domain: &Domain, to: &[DueRecipient]) -> Result<Option<Found>, mail::seam::OurFault> {
        if let Some(address) = to.iter().find_map(|one| Address::parse(&one.address).ok())
            && !matches!(self.means.recipients.standing(&address).await?, Standing::Elsewhere | Standing::Behind)
        {
            return Ok(Some(("local".to_owned(), Way::Local)));
        }
        Ok(self.means.routes.find(domain).map(|route| hosts::by_route(route)))
    }

    async fn place_by_name(&self, batch: Batch) {
        match hosts::by_name(&self.means, &batch.domain).await {
            Ok(found) => self.place(batch, found).await,
            Err(fault) => drop(self.not_reached(batch.jobs, fault, batch.failures).await),
        }
        // The scheduler hires.
        self.bell.notify_one();
    }

    async fn place(&self, batch: Batch, (name, way): Found) {
        let Err((batch, until, said)) = self.sites.place(&name, way, batch, now()) else { return };
        let domains = BTreeSet::from([batch.domain.as_ref().clone()]);
        self.leave_alone(domains, until, &said).await;
        self.release(&batch.jobs);
    }

    fn hire(self: &Arc<Self>, tasks: &mut JoinSet<()>) {
        for site in self.sites.sweep(now()) {
            while let Some(seat) = site.seat(self.means.limits.connections_per_site) {
                match &site.way {
                    Way::Local => tasks.spawn(local::carry(self.clone(), seat)),
                    Way::Here(way) => tasks.spawn(here::carry(self.clone(), seat, way.clone())),
                    Way::Smtp(way) => tasks.spawn(carrier::carry(self.clone(), seat, way.clone())),
                };
            }
        }
    }

    /// A domain that stood as due and has nothing due: a command held or dropped its letters.
    async fn tidy(&self, domain: &Domain) {
        let domain = domain.as_str().to_owned();
        let done = self.means.store.write(move |tx| queue::settle_domain(tx, &domain, true)).await;
        if let Err(error) = done {
            tracing::error!(%error, "cannot tidy the queue");
        }
    }

    /// What could not be reached: for good, then each recipient fails; or for now, then its domains are left alone for a
    /// while. Gives until when.
    pub async fn not_reached(&self, jobs: Vec<Job>, fault: Fault, failures: u32) -> Timestamp {
        let at = now();
        let until = at.after(self.means.schedule.wait(failures.saturating_add(1), rand::random()));
        let outcome = if fault.for_good { Outcome::Failed } else { Outcome::WithDomain };
        let mut domains = BTreeSet::new();
        let mut slice: Vec<(i64, Vec<Entry>)> = Vec::new();
        for job in &jobs {
            domains.extend(job.claims.iter().map(|claim| claim.domain.as_ref().clone()));
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
        if !fault.for_good {
            tracing::info!(said = fault.said.text, retry = %until, "cannot be reached");
            self.leave_alone(domains, until, &fault.said).await;
        }
        self.release(&jobs);
        until
    }

    async fn leave_alone(&self, domains: BTreeSet<Domain>, until: Timestamp, said: &Said) {
        let (at, said) = (now(), said.clone());
        let domains: Vec<Domain> = domains.into_iter().collect();
        for domains in domains.chunks(SLICE) {
            let (domains, said) = (domains.to_vec(), said.clone());
            self.until_written(move |tx| {
                domains.iter().try_for_each(|domain| queue::domain_failed(tx, domain.as_str(), at, until, &said, SLICE))
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

    async fn until_written(
        &self,
        write: impl FnMut(&mut store::Tx) -> Result<(), store::Error> + Clone + Send + 'static,
    ) {
        let mut wait = Duration::from_millis(100);
        while let Err(error) = self.means.store.write::<(), store::Error, _>(write.clone()).await {
            tracing::error!(%error, "cannot record what became of a letter; tried again");
            if error == store::Error::Closed {
                return;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(10));
        }
    }

    /// Gives claims back.
    pub fn release(&self, jobs: &[Job]) {
        for claim in jobs.iter().flat_map(|job| &job.claims) {
            self.claims.release(&claim.domain, claim.recipient);
        }
    }
}
