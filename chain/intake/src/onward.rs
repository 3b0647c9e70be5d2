//! What goes into the queue with a letter: the letter itself for people elsewhere and for those of ours who could not
//! take it now, and a report to the sender on those who never will.

use std::collections::HashSet;

use mail::{Address, Enhanced, Envelope, Letter};
use mta::bounce::{Fate, Kind, Original, Report};
use mta::queue::{self, Prepared, PreparedReport, Terms};

use crate::sort::{Failed, Sorted};
use crate::{Intake, new_letter_id};

/// What goes into the queue.
#[derive(Default)]
pub struct Onward {
    /// The letter itself, in one form or several.
    pub letters: Vec<Prepared>,
    /// What its sender is told.
    pub report: Option<PreparedReport>,
}

/// Makes ready what is to be queued, outside the writer.
pub fn prepare(
    intake: &Intake,
    letter: &Letter,
    envelope: &Envelope,
    sorted: &Sorted,
    leftover: &[Failed],
    terms: Terms,
) -> Result<Onward, store::Error> {
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
    for (alias, recipients) in passed_on(sorted) {
        // The letter says which alias it went through, so that it is known when it comes back. Those that did were
        // taken out by `Sorted::break_loops`.
        if let Some(raw) = mda::passed_on(&letter.raw, alias) {
            queue(&Letter { id: letter.id, raw }, recipients)?;
        }
    }
    let lost: Vec<&Failed> = leftover.iter().filter(|failed| failed.again_to.is_none()).collect();
    let report = if lost.is_empty() { None } else { report(intake, letter, envelope, &lost, terms)? };
    Ok(Onward { letters, report })
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
    letter: &Letter,
    envelope: &Envelope,
    lost: &[&Failed],
    terms: Terms,
) -> Result<Option<PreparedReport>, store::Error> {
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
