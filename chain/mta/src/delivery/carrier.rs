//! Takes letters from a site to its servers, one connection at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mail::{Enhanced, Timestamp};
use tokio::sync::SemaphorePermit;

use super::connect::connect;
use super::hosts::{Fault, SmtpWay};
use super::line::Line;
use super::scheduler::Depot;
use super::site::{Claim, Job, Seat, Site};
use super::transaction::{Fate, Handed, PIECE, Tried, hand_over};
use crate::queue::{self, Entry, Loaded, LoadedRecipient, Outcome, Said};
use net::now;

/// Works until there is nothing to carry.
pub async fn carry(depot: Arc<Depot>, seat: Seat, way: Arc<SmtpWay>) {
    let mut carrier = Carrier { depot: &depot, site: seat.site(), way: &way, open: None };
    while let Some(job) = carrier.next().await {
        if carrier.deliver(job).await.is_break() {
            break;
        }
    }
    carrier.hang_up().await;
    drop(carrier);
    drop(seat);
    // Something may have become ready in the moment between.
    depot.bell.notify_one();
}

struct Carrier<'a> {
    depot: &'a Depot,
    site: &'a Arc<Site>,
    way: &'a SmtpWay,
    open: Option<Open<'a>>,
}

/// An open connection.
struct Open<'a> {
    line: Line,
    carried: usize,
    _room: SemaphorePermit<'a>,
}

type Flow = std::ops::ControlFlow<()>;
const ON: Flow = Flow::Continue(());
const OUT: Flow = Flow::Break(());

impl Carrier<'_> {
    async fn next(&mut self) -> Option<Job> {
        let limits = &self.depot.means.limits;
        if self.site.wants_more(limits.claims_per_domain / 4) {
            self.depot.bell.notify_one();
        }
        // An idle connection must not keep others out.
        let crowded = self.depot.connections.available_permits() == 0;
        let idle = if self.open.is_some() && !crowded { limits.idle } else { Duration::ZERO };
        tokio::select! {
            biased;
            () = self.depot.shutdown.requested() => None,
            job = self.site.next(limits.recipients_per_transaction, idle) => job,
        }
    }

    async fn hang_up(&mut self) {
        if let Some(open) = self.open.take() {
            open.line.quit().await;
        }
    }

    async fn deliver(&mut self, job: Job) -> Flow {
        let letter = match load(self.depot, &job, PIECE).await {
            Ok(Some(letter)) => letter,
            Ok(None) => {
                self.depot.release(&[job]);
                return ON;
            }
            Err(error) => {
                not_loaded(self.depot, &job, &error).await;
                self.depot.release(&[job]);
                return ON;
            }
        };
        loop {
            let fresh = self.open.is_none();
            if fresh && self.connect(&job).await.is_break() {
                return OUT;
            }
            let Some(open) = &mut self.open else { return OUT };
            open.carried += 1;
            let means = &self.depot.means;
            match hand_over(&mut open.line, &letter, &means.store, &means.waits).await {
                Tried::Handed(handed) => {
                    self.settle(job, &letter, handed).await;
                    return ON;
                }
                Tried::Stale(said) if fresh => {
                    let handed = Handed { fates: vec![Fate::Later(said); letter.recipients.len()], usable: false };
                    self.settle(job, &letter, handed).await;
                    return ON;
                }
                // The server closed the connection while it was idle. Nothing happened: once more, on a new one.
                Tried::Stale(_) => self.open = None,
            }
        }
    }

    async fn connect(&mut self, job: &Job) -> Flow {
        let depot = self.depot;
        let connecting = async {
            let room = depot.connections.acquire().await.ok()?;
            Some((connect(&depot.means, self.way).await, room))
        };
        let connected = tokio::select! {
            () = depot.shutdown.requested() => None,
            connected = connecting => connected,
        };
        match connected {
            Some((Ok(line), room)) => {
                tracing::debug!(host = line.host, tls = line.tls_version(), "connected");
                self.open = Some(Open { line, carried: 0, _room: room });
                self.site.reached();
                // Now that it answers, others may come too.
                depot.bell.notify_one();
                ON
            }
            Some((Err(fault), _)) => {
                self.not_reached(job.clone(), fault).await;
                OUT
            }
            None => {
                depot.release(std::slice::from_ref(job));
                OUT
            }
        }
    }

    async fn not_reached(&self, job: Job, fault: Fault) {
        let Some((mut jobs, failures)) = self.site.not_reached() else {
            tracing::debug!(said = fault.said.text, "one connection fewer");
            return self.site.put_back(job);
        };
        jobs.push(job);
        let (for_good, said) = (fault.for_good, fault.said.clone());
        // Closed first, so that nothing is placed here while the store is told.
        let soon = now().after(Duration::from_secs(1));
        self.site.close(soon, said.clone());
        let until = self.depot.not_reached(jobs, fault, failures).await;
        if !for_good {
            self.site.close(until, said);
        }
    }

    /// Records the fates in one write, then gives the claims back; what wants another transaction becomes ready again.
    async fn settle(&mut self, job: Job, letter: &Loaded, handed: Handed) {
        let at = now();
        let mut claims: HashMap<i64, Claim> = job.claims.into_iter().map(|claim| (claim.recipient, claim)).collect();
        let mut again = Vec::new();
        let mut entries = Vec::new();
        for (recipient, fate) in letter.recipients.iter().zip(handed.fates) {
            match self.entry(letter, recipient, fate, at) {
                Some(entry) => entries.push(entry),
                None => again.extend(claims.remove(&recipient.row)),
            }
        }
        self.depot.write_down(vec![(letter.row, entries)], at).await;
        self.depot.release(&[Job { letter: letter.row, claims: claims.into_values().collect() }]);
        self.site.put_back(Job { letter: letter.row, claims: again });
        let limit = self.depot.means.limits.letters_per_connection;
        match &self.open {
            Some(_) if !handed.usable => self.open = None,
            Some(open) if open.carried >= limit => self.hang_up().await,
            _ => {}
        }
    }

    fn entry(&self, letter: &Loaded, to: &LoadedRecipient, fate: Fate, at: Timestamp) -> Option<Entry> {
        let host = self.open.as_ref().map_or("", |open| &open.line.host);
        let tls = self.open.as_ref().map_or("", |open| open.line.tls_version());
        let (outcome, said) = match fate {
            Fate::NextTransaction => return None,
            Fate::Taken(said) => (Outcome::Delivered, said),
            Fate::Never(said) => (Outcome::Failed, said),
            Fate::Later(said) => (later(self.depot, letter, to, at), said),
        };
        tracing::info!(letter = %letter.id, to = %to.address, host, ?outcome, said = said.text, "carried");
        Some(Entry { recipient: to.row, outcome, said, tls })
    }
}

/// When a recipient that was refused for now is tried again; given up when its time is over. The last try is at the
/// end of its time, not long before.
pub fn later(depot: &Depot, letter: &Loaded, to: &LoadedRecipient, at: Timestamp) -> Outcome {
    if at >= letter.expires {
        return Outcome::Failed;
    }
    let wait = depot.means.schedule.wait(to.attempts.saturating_add(1), rand::random());
    Outcome::Later(at.after(wait).min(letter.expires))
}

/// A store that fails for a while is waited for; a letter that cannot be read must not keep the others back.
pub async fn not_loaded(depot: &Depot, job: &Job, error: &store::Error) {
    tracing::error!(%error, row = job.letter, "cannot load a letter of the queue; tried again");
    if error.is_temporary() {
        return tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let at = now();
    let said = Said::ours(Enhanced(4, 3, 0), format!("the letter could not be read: {error}"));
    let entry = |claim: &Claim| Entry {
        recipient: claim.recipient,
        outcome: Outcome::Later(at.after(depot.means.schedule.most)),
        said: said.clone(),
        tls: "",
    };
    depot.write_down(vec![(job.letter, job.claims.iter().map(entry).collect())], at).await;
}

/// Loads the letter of a job, with those of its recipients that still wait.
pub async fn load(depot: &Depot, job: &Job, beginning: u64) -> Result<Option<Loaded>, store::Error> {
    let (letter, at) = (job.letter, now());
    let recipients: Vec<i64> = job.claims.iter().map(|claim| claim.recipient).collect();
    depot.means.store.read(move |view| queue::load(view, letter, &recipients, at, beginning)).await
}
