//! What a letter gives rise to beside the copies of our people: the letter itself in the queue, for people elsewhere
//! and for those of ours who could not take it now; a report to its sender on those who never will; what the rules have
//! written and remembered.

use std::collections::HashSet;

use mail::seam::{AccountId, OurFault};
use mail::trace::Event;
use mail::{Address, BodyKind, Enhanced, Envelope, Letter, ReturnPath, Timestamp};
use mda::{Decision, Incoming, Memory, Written, memory};
use mta::bounce::{Fate, Kind, Original, Report};
use mta::queue::{self, Prepared, PreparedReport, Terms};
use store::Tx;

use crate::sort::{Failed, Sorted};
use crate::taking::Course;
use crate::{Intake, new_letter_id, our_fault};

/// Beyond this a body goes to a file of its own, and is packed where blocking is allowed.
const LARGE: usize = 256 * 1024;

/// What goes into the queue and into the memory of the rules.
#[derive(Default)]
pub(crate) struct Effects {
    /// The letter itself, in one form or several.
    letters: Vec<Prepared>,
    /// What its sender is told.
    report: Option<PreparedReport>,
    /// What rules have written for their people.
    written: Vec<(AccountId, Option<Memory>, PreparedReport)>,
    /// What rules remember for them.
    remember: Vec<(AccountId, Memory)>,
}

impl Effects {
    /// Makes ready what a letter gives rise to, outside the writer.
    pub(crate) async fn prepare(
        intake: &Intake,
        course: &Course<'_>,
        leftover: &[Failed],
        terms: Terms,
    ) -> Result<Self, OurFault> {
        let Course { incoming, sorted, decisions, .. } = course;
        Self::of(intake, *incoming, sorted, decisions, leftover, terms).await
    }

    /// The same, of decisions about a letter that is for nobody else.
    pub(crate) async fn of_decisions(
        intake: &Intake,
        incoming: Incoming<'_>,
        decisions: &[Decision],
        terms: Terms,
    ) -> Result<Self, OurFault> {
        Self::of(intake, incoming, &Sorted::default(), decisions, &[], terms).await
    }

    async fn of(
        intake: &Intake,
        incoming: Incoming<'_>,
        sorted: &Sorted,
        decisions: &[Decision],
        leftover: &[Failed],
        terms: Terms,
    ) -> Result<Self, OurFault> {
        if sorted.remote.is_empty() && leftover.is_empty() && decisions.iter().all(gives_rise_to_nothing) {
            return Ok(Self::default());
        }
        if incoming.letter.raw.len() <= LARGE {
            return prepare(intake, incoming, sorted, decisions, leftover, terms).map_err(our_fault);
        }
        // A large letter takes time to pack, and is written to the disk.
        let (intake, letter, envelope) = (intake.clone(), incoming.letter.clone(), incoming.envelope.clone());
        let (origin, findings) = (incoming.origin.clone(), incoming.findings.clone());
        let (sorted, decisions, leftover) = (sorted.clone(), decisions.to_vec(), leftover.to_vec());
        let packing = move || {
            let hostname = &intake.hostname;
            let incoming =
                Incoming { letter: &letter, envelope: &envelope, origin: &origin, findings: &findings, hostname };
            prepare(&intake, incoming, &sorted, &decisions, &leftover, terms)
        };
        tokio::task::spawn_blocking(packing).await.map_err(our_fault)?.map_err(our_fault)
    }

    /// Is there nothing of all this?
    pub(crate) fn is_empty(&self) -> bool {
        let Self { letters, report, written, remember } = self;
        letters.is_empty() && report.is_none() && written.is_empty() && remember.is_empty()
    }

    /// Does it, in the commit that takes the letter, and gives what its history tells of it.
    pub(crate) fn put(&self, tx: &mut Tx, now: Timestamp) -> Result<Vec<Event>, store::Error> {
        self.letters.iter().try_for_each(|prepared| prepared.put(tx))?;
        let mut events: Vec<Event> = self.letters.iter().map(Prepared::queued).collect();
        if let Some(report) = &self.report {
            report.put(tx)?;
            events.push(report.reported(false));
        }
        for (account, once, letter) in &self.written {
            let is_due = match once {
                Some(once) => memory::remember(tx, *account, once, now)?,
                None => true,
            };
            if is_due {
                letter.put(tx)?;
            }
        }
        for (account, memory) in &self.remember {
            memory::remember(tx, *account, memory, now)?;
        }
        Ok(events)
    }
}

fn gives_rise_to_nothing(decision: &Decision) -> bool {
    let disposition = &decision.disposition;
    disposition.onward.is_empty() && disposition.written.is_empty() && disposition.remember.is_empty()
}

fn prepare(
    intake: &Intake,
    incoming: Incoming<'_>,
    sorted: &Sorted,
    decisions: &[Decision],
    leftover: &[Failed],
    terms: Terms,
) -> Result<Effects, store::Error> {
    let Incoming { letter, envelope, .. } = incoming;
    let mut letters = Vec::new();
    let mut queue = |letter: &Letter, recipients: Vec<Address>| {
        let onward = Envelope { recipients, ..envelope.clone() };
        letters.push(queue::prepare(&intake.store, letter, &onward, terms)?);
        Ok::<_, store::Error>(())
    };
    let elsewhere = sorted.remote.iter().filter(|remote| !remote.is_passed_on()).map(|remote| remote.address.clone());
    let again = leftover.iter().filter_map(|failed| failed.again_to.clone());
    // A person who has several addresses on the envelope is tried once.
    let mut known = HashSet::new();
    let recipients: Vec<Address> = elsewhere.chain(again).filter(|address| known.insert(address.clone())).collect();
    if !recipients.is_empty() {
        queue(letter, recipients)?;
    }
    let redirected = decisions.iter().map(|one| (&one.recipient.address, one.disposition.onward.clone()));
    for (through, recipients) in passed_on(sorted).into_iter().chain(redirected.filter(|(_, to)| !to.is_empty())) {
        // The letter says which address of ours it went through, so that it is known when it comes back. Those that did
        // were taken out by `Sorted::break_loops` and `Mda::decide`. Nothing else of it is changed.
        if let Some(raw) = mda::passed_on(&letter.raw, through) {
            queue(&Letter { id: letter.id, raw }, recipients)?;
        }
    }
    let lost: Vec<&Failed> = leftover.iter().filter(|failed| failed.again_to.is_none()).collect();
    let report = if lost.is_empty() { None } else { report(intake, incoming, &lost, terms)? };
    let (mut written, mut remember) = (Vec::new(), Vec::new());
    for Decision { recipient, disposition, .. } in decisions {
        for letter in &disposition.written {
            written.push((recipient.account, letter.once.clone(), in_writing(intake, letter, terms)?));
        }
        remember.extend(disposition.remember.iter().map(|memory| (recipient.account, memory.clone())));
    }
    Ok(Effects { letters, report, written, remember })
}

/// A letter that a rule has written. It has a history of its own.
fn in_writing(intake: &Intake, written: &Written, terms: Terms) -> Result<PreparedReport, store::Error> {
    let smtputf8 = written.to.needs_smtputf8();
    let body = if written.raw.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBitMime };
    let recipients = vec![written.to.clone()];
    let envelope = Envelope { return_path: ReturnPath::Null, recipients, body, smtputf8, hold: None };
    let letter = Letter { id: new_letter_id(), raw: written.raw.clone() };
    queue::prepare_report(&intake.store, &letter, &envelope, terms)
}

/// Who elsewhere is reached through which of our aliases.
fn passed_on(sorted: &Sorted) -> Vec<(&Address, Vec<Address>)> {
    let mut aliases: Vec<(&Address, Vec<Address>)> = Vec::new();
    for remote in sorted.remote.iter().filter(|remote| remote.is_passed_on()) {
        match aliases.iter_mut().find(|(alias, _)| **alias == remote.recipient) {
            Some((_, addresses)) => addresses.push(remote.address.clone()),
            None => aliases.push((&remote.recipient, vec![remote.address.clone()])),
        }
    }
    aliases
}

/// What the sender is told. A letter without return path is a report itself, and reports are never reported on
/// (RFC 5321 §6.1).
fn report(
    intake: &Intake,
    incoming: Incoming<'_>,
    lost: &[&Failed],
    terms: Terms,
) -> Result<Option<PreparedReport>, store::Error> {
    let Incoming { letter, envelope, .. } = incoming;
    let Some(to) = envelope.return_path.address() else {
        let recipients: Vec<String> = lost.iter().map(|failed| failed.recipient.to_string()).collect();
        let recipients = recipients.join(", ");
        tracing::warn!(id = %letter.id, recipients, "a report of another server's reached nobody there");
        return Ok(None);
    };
    let fates: Vec<Fate> = lost.iter().map(|failed| fate(failed)).collect();
    let report = Report {
        kind: Kind::Failed,
        office: &intake.reports,
        to,
        arrived: terms.arrived,
        now: terms.arrived,
        fates: &fates,
        original: Original { id: letter.id, bytes: &letter.raw, whole: true },
    };
    let (bounce, bounce_envelope) = report.write(new_letter_id());
    queue::prepare_report(&intake.store, &bounce, &bounce_envelope, terms).map(Some)
}

fn fate(failed: &Failed) -> Fate {
    let status = failed.reply.enhanced.unwrap_or(Enhanced(5, 0, 0));
    Fate { address: failed.recipient.clone(), status, said: failed.reply.to_string(), by: None }
}
