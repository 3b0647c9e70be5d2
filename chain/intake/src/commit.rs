//! The one commit that stands behind an answer: copies filed, entries queued, the sender told, the history written.

use mail::Reply;
use mail::seam::OurFault;
use mail::trace::Event;
use mda::{Addressee, Fate, Outcome};
use store::{Key, Tx};

use crate::effects::Effects;
use crate::sort::Failed;
use crate::taking::Course;
use crate::{Intake, history, our_fault};

/// The reason why a commit did not come about.
enum Undone {
    /// These mailboxes did not take the letter; nothing was kept for anybody.
    Unfiled(Vec<(Addressee, Reply)>),
    Store(store::Error),
}

impl From<store::Error> for Undone {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl Intake {
    /// Makes one commit: files, queues, deals with the leftover, calls `finish`, and notes its deeds in the history
    /// of the letter, behind the events that `began` it. If filing fails for some recipients, all of it is undone and
    /// they are given back, so that the report to the sender can be made outside the writer, and still be part of the
    /// one commit.
    pub(crate) async fn commit(
        &self,
        course: &Course<'_>,
        leftover: &[Failed],
        began: Vec<Event>,
        mut finish: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + 'static,
    ) -> Result<Vec<(Addressee, Reply)>, OurFault> {
        let (now, id) = (net::now(), course.incoming.letter.id);
        let effects = Effects::prepare(self, course, leftover, now).await?;
        let mut before = [began, history::redirections(&course.sorted)].concat();
        before.extend(leftover.iter().map(history::not_filed));
        before.extend(course.decisions.iter().flat_map(|decision| decision.events.iter().cloned()));
        let filing = course.filing.clone();
        let written = self.store.write(Key::Everything, move |tx| {
            let outcomes = filing.file(tx)?;
            let mut events = before.clone();
            events.extend(outcomes.iter().flat_map(history::filed));
            let unfiled: Vec<(Addressee, Reply)> = outcomes.into_iter().filter_map(unfiled).collect();
            if !unfiled.is_empty() {
                return Err(Undone::Unfiled(unfiled));
            }
            events.extend(effects.put(tx, now)?);
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

fn unfiled(outcome: Outcome) -> Option<(Addressee, Reply)> {
    match outcome.fate {
        Fate::Filed(_) => None,
        Fate::Refused(reply) => Some((outcome.recipient, reply)),
    }
}
