//! What people send over JMAP: as any letter of theirs, but noted in the same commit, and perhaps kept for a while.

use std::sync::{Arc, Mutex, PoisonError};

use jmap::{Done, Outbox};
use mail::seam::{Login, Origin, OurFault, Pending, Verdict, Wire};
use mail::trace::{Arrival, Event};
use mail::{Envelope, Letter, LetterId, Timestamp};
use mta::queue::{self, Terms};
use store::{Key, Tx};

use super::{PostOffice, history, hops, our_fault, sort};
use crate::clock;

impl Outbox for PostOffice {
    fn send(
        &self,
        letter: Letter,
        envelope: Envelope,
        (login, wire): (Login, Wire),
        until: Option<Timestamp>,
        done: Done,
    ) -> Pending<'_, Result<Verdict, OurFault>> {
        Box::pin(async move {
            let origin = Origin::Person(login, wire);
            let arrival = history::arrival(&letter, &envelope, &origin);
            let done = Arc::new(Mutex::new(done));
            let finish = move |tx: &mut Tx| done.lock().unwrap_or_else(PoisonError::into_inner)(tx);
            let verdict = match until {
                None => self.take(&letter, &envelope, &origin, &arrival, finish).await,
                Some(until) => self.keep(&letter, &envelope, &origin, &arrival, until, finish).await,
            };
            self.note_refusal(letter.id, arrival, &verdict);
            verdict
        })
    }

    fn recall(&self, tx: &mut Tx, letter: LetterId, author: &Login, now: Timestamp) -> Result<bool, store::Error> {
        queue::recall(tx, letter, author.account.0, now)
    }
}

impl PostOffice {
    /// Keeps a letter in the queue for everybody, also for people here, until its time has come.
    pub(super) async fn keep(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        origin: &Origin,
        arrival: &Arrival,
        until: Timestamp,
        mut finish: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + 'static,
    ) -> Result<Verdict, OurFault> {
        if hops(letter) > super::MOST_HOPS {
            return Ok(Verdict::Refuse(sort::circles()));
        }
        // Who cannot get it is said now, while its author is there.
        let sorted = self.sort(letter, envelope, origin).await?;
        if sorted.is_for_nobody() {
            return Ok(Verdict::Refuse(sort::answer(sorted.failed.iter())));
        }
        let now = clock::now();
        let (store, terms) = (self.store.clone(), Terms::postponed(now, until, &self.schedule));
        let (id, letter, envelope) = (letter.id, letter.clone(), envelope.clone());
        let preparing = tokio::task::spawn_blocking(move || queue::prepare(&store, &letter, &envelope, terms));
        let mut prepared = preparing.await.map_err(our_fault)?.map_err(our_fault)?;
        let arrival = arrival.clone();
        let kept = self.store.write(Key::Everything, move |tx| {
            prepared.put(tx)?;
            trace::note_all(tx, id, now, vec![Event::Received(arrival.clone()), prepared.queued()])?;
            finish(tx)
        });
        kept.await.map_err(|error: store::Error| our_fault(error))?;
        tracing::info!(letter = %id, %until, "letter kept until its author wants it to go");
        Ok(Verdict::Accept)
    }
}
