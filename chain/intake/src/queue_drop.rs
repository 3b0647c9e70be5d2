//! Letters that the queue holds for our own people: reports, letters whose time has come, and second tries.

use std::sync::{Arc, Mutex, PoisonError};

use mail::seam::{Origin, OurFault, Pending};
use mda::Incoming;
use mta::delivery::{Done, LocalDrop, Waiting};
use mta::outgoing::Outgoing;
use store::Tx;

use crate::Intake;
use crate::committed::Committed;
use crate::decide::Told;
use crate::taking::{fates, ours_to_mend};

/// Files what the queue holds for our people. The checks were asked when the letter came in, and what they found is in the
/// queue with it; the sender is gone: a refusal can be told to nobody any more. Cheap to clone.
#[derive(Clone)]
pub struct QueueDrop(Intake);

impl Intake {
    /// Files what the queue holds for our people.
    pub fn queue_drop(&self) -> QueueDrop {
        QueueDrop(self.clone())
    }
}

impl LocalDrop for QueueDrop {
    fn drop_off(&self, waiting: Waiting, mut done: Done) -> Pending<'_, Result<(), OurFault>> {
        Box::pin(async move {
            let Waiting { letter, mut envelope, findings, mistrusted } = waiting;
            self.0.follow(&mut envelope).await?;
            self.0.name_sender(&mut envelope).await?;
            // It was made ready to leave when it entered the queue.
            let (outgoing, origin) = (Outgoing::passing_through(letter), Origin::House);
            let (letter, hostname) = (outgoing.letter(), &self.0.hostname);
            let incoming = Incoming { letter, envelope: &envelope, origin: &origin, findings: &findings, hostname };
            let mut course = self.0.course(incoming, &outgoing, Told::Nobody).await?;
            course.mistrusted = mistrusted;
            let done = Arc::new(Mutex::new(move |tx: &mut Tx, fates: &[_]| done(tx, fates)));
            loop {
                let fates = fates(&envelope, &course.sorted);
                let leftover = ours_to_mend(&course.sorted);
                let done = done.clone();
                let finish = move |tx: &mut Tx| done.lock().unwrap_or_else(PoisonError::into_inner)(tx, &fates);
                // A letter of the queue was weighed when it went in.
                let Committed::Unfiled(unfiled) = self.0.commit(&course, &leftover, Vec::new(), finish).await? else {
                    return Ok(());
                };
                unfiled.iter().for_each(|(who, reply)| course.give_up(who.account, reply));
            }
        })
    }
}
