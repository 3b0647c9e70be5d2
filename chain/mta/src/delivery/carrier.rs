//! Takes letters from a site to its servers, one connection at a time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use mail::{Finding, Timestamp};

use super::connect::connect;
use super::depot::Depot;
use super::hosts::{Fault, SmtpWay};
use super::line::Line;
use super::loading::{again, later, load, not_loaded};
use super::search::Search;
use super::site::{Job, Seat, Site, Trouble};
use super::to_send::PIECE;
use super::transaction::{Fate, Handed, Tried, hand_over};
use super::weather::Bearing;
use crate::queue::{Entry, Loaded, LoadedRecipient, Outcome, Said};
use crate::route::Protocol;
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
    open: Option<Open>,
}

/// An open connection.
struct Open {
    line: Line,
    carried: usize,
}

/// One letter on its way round the hosts of the site (RFC 5321 §5.1): one host may take a recipient that another
/// refused.
struct Errand<'a> {
    job: Job,
    /// The letter, with the recipients that nothing was decided about yet.
    letter: Loaded,
    search: Search<'a>,
    /// The refusals of the recipients so far.
    refused: HashMap<i64, Said>,
    /// The bearing of the last host on the site.
    bearing: Bearing,
}

/// Returns the outcome for recipients that the server at the other end takes. One that offers DSN writes the reports; behind
/// LMTP lies the mailbox; what any other has is handed on, and no more will be heard of it (RFC 3461 §5.2.2).
fn taken_by(line: &Line, letter: &Loaded) -> Outcome {
    let by = letter.wishes.by;
    // RFC 2852 §4.1: the sender hears of each server that has the letter, or of the first that cannot keep the time.
    let anyway = by.is_some_and(|by| by.trace || line.offers.deliver_by.is_none());
    match line.protocol {
        Protocol::Lmtp if line.offers.dsn => Outcome::Entrusted,
        Protocol::Lmtp => Outcome::Delivered,
        Protocol::Smtp if line.offers.dsn && !anyway => Outcome::Entrusted,
        Protocol::Smtp => Outcome::Relayed { anyway },
    }
}

type Flow = std::ops::ControlFlow<()>;
const ON: Flow = Flow::Continue(());
const OUT: Flow = Flow::Break(());

impl<'a> Carrier<'a> {
    async fn next(&mut self) -> Option<Job> {
        let limits = &self.depot.means.limits;
        if self.site.wants_more(limits.claims_per_domain / 4) {
            self.depot.bell.notify_one();
        }
        // An idle connection must not keep others out.
        let idle = if self.open.is_some() && !self.depot.rooms.are_full() { limits.idle } else { Duration::ZERO };
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
            Ok(letter) => letter,
            Err(why) => {
                not_loaded(self.depot, &job, why).await;
                return ON;
            }
        };
        let mut search = Search::new(&self.depot.rooms, self.site.is_suspect());
        search.rests = self.site.rests();
        search.first = letter.recipients.iter().find_map(|to| to.greylisted_by.clone());
        if self.open.as_ref().is_some_and(|open| search.first.as_ref().is_some_and(|first| *first != open.line.host)) {
            self.hang_up().await;
        }
        self.go_round(Errand { job, letter, search, refused: HashMap::new(), bearing: Bearing::Well }).await
    }

    /// Goes from host to host, until each recipient has its answer or no host is left.
    async fn go_round(&mut self, mut errand: Errand<'a>) -> Flow {
        loop {
            let fresh = self.open.is_none();
            if fresh {
                let connected = tokio::select! {
                    () = self.depot.shutdown.requested() => return OUT,
                    connected = connect(&self.depot.means, self.way, &mut errand.search) => connected,
                };
                self.let_rest(std::mem::take(&mut errand.search.unreached));
                match connected {
                    Some(Ok(line)) => self.begin(line),
                    Some(Err(fault)) if errand.refused.is_empty() => return self.not_reached(errand.job, fault).await,
                    _ => break,
                }
            }
            let Some(open) = &mut self.open else { return OUT };
            open.carried += 1;
            let means = &self.depot.means;
            let to_send = errand.letter.to_send(&means.store);
            let handed = match hand_over(&mut open.line, &to_send, &means.waits).await {
                Tried::Handed(handed) => handed,
                Tried::Stale(said, bearing) if fresh => Handed {
                    fates: vec![Fate::Elsewhere(said); errand.letter.recipients.len()],
                    usable: false,
                    bearing,
                    lost: None,
                },
                // The server closed the connection while it was idle. Nothing happened: once more, on a new one.
                Tried::Stale(..) => {
                    self.open = None;
                    continue;
                }
            };
            self.settle(&mut errand, handed).await;
            if errand.letter.recipients.is_empty() {
                return self.heed(&errand.bearing).await;
            }
            self.hang_up().await;
        }
        self.give_up_for_now(&mut errand).await;
        self.heed(&errand.bearing).await
    }

    fn begin(&mut self, line: Line) {
        tracing::debug!(host = line.host, tls = line.tls_version(), "connected");
        self.open = Some(Open { line, carried: 0 });
        self.site.greeted();
        // Now that it answers, another may come too.
        self.depot.bell.notify_one();
    }

    /// Addresses that failed are asked last for a while, so that they cost the next letters no time.
    fn let_rest(&self, unreached: Vec<std::net::IpAddr>) {
        for ip in unreached {
            self.site.rest(ip, self.depot.means.schedule.wait(1, rand::random()));
        }
    }

    /// Records the decisions, in one write, and gives those claims back. A recipient for another transaction becomes
    /// ready again; a recipient that another host may take stays in the errand.
    async fn settle(&mut self, errand: &mut Errand<'_>, handed: Handed) {
        let at = now();
        let Some(open) = &self.open else { return };
        let (host, ip, tls) = (open.line.host.clone(), open.line.ip(), open.line.tls_version());
        let taken_by = taken_by(&open.line, &errand.letter);
        let source = open.line.source.clone();
        let recipients = std::mem::take(&mut errand.letter.recipients);
        let mut entries = Vec::new();
        let mut next = BTreeSet::new();
        for (to, fate) in recipients.into_iter().zip(handed.fates) {
            let Some((outcome, said)) = self.outcome(errand, &to, (fate, &taken_by), at) else {
                if errand.refused.contains_key(&to.row) {
                    errand.letter.recipients.push(to);
                } else {
                    next.insert(to.row);
                }
                continue;
            };
            tracing::info!(letter = %errand.letter.id, to = %to.address, host, %outcome, said = said.text, "carried");
            entries.push(Entry { recipient: to.row, outcome, said, tls });
        }
        let taken = entries.iter().any(|entry| entry.outcome.is_taken());
        let found: Vec<Finding> = source.into_iter().chain(handed.lost).filter(|_| taken).collect();
        self.depot.write_down_with(&errand.letter, entries, found, at).await;
        self.part(errand, &next);
        match &handed.bearing {
            Bearing::Well => self.site.well(Some(ip)),
            _ => self.let_rest(vec![ip]),
        }
        errand.search.has_been_at(ip);
        errand.bearing = handed.bearing;
        self.end_connection(handed.usable).await;
    }

    /// Returns the outcome for a recipient; `None`: it goes to another host, where it is among the refused, or into
    /// another transaction.
    fn outcome(
        &self,
        errand: &mut Errand<'_>,
        to: &LoadedRecipient,
        (fate, taken_by): (Fate, &Outcome),
        at: Timestamp,
    ) -> Option<(Outcome, Said)> {
        Some(match fate {
            Fate::NextTransaction => {
                errand.refused.remove(&to.row);
                return None;
            }
            Fate::Elsewhere(said) => {
                let known = errand.refused.entry(to.row).or_insert_with(|| said.clone());
                // The words of a server tell more than a broken connection.
                if known.by.is_none() {
                    *known = said;
                }
                return None;
            }
            Fate::Taken(said) => (taken_by.clone(), said),
            Fate::Never(said) => (Outcome::Failed, said),
            Fate::Later(said) => (later(self.depot, &errand.letter, to, at), said),
            Fate::Greylisted(said, named) => {
                let attempts = to.attempts.saturating_add(1);
                let wait = self.depot.means.schedule.greylisted(named, attempts, rand::random());
                (again(self.depot, &errand.letter, to, at, wait), said)
            }
        })
    }

    /// Leaves the claims in the errand of whose recipients something is open; those of the `next` transaction become ready
    /// again.
    fn part(&self, errand: &mut Errand<'_>, next: &BTreeSet<i64>) {
        let open: BTreeSet<i64> = errand.letter.recipients.iter().map(|to| to.row).collect();
        let claims = std::mem::take(&mut errand.job.claims);
        let (again, rest): (Vec<_>, Vec<_>) = claims.into_iter().partition(|claim| next.contains(&claim.recipient));
        errand.job.claims = rest.into_iter().filter(|claim| open.contains(&claim.recipient)).collect();
        self.site.put_back(Job { letter: errand.job.letter, sender: errand.job.sender.clone(), claims: again });
    }

    async fn end_connection(&mut self, usable: bool) {
        let limit = self.depot.means.limits.letters_per_connection;
        match &self.open {
            Some(_) if !usable => self.open = None,
            Some(open) if open.carried >= limit || open.line.should_end() => self.hang_up().await,
            _ => {}
        }
    }

    /// Gives up for now, since no host is left: the open recipients wait for the next try.
    async fn give_up_for_now(&self, errand: &mut Errand<'_>) {
        let at = now();
        let mut entries = Vec::new();
        for to in std::mem::take(&mut errand.letter.recipients) {
            let Some(said) = errand.refused.remove(&to.row) else { continue };
            let outcome = later(self.depot, &errand.letter, &to, at);
            tracing::info!(letter = %errand.letter.id, to = %to.address, %outcome, said = said.text, "not now");
            entries.push(Entry { recipient: to.row, outcome, said, tls: "" });
        }
        self.depot.write_down(vec![(errand.letter.row, entries)], at).await;
        errand.job.claims.clear();
    }

    /// Heeds a reply about the site: it counts for the letters behind this one too.
    async fn heed(&mut self, bearing: &Bearing) -> Flow {
        let said = match bearing {
            Bearing::Well => return ON,
            Bearing::Busy(said) | Bearing::Lost(said) => said,
        };
        match self.site.trouble(bearing) {
            Trouble::GoOn => return ON,
            Trouble::Leave => tracing::debug!(said = said.text, "one connection fewer"),
            Trouble::Close { jobs, domains, failures } => {
                self.close_for_a_moment(said);
                let pause = match self.way.for_some {
                    true => self.depot.put_off(jobs, said, failures).await,
                    false => self.depot.leave(jobs, domains, said, failures).await,
                };
                self.site.close(pause, said.clone());
            }
        }
        OUT
    }

    async fn not_reached(&self, job: Job, fault: Fault) -> Flow {
        match self.site.trouble(&Bearing::Busy(fault.said.clone())) {
            Trouble::GoOn | Trouble::Leave => {
                tracing::debug!(said = fault.said.text, "one connection fewer");
                self.site.put_back(job);
            }
            Trouble::Close { mut jobs, failures, .. } => {
                jobs.push(job);
                self.close_for_a_moment(&fault.said);
                let (for_good, said) = (fault.for_good, fault.said.clone());
                let pause = match self.way.for_some && !for_good {
                    true => self.depot.put_off(jobs, &said, failures).await,
                    false => self.depot.not_reached(jobs, fault, failures).await,
                };
                if !for_good {
                    self.site.close(pause, said);
                }
            }
        }
        OUT
    }

    /// Closes the site, so that nothing is placed here while the store is told.
    fn close_for_a_moment(&self, said: &Said) {
        self.site.close(Duration::from_secs(1), said.clone());
    }
}
