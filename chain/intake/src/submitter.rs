//! Takes the letters that people send over JMAP: as any letter of theirs, but noted in the same commit, and perhaps
//! kept for a while.

use std::sync::{Arc, Mutex, PoisonError};

use mail::seam::{Login, Origin, OurFault, Verdict, Wire};
use mail::{Envelope, Letter, LetterId, Timestamp};
use mta::queue::{self, Terms};
use store::{Key, Tx};

use crate::handed_in::HandedIn;
use crate::{Intake, our_fault, sort};

/// The notes in the commit that takes charge of a letter. It is called again when the transaction is repeated.
pub type Noted = Box<dyn FnMut(&mut Tx) -> Result<(), store::Error> + Send>;

/// Sends what people write, at once or when they want it to go, and takes back what they would rather not have sent.
/// Cheap to clone.
#[derive(Clone)]
pub struct Submitter(Intake);

impl Submitter {
    /// Takes charge of a letter of `login`, and calls `noted` in the same commit. With `until` the letter stays in the
    /// queue until then, unless it is recalled. An error: nothing was kept, and what `noted` did was undone.
    pub async fn send(
        &self,
        letter: Letter,
        envelope: Envelope,
        (login, wire): (Login, Wire),
        until: Option<Timestamp>,
        noted: Noted,
    ) -> Result<Verdict, OurFault> {
        let handed = self.0.handed_in(letter, envelope, Origin::Person(login, wire)).await?;
        let noted = Arc::new(Mutex::new(noted));
        let finish = move |tx: &mut Tx| noted.lock().unwrap_or_else(PoisonError::into_inner)(tx);
        self.0.answer(handed, until, finish).await
    }

    /// Takes back a letter that waits for its time, so that nobody gets it. False: it has been let go, or was never
    /// here.
    pub fn recall(tx: &mut Tx, letter: LetterId, author: &Login, now: Timestamp) -> Result<bool, store::Error> {
        queue::recall(tx, letter, author.account.0, now)
    }
}

impl Intake {
    /// Sends what people write over JMAP.
    pub fn submitter(&self) -> Submitter {
        Submitter(self.clone())
    }

    /// Keeps a letter in the queue for everybody, also for people here, until its time has come.
    pub(crate) async fn keep(
        &self,
        handed: &HandedIn,
        until: Timestamp,
        mut finish: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + 'static,
    ) -> Result<Verdict, OurFault> {
        let findings = match self.look(handed.letter(), &handed.envelope, &handed.origin).await {
            Ok(findings) => findings,
            Err(refusal) => return Ok(Verdict::Refuse(refusal)),
        };
        // The author is still there to be told of a recipient who cannot get the letter.
        let sorted = self.sort(handed.letter(), &handed.envelope, &handed.origin);
        if sorted.is_for_nobody() {
            return Ok(Verdict::Refuse(sort::answer(sorted.failed.iter())));
        }
        let now = net::now();
        let (store, terms) = (self.store.clone(), Terms::postponed(now, until, &self.schedule));
        let (id, outgoing, envelope) = (handed.letter().id, handed.outgoing.clone(), handed.envelope.as_it_goes_on());
        let preparing = tokio::task::spawn_blocking(move || queue::prepare(&store, &outgoing, &envelope, terms));
        let prepared = preparing.await.map_err(our_fault)?.map_err(our_fault)?.with_findings(&findings);
        let events = [handed.began(&findings), vec![prepared.queued()]].concat();
        let copies = self.prepare_copies(handed).await?;
        let kept = self.store.write(Key::Everything, move |tx| {
            prepared.put(tx)?;
            trace::note_all(tx, id, now, events.clone())?;
            copies.put(tx)?;
            finish(tx)
        });
        kept.await.map_err(|error: store::Error| our_fault(error))?;
        tracing::info!(letter = %id, %until, "letter kept until its author wants it to go");
        Ok(Verdict::Accept)
    }
}
