//! Where a letter that came in is taken charge of: sorted, filed for our people and queued for the others, all in one
//! commit. What is answered is on the disk.

mod everyone;
pub mod fetched;
mod history;
mod onward;
mod outbox;
mod sort;

use std::collections::HashMap;
use std::sync::Arc;

use directory::Directory;
use mail::seam::{Accept, AccountId, Deliver, Origin, OurFault, Pending, Verdict};
use mail::trace::{Arrival, Blind, Event, Observation, Step, Witness, refusal};
use mail::{Address, Domain, Envelope, Letter, LetterId, Reply, header};
use mda::{Fate, Mda, Outcome, Recipient};
use mta::backoff::Schedule;
use mta::bounce;
use mta::delivery::{Done, LocalDrop};
use mta::queue::Terms;
use mta::route::Routes;
use store::{Key, Store, Tx, View};

use crate::clock;
pub use everyone::Everyone;
use onward::Onward;
use sort::{Failed, Sorted};

/// The largest letter taken, in octets.
pub const LARGEST_LETTER: usize = 50 * 1024 * 1024;

/// Beyond this a body goes to a file of its own.
const LARGE: usize = 256 * 1024;

/// A letter that has passed more servers, with us, goes round in circles (RFC 5321 §6.3 asks for 100 at least).
const MOST_HOPS: usize = 100;

/// Takes charge of letters. Cheap to clone.
#[derive(Clone)]
pub struct PostOffice {
    store: Store,
    directory: Directory,
    mda: Mda,
    /// Who writes to senders whose letters fail.
    desk: bounce::Office,
    schedule: Schedule,
    witness: Arc<dyn Witness>,
    routes: Arc<Routes>,
}

impl PostOffice {
    /// On these data, under this name.
    pub fn new(store: Store, hostname: &Domain) -> Self {
        let space = Arc::new(Quota);
        let directory = Directory::new(store.clone(), hostname.clone(), space, Arc::new(clock::now));
        let mda = Mda::new(store.clone());
        let desk = bounce::Office { hostname: hostname.to_string(), postmaster: postmaster(hostname) };
        let (witness, routes) = (Arc::new(Blind), Arc::default());
        Self { store, directory, mda, desk, schedule: Schedule::default(), witness, routes }
    }

    /// What is refused is told to `witness`.
    #[must_use]
    pub fn with_witness(self, witness: Arc<dyn Witness>) -> Self {
        Self { witness, ..self }
    }

    /// With these routes: some lead to people behind us.
    #[must_use]
    pub fn with_routes(self, routes: Arc<Routes>) -> Self {
        Self { routes, ..self }
    }

    /// Who gets letters through us, as delivery sees them.
    pub fn everyone(&self) -> Everyone {
        Everyone::new(self.directory.clone(), self.routes.clone())
    }

    /// Who is here.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Who writes to senders whose letters fail.
    pub fn desk(&self) -> &bounce::Office {
        &self.desk
    }

    /// How long letters are tried.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    async fn sort(&self, letter: &Letter, envelope: &Envelope, origin: &Origin) -> Result<Sorted, OurFault> {
        let resolutions = self.directory.resolve(envelope.recipients.clone()).await.map_err(our_fault)?;
        let mut sorted = sort::sort(&envelope.recipients, resolutions, origin, |domain| self.routes.receives(domain));
        sorted.break_loops(letter);
        Ok(sorted)
    }
}

/// Postmaster is somebody under every name of ours (RFC 5321 §4.5.1); the directory sees to it.
pub fn postmaster(hostname: &Domain) -> Address {
    Address::new("postmaster", hostname.clone()).unwrap_or_else(|_| unreachable!("postmaster is a local part"))
}

impl Accept for PostOffice {
    fn accept(&self, letter: Letter, envelope: Envelope, origin: Origin) -> Pending<'_, Result<Verdict, OurFault>> {
        Box::pin(async move {
            let arrival = history::arrival(&letter, &envelope, &origin);
            let done = |_: &mut Tx| Ok(());
            let now = clock::now();
            // Only our own people may leave letters to wait (RFC 4865 §2); a time that has come is now.
            let until = envelope.hold.filter(|_| matches!(origin, Origin::Person(..))).map(|hold| hold.until(now));
            let verdict = match until.filter(|until| *until > now) {
                Some(until) => self.keep(&letter, &envelope, &origin, &arrival, until, done).await,
                None => self.take(&letter, &envelope, &origin, &arrival, done).await,
            };
            self.note_refusal(letter.id, arrival, &verdict);
            verdict
        })
    }
}

impl Deliver for PostOffice {
    fn deliver(&self, letter: Letter, envelope: Envelope, origin: Origin) -> Pending<'_, Result<Vec<Reply>, OurFault>> {
        Box::pin(async move {
            let arrival = history::arrival(&letter, &envelope, &origin);
            let replies = self.take_for_each(&letter, &envelope, &origin, &arrival).await;
            if let Err(cause) = &replies {
                self.note_fault(letter.id, cause);
            }
            let fault = smtp::replies::our_fault();
            for (place, recipient) in envelope.recipients.iter().enumerate() {
                let told = replies.as_ref().map_or(Some(&fault), |replies| replies.get(place));
                if let Some(reply) = told.filter(|reply| !reply.is_positive()) {
                    let arrival = Arrival { recipients: vec![recipient.to_string()], ..arrival.clone() };
                    self.witness.saw(refusal(letter.id, clock::now(), arrival, reply));
                }
            }
            replies
        })
    }
}

/// Whom nothing reached is the caller's to try again or to report; the rest of an alias, whose recipient counts as
/// reached, is ours.
fn ours_to_mend(sorted: &Sorted) -> Vec<Failed> {
    let reached = sorted.reached();
    sorted.failed.iter().filter(|failed| reached.contains(&failed.recipient)).cloned().collect()
}

impl PostOffice {
    /// Takes a letter that a user of this machine leaves here (`facteur send`): for anyone. `user` is who it was, for its
    /// history.
    pub async fn accept_here(&self, letter: Letter, envelope: Envelope, user: &str) -> Result<Verdict, OurFault> {
        let origin = Origin::House;
        let arrival = Arrival { login: user.to_owned(), ..history::arrival(&letter, &envelope, &origin) };
        let verdict = self.take(&letter, &envelope, &origin, &arrival, |_| Ok(())).await;
        self.note_refusal(letter.id, arrival, &verdict);
        verdict
    }

    /// For its history, that a letter was not taken.
    fn note_refusal(&self, letter: LetterId, arrival: Arrival, verdict: &Result<Verdict, OurFault>) {
        let told = match verdict {
            Ok(Verdict::Accept) => return,
            Ok(Verdict::Refuse(reply)) => reply.clone(),
            Err(fault) => {
                self.note_fault(letter, fault);
                smtp::replies::our_fault()
            }
        };
        self.witness.saw(refusal(letter, clock::now(), arrival, &told));
    }

    /// For its history, what failed of ours: the sender is not told.
    fn note_fault(&self, letter: LetterId, fault: &OurFault) {
        let event = Event::Fault { cause: fault.to_string() };
        self.witness.saw(Observation::Step(Box::new(Step { letter, at: clock::now(), event })));
    }

    async fn take(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        origin: &Origin,
        arrival: &Arrival,
        finish: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + Clone + 'static,
    ) -> Result<Verdict, OurFault> {
        if hops(letter) > MOST_HOPS {
            return Ok(Verdict::Refuse(sort::circles()));
        }
        let mut sorted = self.sort(letter, envelope, origin).await?;
        // Each round takes a recipient away at least.
        while !sorted.is_for_nobody() {
            let leftover = sorted.failed.clone();
            let began = vec![Event::Received(arrival.clone())];
            let unfiled = self.commit(letter, envelope, &sorted, &leftover, began, finish.clone()).await?;
            if unfiled.is_empty() {
                note(letter, envelope, &sorted, origin);
                return Ok(Verdict::Accept);
            }
            unfiled.iter().for_each(|(who, reply)| sorted.give_up(who.account, reply));
        }
        Ok(Verdict::Refuse(sort::answer(sorted.failed.iter())))
    }

    async fn take_for_each(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        origin: &Origin,
        arrival: &Arrival,
    ) -> Result<Vec<Reply>, OurFault> {
        if hops(letter) > MOST_HOPS {
            return Ok(vec![sort::circles(); envelope.recipients.len()]);
        }
        let mut sorted = self.sort(letter, envelope, origin).await?;
        // Each round takes a recipient away at least.
        while !sorted.is_for_nobody() {
            let began = vec![Event::Received(arrival.clone())];
            let unfiled = self.commit(letter, envelope, &sorted, &ours_to_mend(&sorted), began, |_| Ok(())).await?;
            if unfiled.is_empty() {
                note(letter, envelope, &sorted, origin);
                break;
            }
            unfiled.iter().for_each(|(who, reply)| sorted.give_up(who.account, reply));
        }
        Ok(fates(envelope, &sorted).into_iter().map(|(_, reply)| reply).collect())
    }
}

impl LocalDrop for PostOffice {
    fn drop_off(&self, letter: Letter, envelope: Envelope, mut done: Done) -> Pending<'_, Result<(), OurFault>> {
        Box::pin(async move {
            let mut sorted = self.sort(&letter, &envelope, &Origin::House).await?;
            let done = Arc::new(std::sync::Mutex::new(move |tx: &mut Tx, fates: &[(Address, Reply)]| done(tx, fates)));
            loop {
                let fates = fates(&envelope, &sorted);
                let leftover = ours_to_mend(&sorted);
                let done = done.clone();
                let finish =
                    move |tx: &mut Tx| done.lock().unwrap_or_else(std::sync::PoisonError::into_inner)(tx, &fates);
                let unfiled = self.commit(&letter, &envelope, &sorted, &leftover, Vec::new(), finish).await?;
                if unfiled.is_empty() {
                    return Ok(());
                }
                unfiled.iter().for_each(|(who, reply)| sorted.give_up(who.account, reply));
            }
        })
    }
}

/// What became of each recipient of the envelope.
fn fates(envelope: &Envelope, sorted: &Sorted) -> Vec<(Address, Reply)> {
    let reached = sorted.reached();
    let mut failed: HashMap<&Address, Vec<&Failed>> = HashMap::new();
    sorted.failed.iter().for_each(|one| failed.entry(&one.recipient).or_default().push(one));
    let fate = |recipient: &Address| match failed.get(recipient) {
        Some(failed) if !reached.contains(recipient) => sort::answer(failed.iter().copied()),
        _ => Reply::new(250, (2, 1, 5), "filed"),
    };
    envelope.recipients.iter().map(|recipient| (recipient.clone(), fate(recipient))).collect()
}

/// Why a commit did not come about.
enum Undone {
    /// These mailboxes did not take the letter; nothing was kept for anybody.
    Unfiled(Vec<(Recipient, Reply)>),
    Store(store::Error),
}

impl From<store::Error> for Undone {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl PostOffice {
    /// One commit: files, queues, deals with the leftover, calls `finish`, and notes in the history of the letter, behind
    /// what `began` it, what was done. Where filing fails for some, all of it is undone and they are given back, so that
    /// what is written to the sender can be made outside the writer, and still be part of the one commit.
    async fn commit(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        sorted: &Sorted,
        leftover: &[Failed],
        began: Vec<Event>,
        mut finish: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + 'static,
    ) -> Result<Vec<(Recipient, Reply)>, OurFault> {
        let now = clock::now();
        let recipients = sorted.local.iter().map(|local| Recipient {
            account: local.account,
            address: local.recipient.clone(),
            detail: local.detail.clone(),
        });
        let filing = self.mda.prepare(letter, envelope, recipients.collect(), now).await?;
        let terms = Terms::new(now, &self.schedule);
        let Onward { letters: mut queued, mut report } =
            self.prepare_onward(letter, envelope, sorted, leftover, terms).await?;
        let id = letter.id;
        let mut before = [began, history::redirections(sorted)].concat();
        before.extend(leftover.iter().map(history::not_filed));
        let written = self.store.write(Key::Everything, move |tx| {
            let outcomes = filing.file(tx)?;
            let mut events = before.clone();
            events.extend(outcomes.iter().filter_map(history::filed));
            let unfiled: Vec<(Recipient, Reply)> = outcomes.into_iter().filter_map(unfiled).collect();
            if !unfiled.is_empty() {
                return Err(Undone::Unfiled(unfiled));
            }
            queued.iter_mut().try_for_each(|prepared| prepared.put(tx))?;
            events.extend(queued.iter().map(mta::queue::Prepared::queued));
            if let Some(report) = &mut report {
                report.put(tx)?;
                events.push(report.reported(false));
            }
            trace::note_all(tx, id, now, events)?;
            Ok(finish(tx)?)
        });
        match written.await {
            Ok(()) => Ok(Vec::new()),
            Err(Undone::Unfiled(unfiled)) => Ok(unfiled),
            Err(Undone::Store(error)) => Err(our_fault(error)),
        }
    }
}

impl PostOffice {
    /// A large letter is packed where blocking is allowed: it takes time, and it is written to the disk.
    async fn prepare_onward(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        sorted: &Sorted,
        leftover: &[Failed],
        terms: Terms,
    ) -> Result<Onward, OurFault> {
        if sorted.remote.is_empty() && leftover.is_empty() {
            return Ok(Onward::default());
        }
        if letter.raw.len() <= LARGE {
            return onward::prepare(self, letter, envelope, sorted, leftover, terms).map_err(our_fault);
        }
        let (office, letter, envelope) = (self.clone(), letter.clone(), envelope.clone());
        let (sorted, leftover) = (sorted.clone(), leftover.to_vec());
        let packing = move || onward::prepare(&office, &letter, &envelope, &sorted, &leftover, terms);
        tokio::task::spawn_blocking(packing).await.map_err(our_fault)?.map_err(our_fault)
    }
}

fn unfiled(outcome: Outcome) -> Option<(Recipient, Reply)> {
    match outcome.fate {
        Fate::Filed { .. } => None,
        Fate::Refused(reply) => Some((outcome.recipient, reply)),
    }
}

/// How many servers have written a Received field into the letter.
fn hops(letter: &Letter) -> usize {
    header::fields(&letter.raw).filter(|field| field.is("Received")).take(MOST_HOPS + 1).count()
}

fn note(letter: &Letter, envelope: &Envelope, sorted: &Sorted, origin: &Origin) {
    let came = match origin {
        Origin::Peer(wire) => wire.ip.to_string(),
        Origin::Front(wire) => format!("{} by LMTP", wire.ip),
        Origin::Person(login, _) => login.address.to_string(),
        Origin::House => "the house".to_owned(),
    };
    let Letter { id, raw } = letter;
    let (filed, queued, failed) = (sorted.local.len(), sorted.remote.len(), sorted.failed.len());
    tracing::info!(letter = %id, bytes = raw.len(), from = %envelope.return_path, %came, filed, queued, failed, "letter taken");
}

fn our_fault(error: impl std::fmt::Display) -> OurFault {
    tracing::error!(%error, "a letter could not be taken");
    OurFault(error.to_string())
}

/// What the mailboxes say of the space in them.
struct Quota;

impl directory::Space for Quota {
    fn has_room(&self, view: &View, account: AccountId) -> Result<bool, store::Error> {
        match mailbox::account::usage(view, account) {
            Ok(usage) => Ok(usage.quota.is_none_or(|quota| usage.used < quota)),
            Err(mailbox::Error::Store(error)) => Err(error),
            // Filing will say what is wrong with this mailbox.
            Err(_) => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests;
