//! Takes the letters that people send over JMAP: as any letter of theirs, but noted in the same commit, and perhaps
//! kept for a while.

use std::sync::{Arc, Mutex, PoisonError};

use conduct::Outcome;
use mail::seam::{Login, Origin, OurFault, Verdict, Wire};
use mail::{Envelope, Letter, LetterId, Timestamp};
use mta::queue::{self, Prepared, Terms};
use store::{Key, Tx};

use crate::handed_in::HandedIn;
use crate::weighing::{self, Unweighed};
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

    /// Keeps a letter in the queue for everybody, also for people here: until its time has come, or until somebody says what
    /// becomes of the letters of an account that behaves as if it was stolen.
    pub(crate) async fn keep(
        &self,
        handed: &HandedIn,
        until: Option<Timestamp>,
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
        let terms = match until {
            Some(until) => Terms::postponed(now, until, &self.schedule),
            None => Terms::new(now, &self.schedule),
        };
        let (id, sending) = (handed.letter().id, weighing::sending(&handed.origin, &sorted));
        let prepared = self.prepare_for_queue(handed, terms).await?.with_findings(&findings);
        let events = [handed.began(&findings), vec![prepared.queued()]].concat();
        let copies = self.prepare_copies(handed).await?;
        let kept = self.store.write(Key::Everything, move |tx| {
            let mut events = events.clone();
            match weighing::weigh(tx, sending.as_ref(), now)? {
                Outcome::Goes => prepared.put(tx)?,
                Outcome::Held(hold) => {
                    prepared.put_withheld(tx, hold.0)?;
                    events.push(weighing::kept_back());
                }
                Outcome::TooMany(limit) => return Ok(Err(weighing::too_many(limit))),
            }
            trace::note_all(tx, id, now, events)?;
            copies.put(tx)?;
            finish(tx)?;
            Ok(Ok(()))
        });
        match kept.await {
            Ok(Ok(())) => tracing::info!(letter = %id, ?until, "letter kept in the queue"),
            Ok(Err(reply)) => return Ok(Verdict::Refuse(reply)),
            Err(Unweighed::Store(error)) => return Err(our_fault(error)),
            Err(Unweighed::Other(fault)) => return Err(fault),
        }
        Ok(Verdict::Accept)
    }

    async fn prepare_for_queue(&self, handed: &HandedIn, terms: Terms) -> Result<Prepared, OurFault> {
        let (store, outgoing, envelope) =
            (self.store.clone(), handed.outgoing.clone(), handed.envelope.as_it_goes_on());
        let author = weighing::author(&handed.origin);
        let preparing = tokio::task::spawn_blocking(move || queue::prepare(&store, &outgoing, &envelope, terms));
        Ok(preparing.await.map_err(our_fault)?.map_err(our_fault)?.with_author(author))
    }
}
