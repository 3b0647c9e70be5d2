//! The one commit that stands behind an answer: copies filed, entries queued, the sender told, the history written.

use mail::seam::OurFault;
use mail::trace::Event;
use mail::{Envelope, Letter, Reply};
use mda::{Fate, Outcome, Recipient};
use mta::queue::Terms;
use store::{Key, Tx};

use crate::onward::{self, Onward};
use crate::sort::{Failed, Sorted};
use crate::{Intake, history, our_fault};

/// Beyond this a body goes to a file of its own.
const LARGE: usize = 256 * 1024;

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

impl Intake {
    /// One commit: files, queues, deals with the leftover, calls `finish`, and notes in the history of the letter, behind
    /// what `began` it, what was done. Where filing fails for some, all of it is undone and they are given back, so that
    /// what is written to the sender can be made outside the writer, and still be part of the one commit.
    pub(crate) async fn commit(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        sorted: &Sorted,
        leftover: &[Failed],
        began: Vec<Event>,
        mut finish: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + 'static,
    ) -> Result<Vec<(Recipient, Reply)>, OurFault> {
        let now = net::now();
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

impl Intake {
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
        let (intake, letter, envelope) = (self.clone(), letter.clone(), envelope.clone());
        let (sorted, leftover) = (sorted.clone(), leftover.to_vec());
        let packing = move || onward::prepare(&intake, &letter, &envelope, &sorted, &leftover, terms);
        tokio::task::spawn_blocking(packing).await.map_err(our_fault)?.map_err(our_fault)
    }
}

fn unfiled(outcome: Outcome) -> Option<(Recipient, Reply)> {
    match outcome.fate {
        Fate::Filed { .. } => None,
        Fate::Refused(reply) => Some((outcome.recipient, reply)),
    }
}
