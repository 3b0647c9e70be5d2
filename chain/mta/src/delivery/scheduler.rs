//! Claims what is due, finds the site of each domain, and hires carriers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use mail::seam::Standing;
use mail::{Address, Domain, Timestamp};
use net::Shutdown;
use store::Key;
use tokio::task::JoinSet;

use super::claims::Claim;
use super::clock::{Course, Running, WallClock};
use super::depot::{Depot, SLICE};
use super::hosts::{self, Found, Way};
use super::means::Means;
use super::site::{Batch, Job};
use super::{carrier, here, local};
use crate::queue::{self, DueDomain, DueRecipient, Stretch};
use net::now;

/// Looks are at least this far apart, so that a flood of letters is claimed in handfuls.
const BREATH: Duration = Duration::from_millis(10);
/// The time after which the store is looked at again at the latest, with work in hand.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Without work, after this. (Other processes that write are noticed by the store itself.)
const LOOK_IDLE: Duration = Duration::from_secs(30);
/// Senders have their turns this far apart, if much is due.
const TURN: Duration = Duration::from_millis(250);
/// New domains taken up at one look.
const NEW_DOMAINS: usize = 200;

/// Runs until `shutdown`, then waits for the carriers within the grace.
pub async fn run(means: Means, clock: Arc<Running>, shutdown: Shutdown) {
    let mut watch = means.store.watch(queue::TOPIC);
    let depot = Arc::new(Depot::new(means, clock, shutdown.clone()));
    let mut wall = WallClock::watch();
    depot.set_right().await;
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
        if wall.look() != Course::Steady {
            depot.set_right().await;
        }
        pause = depot.look(&mut tasks, !wall.is_doubted()).await;
        depot.hire(&mut tasks);
    }
    tokio::select! {
        () = async { while let Some(ended) = tasks.join_next().await { note_panic(ended) } } => {}
        () = shutdown.overdue() => tasks.shutdown().await,
    }
}

/// Groups the claimed recipients by letter.
fn jobs(claimed: Vec<(DueRecipient, Claim)>) -> Vec<Job> {
    let mut letters: BTreeMap<i64, Job> = BTreeMap::new();
    for (due, claim) in claimed {
        let new = || Job { letter: due.letter, sender: due.sender.into(), claims: Vec::new() };
        letters.entry(due.letter).or_insert_with(new).claims.push(claim);
    }
    letters.into_values().collect()
}

fn note_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a carrier panicked; its letter waits a while, the others go on");
    }
}

impl Depot {
    /// Claims what is due. Returns how long to wait before the next look, when nothing wakes us before.
    /// Postponed letters are let go where the wall clock is `trusted`.
    async fn look(self: &Arc<Self>, tasks: &mut JoinSet<()>, trusted: bool) -> Duration {
        let at = now();
        if trusted {
            self.let_go(at).await;
        }
        self.expire(at, trusted).await;
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

    /// Sets right what a clock that was wrong left in the queue, stretch by stretch.
    async fn set_right(&self) {
        let mut stretch = Stretch::FIRST;
        while stretch.more && !self.shutdown.is_requested() {
            let (at, schedule) = (now(), self.means.schedule.clone());
            match self.means.store.write(Key::Queue, move |tx| queue::set_right(tx, stretch, at, &schedule)).await {
                Ok(next) => stretch = next,
                Err(error) => {
                    tracing::error!(%error, "cannot look through the times of the queue");
                    return;
                }
            }
        }
    }

    /// Domains that wait longer than can be: a clock was wrong.
    async fn set_domains_right(&self, at: Timestamp) -> Result<(), store::Error> {
        let schedule = self.means.schedule.clone();
        self.means.store.write(Key::Queue, move |tx| queue::set_domains_right(tx, at, &schedule)).await.map(drop)
    }

    /// Lets postponed letters go whose time has come.
    async fn let_go(&self, at: Timestamp) {
        let done = match self.means.store.read(queue::next_postponed).await {
            Ok(next) if next.is_none_or(|next| next > at) => return,
            Ok(_) => self.means.store.write(Key::Queue, move |tx| queue::let_go(tx, at, SLICE)).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(count) => tracing::info!(count, "postponed letters were let go"),
            Err(error) => tracing::error!(%error, "postponed letters cannot be let go; tried again"),
        }
    }

    /// Has letters go back whose senders want them back by now. Those in somebody's hands are seen to where they are
    /// loaded.
    async fn expire(&self, at: Timestamp, trusted: bool) {
        let (ran, wall) = (self.clock.ran(), trusted.then_some(at));
        let found = self.means.store.read(move |view| queue::overdue(view, ran, wall, SLICE)).await;
        let done = match found {
            Ok(mut free) => {
                free.retain(|one| !self.claims.has(one.recipient));
                if free.is_empty() {
                    return;
                }
                self.means.store.write(Key::Queue, move |tx| queue::expire(tx, &free, at)).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            tracing::error!(%error, "letters whose time is over cannot be returned; tried again");
        }
    }

    async fn due(&self, at: Timestamp) -> Result<(Vec<DueDomain>, Option<Timestamp>), store::Error> {
        let claimed = self.claims.by_domain();
        let room = self.means.limits.domains.saturating_sub(claimed.len()).min(NEW_DOMAINS);
        let (domains, most) = (claimed.len() + room, self.means.limits.claims_per_domain);
        let full = room < NEW_DOMAINS || claimed.values().any(|claimed| *claimed > most / 2);
        let schedule = self.means.schedule.clone();
        if self.means.store.read(move |view| queue::is_beyond(view, at, &schedule)).await? {
            self.set_domains_right(at).await?;
        }
        let due = self.means.store.read(move |view| {
            let due = queue::due(view, at, domains, |domain| match claimed.get(domain) {
                Some(claimed) if *claimed > most / 2 => 0,
                _ => most,
            })?;
            let soonest = queue::soonest(view)?.into_iter().chain(queue::next_deadline(view, at)?).min();
            Ok::<_, store::Error>((due, soonest))
        });
        let (mut due, soonest) = due.await?;
        if full || due.iter().any(|domain| domain.more) {
            due.extend(self.turns(at).await?);
        }
        Ok((due, soonest))
    }

    /// If much is due, takes a few recipients of each sender, at most so often.
    async fn turns(&self, at: Timestamp) -> Result<Vec<DueDomain>, store::Error> {
        let after = {
            let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            if turn.0.is_some_and(|last| last.elapsed() < TURN) {
                return Ok(Vec::new());
            }
            turn.0 = Some(Instant::now());
            turn.1.clone()
        };
        let (due, after) = self.means.store.read(move |view| queue::turns(view, at, &after)).await?;
        self.turn.lock().unwrap_or_else(PoisonError::into_inner).1 = after;
        Ok(due)
    }

    async fn take_up(self: &Arc<Self>, due: DueDomain, tasks: &mut JoinSet<()>) {
        if due.recipients.is_empty() {
            return self.tidy(&due.domain).await;
        }
        let more = due.more;
        let domain = Arc::new(due.domain);
        let fresh = self.claims.take(&domain, due.recipients);
        // At our own name only some addresses are ours (postmaster), and of a domain behind us some people may be here: so
        // each is asked for. Elsewhere all are ours, or none.
        let mixed = domain.as_str() == self.means.office.hostname || self.means.routes.receives(&domain);
        let alike: Vec<Vec<_>> = match mixed {
            true => fresh.into_iter().map(|one| vec![one]).collect(),
            false => self.by_route(fresh),
        };
        for claimed in alike {
            let of_one = |(due, _): &(DueRecipient, Claim)| {
                Some((Address::parse(&due.address).ok()?, Address::parse(&due.sender).ok()))
            };
            let Some((to, from)) = claimed.iter().find_map(of_one) else { continue };
            let (failures, asked_for) = (due.failures, due.asked_for);
            let batch = Batch { domain: domain.clone(), failures, asked_for, jobs: jobs(claimed), more };
            self.send_on(batch, &to, from.as_ref(), tasks).await;
        }
    }

    /// Groups recipients of one domain by the route that they take, where there are several.
    fn by_route(&self, fresh: Vec<(DueRecipient, Claim)>) -> Vec<Vec<(DueRecipient, Claim)>> {
        let routes = &self.means.routes;
        if !routes.differ_within_domains() {
            return vec![fresh];
        }
        let mut groups: BTreeMap<Option<String>, Vec<_>> = BTreeMap::new();
        for one in fresh {
            let (to, from) = (Address::parse(&one.0.address).ok(), Address::parse(&one.0.sender).ok());
            let route = to.and_then(|to| routes.find_for(&to, from.as_ref()));
            groups.entry(route.map(|route| hosts::by_route(&route).0)).or_default().push(one);
        }
        groups.into_values().collect()
    }

    /// Finds the site of a batch; `one` is an address in it, of a letter with the return path `from`.
    async fn send_on(self: &Arc<Self>, batch: Batch, one: &Address, from: Option<&Address>, tasks: &mut JoinSet<()>) {
        match self.at_hand(one, from).await {
            Ok(Some(found)) => self.place(batch, found).await,
            Ok(None) => {
                let depot = self.clone();
                tasks.spawn(async move { depot.place_by_name(batch).await });
            }
            Err(error) => {
                tracing::error!(domain = %batch.domain, %error, "cannot find out whether a domain is ours; tried again");
            }
        }
    }

    /// The way to an address, if the name servers need not be asked for it.
    async fn at_hand(&self, one: &Address, from: Option<&Address>) -> Result<Option<Found>, mail::seam::OurFault> {
        if !matches!(
            self.means.recipients.standing(one).await?,
            Standing::Elsewhere | Standing::Behind | Standing::Away
        ) {
            return Ok(Some(("local".to_owned(), Way::Local)));
        }
        Ok(self.means.routes.find_for(one, from).map(|route| self.found(hosts::by_route(&route))))
    }

    /// If letters for one domain take several routes, one that fails says nothing of the domain.
    fn found(&self, found: Found) -> Found {
        if self.means.routes.differ_within_domains() { hosts::for_some(found) } else { found }
    }

    async fn place_by_name(&self, batch: Batch) {
        match hosts::by_name(&self.means, &batch.domain).await {
            Ok(found) => self.place(batch, self.found(found)).await,
            Err(fault) if !fault.for_good && self.means.routes.differ_within_domains() => {
                self.put_off(batch.jobs, &fault.said, batch.failures.saturating_add(1)).await;
            }
            Err(fault) => drop(self.not_reached(batch.jobs, fault, batch.failures.saturating_add(1)).await),
        }
        // The scheduler hires.
        self.bell.notify_one();
    }

    async fn place(&self, batch: Batch, (name, way): Found) {
        let for_some = matches!(&way, Way::Smtp(way) if way.for_some);
        let Err((batch, pause, said)) = self.sites.place(&name, way, batch) else { return };
        if for_some {
            self.put_off(batch.jobs, &said, batch.failures.max(1)).await;
            return;
        }
        let domains = BTreeSet::from([batch.domain.as_ref().clone()]);
        self.leave_alone(domains, pause, batch.failures.max(1), &said).await;
    }

    fn hire(self: &Arc<Self>, tasks: &mut JoinSet<()>) {
        for site in self.sites.sweep() {
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
        let done = self.means.store.write(Key::Queue, move |tx| queue::settle_domain(tx, &domain, true)).await;
        if let Err(error) = done {
            tracing::error!(%error, "cannot tidy the queue");
        }
    }
}
