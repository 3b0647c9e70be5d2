//! One letter from its envelope to its fate: checked, sorted, decided about, then committed, in rounds where somebody's
//! mailbox does not take it.

use std::collections::HashMap;

use conduct::Outcome;
use mail::seam::{AccountId, Origin, OurFault, Verdict};
use mail::trace::{Arrival, Event};
use mail::{Address, Envelope, Findings, Letter, Recipient, Reply};
use mda::{Decision, Filing, Incoming};
use mta::outgoing::Outgoing;
use store::Tx;

use crate::arrivals::is_mistrusted;
use crate::committed::Committed;
use crate::decide::Told;
use crate::handed_in::HandedIn;
use crate::sort::{self, Failed, Sorted};
use crate::{Intake, checks, our_fault, weighing};

/// The result of all rounds.
enum Taken {
    /// Somebody gets it.
    BySomebody,
    /// No mailbox takes it, and nobody elsewhere gets it.
    ByNobody,
    /// Its author's account may not send it now: nothing was kept.
    Weighed(Outcome),
}

/// The course of a letter: decided once, and committed in one round or several.
pub(crate) struct Course<'a> {
    pub(crate) incoming: Incoming<'a>,
    /// The same letter, as it may leave.
    pub(crate) outgoing: &'a Outgoing,
    pub(crate) sorted: Sorted,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) filing: Filing,
    /// The return path is that of somebody who has proved here who they are.
    pub(crate) is_proved: bool,
    /// Nobody is written to about the letter: its return path may be forged.
    pub(crate) mistrusted: bool,
}

impl Course<'_> {
    /// Gives an account up whose mailbox does not take the letter: nothing that was decided for it is done now.
    pub(crate) fn give_up(&mut self, account: AccountId, reply: &Reply) {
        self.sorted.give_up(account, reply);
        self.filing.leave_out(account);
        self.decisions.retain(|decision| decision.recipient.account != account);
    }
}

impl Intake {
    /// Asks the checks about a letter that comes in; an error is the refusal of one.
    pub(crate) async fn look(&self, letter: &Letter, envelope: &Envelope, origin: &Origin) -> Result<Findings, Reply> {
        checks::look(&self.checks, letter, envelope, origin).await
    }

    /// Finds out where the recipients of an envelope lead.
    pub(crate) async fn follow(&self, envelope: &mut Envelope) -> Result<(), OurFault> {
        let addresses = envelope.recipients.iter().map(|recipient| recipient.address.clone()).collect();
        let resolutions = self.directory.resolve(addresses).await.map_err(our_fault)?;
        for (recipient, leads) in envelope.recipients.iter_mut().zip(resolutions) {
            recipient.leads = Some(leads);
        }
        Ok(())
    }

    /// Returns the people who get the letter. [`Self::follow`] has found out by now where its recipients lead.
    pub(crate) fn sort(&self, letter: &Letter, envelope: &Envelope, origin: &Origin) -> Sorted {
        let mut sorted = sort::sort(&envelope.recipients, origin, |domain| self.routes.receives(domain));
        sorted.break_loops(letter);
        sorted
    }

    /// Sorts the recipients, asks the rules, and makes ready what they decide.
    pub(crate) async fn course<'a>(
        &self,
        incoming: Incoming<'a>,
        outgoing: &'a Outgoing,
        told: Told,
    ) -> Result<Course<'a>, OurFault> {
        let mut sorted = self.sort(incoming.letter, incoming.envelope, incoming.origin);
        let held = self.hold_aliases(incoming, &mut sorted).await?;
        let mut decisions = self.decide(incoming, &mut sorted, told).await;
        Self::place_held(&held, &mut decisions);
        self.hold_redirects(incoming, &sorted, &mut decisions).await?;
        let filing = self.mda.prepare(incoming, &decisions, net::now()).await?;
        // The queue does not say by whom a letter was handed in.
        let is_proved = incoming.origin.is_verified() && told != Told::Nobody;
        let mistrusted = is_mistrusted(incoming.origin, incoming.findings);
        Ok(Course { incoming, outgoing, sorted, decisions, filing, mistrusted, is_proved })
    }

    /// Takes a letter with one answer for all recipients.
    pub(crate) async fn take(
        &self,
        handed: &HandedIn,
        finish: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + Clone + 'static,
    ) -> Result<Verdict, OurFault> {
        let findings = match self.look(handed.letter(), &handed.envelope, &handed.origin).await {
            Ok(findings) => findings,
            Err(refusal) => return Ok(Verdict::Refuse(refusal)),
        };
        let (copies, mut finish) = (self.prepare_copies(handed).await?, finish);
        let finish = move |tx: &mut Tx| {
            copies.put(tx)?;
            finish(tx)
        };
        let told = Told::Once { verified: handed.origin.is_verified() };
        let mut course = self.course(handed.incoming(self, &findings), &handed.outgoing, told).await?;
        let events = handed.began(&findings);
        let failed = |sorted: &Sorted| sorted.failed.clone();
        match self.commit_in_rounds(&mut course, failed, &events, finish.clone()).await? {
            Taken::BySomebody => Ok(Verdict::Accept),
            Taken::ByNobody => Ok(Verdict::Refuse(sort::answer(course.sorted.failed.iter()))),
            Taken::Weighed(Outcome::TooMany(limit)) => Ok(Verdict::Refuse(weighing::too_many(limit))),
            // Nobody gets it yet, not even people here.
            Taken::Weighed(_) => self.keep(handed, None, finish).await,
        }
    }

    /// Takes a letter with an answer for each recipient.
    pub(crate) async fn take_for_each(&self, handed: &HandedIn) -> Result<Vec<Reply>, OurFault> {
        let envelope = &handed.envelope;
        let findings = match self.look(handed.letter(), envelope, &handed.origin).await {
            Ok(findings) => findings,
            Err(refusal) => return Ok(vec![refusal; envelope.recipients.len()]),
        };
        let mut course = self.course(handed.incoming(self, &findings), &handed.outgoing, Told::Each).await?;
        let events = handed.began(&findings);
        let copies = self.prepare_copies(handed).await?;
        self.commit_in_rounds(&mut course, ours_to_mend, &events, move |tx| copies.put(tx)).await?;
        Ok(fates(envelope, &course.sorted).into_iter().map(|(_, reply)| reply).collect())
    }

    /// Commits a letter, again without those whose mailboxes do not take it, until it is taken or there is nobody left
    /// for it. `leftover` says which failures the commit reports on. Returns whether the letter was taken.
    async fn commit_in_rounds(
        &self,
        course: &mut Course<'_>,
        leftover: impl Fn(&Sorted) -> Vec<Failed>,
        events: &[Event],
        finish: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + Clone + 'static,
    ) -> Result<Taken, OurFault> {
        // Each round takes a recipient away at least.
        while !course.sorted.is_for_nobody() {
            let leftover = leftover(&course.sorted);
            match self.commit(course, &leftover, events.to_vec(), finish.clone()).await? {
                Committed::Taken => {
                    note(course);
                    return Ok(Taken::BySomebody);
                }
                Committed::Weighed(outcome) => return Ok(Taken::Weighed(outcome)),
                Committed::Unfiled(unfiled) => {
                    unfiled.iter().for_each(|(who, reply)| course.give_up(who.account, reply));
                }
            }
        }
        Ok(Taken::ByNobody)
    }
}

/// Returns the events with which the history of a letter begins: how it came, and what was found out about it.
pub(crate) fn began(arrival: &Arrival, findings: &Findings) -> Vec<Event> {
    std::iter::once(Event::Received(arrival.clone())).chain(findings.iter().map(mail::Finding::event)).collect()
}

/// The failures that are ours to mend. The caller retries or reports the recipients that nothing reached; the rest of
/// an alias, whose recipient counts as reached, nobody else knows of.
pub(crate) fn ours_to_mend(sorted: &Sorted) -> Vec<Failed> {
    let reached = sorted.reached();
    sorted.failed.iter().filter(|failed| reached.contains(&failed.recipient)).cloned().collect()
}

/// Returns the reply for each recipient of the envelope.
pub(crate) fn fates(envelope: &Envelope, sorted: &Sorted) -> Vec<(Address, Reply)> {
    let reached = sorted.reached();
    let mut failed: HashMap<&Address, Vec<&Failed>> = HashMap::new();
    sorted.failed.iter().for_each(|one| failed.entry(&one.recipient).or_default().push(one));
    let fate = |recipient: &Address| match failed.get(recipient) {
        Some(failed) if !reached.contains(recipient) => sort::answer(failed.iter().copied()),
        _ => Reply::new(250, (2, 1, 5), "filed"),
    };
    envelope.recipients.iter().map(|Recipient { address, .. }| (address.clone(), fate(address))).collect()
}

fn note(course: &Course<'_>) {
    let Incoming { letter, envelope, origin, .. } = course.incoming;
    let came = match origin {
        Origin::Peer(wire) => wire.ip.to_string(),
        Origin::Front(wire) => format!("{} by LMTP", wire.ip),
        Origin::Person(login, _) => login.address.to_string(),
        Origin::House => "the house".to_owned(),
        Origin::Fetched(source) => source.clone(),
    };
    let Letter { id, raw } = letter;
    let Sorted { local, remote, failed } = &course.sorted;
    let (filed, queued, failed) = (local.len(), remote.len(), failed.len());
    tracing::info!(letter = %id, bytes = raw.len(), from = %envelope.return_path, %came, filed, queued, failed, "letter taken");
}
