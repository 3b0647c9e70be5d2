//! The one commit that stands behind an answer: copies filed, entries queued, the sender told, the history written.

use conduct::Outcome;
use mail::Reply;
use mail::seam::OurFault;
use mail::trace::Event;
use mda::{Addressee, Fate};
use store::{Key, Tx};

use crate::committed::Committed;
use crate::effects::Effects;
use crate::sort::Failed;
use crate::taking::Course;
use crate::weighing::{Unweighed, sending, weigh};
use crate::{Intake, history, our_fault};

/// The reason why a commit did not come about.
enum Undone {
    /// These mailboxes did not take the letter; nothing was kept for anybody.
    Unfiled(Vec<(Addressee, Reply)>),
    /// The letter is to be kept back, or has too many recipients.
    Weighed(Outcome),
    Store(store::Error),
    Fault(OurFault),
}

impl From<Unweighed> for Undone {
    fn from(error: Unweighed) -> Self {
        match error {
            Unweighed::Store(error) => Self::Store(error),
            Unweighed::Other(fault) => Self::Fault(fault),
        }
    }
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
    ) -> Result<Committed, OurFault> {
        let (now, id) = (net::now(), course.incoming.letter.id);
        let effects = Effects::prepare(self, course, leftover, now).await?;
        let mut before = [began, history::redirections(&course.sorted)].concat();
        before.extend(leftover.iter().map(history::not_filed));
        before.extend(course.decisions.iter().flat_map(|decision| decision.events.iter().cloned()));
        let filing = course.filing.clone();
        let sending = sending(course.incoming.origin, &course.sorted);
        let written = self.store.write(Key::Everything, move |tx| {
            let outcomes = filing.file(tx)?;
            let mut events = before.clone();
            events.extend(outcomes.iter().flat_map(history::filed));
            let unfiled: Vec<(Addressee, Reply)> = outcomes.into_iter().filter_map(unfiled).collect();
            if !unfiled.is_empty() {
                return Err(Undone::Unfiled(unfiled));
            }
            match weigh(tx, sending.as_ref(), now)? {
                Outcome::Goes => events.extend(effects.put(tx, now)?),
                weighed => return Err(Undone::Weighed(weighed)),
            }
            trace::note_all(tx, id, now, events)?;
            Ok(finish(tx)?)
        });
        match written.await {
            Ok(()) => Ok(Committed::Taken),
            Err(Undone::Unfiled(unfiled)) => Ok(Committed::Unfiled(unfiled)),
            Err(Undone::Weighed(outcome)) => Ok(Committed::Weighed(outcome)),
            Err(Undone::Store(error)) => Err(our_fault(error)),
            Err(Undone::Fault(fault)) => Err(fault),
        }
    }
}

fn unfiled(outcome: mda::Outcome) -> Option<(Addressee, Reply)> {
    match outcome.fate {
        Fate::Filed(_) => None,
        Fate::Refused(reply) => Some((outcome.recipient, reply)),
    }
}
