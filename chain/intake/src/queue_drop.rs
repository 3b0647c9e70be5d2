//! Letters that the queue holds for our own people: reports, letters whose time has come, and second tries.

use std::sync::{Arc, Mutex, PoisonError};

use mail::seam::{Origin, OurFault, Pending};
use mail::{Envelope, Letter};
use mta::delivery::{Done, LocalDrop};
use store::Tx;

use crate::Intake;
use crate::taking::{fates, ours_to_mend};

/// Files what the queue holds for our people. Cheap to clone.
#[derive(Clone)]
pub struct QueueDrop(pub(crate) Intake);

impl LocalDrop for QueueDrop {
    fn drop_off(&self, letter: Letter, envelope: Envelope, mut done: Done) -> Pending<'_, Result<(), OurFault>> {
        Box::pin(async move {
            let mut sorted = self.0.sort(&letter, &envelope, &Origin::House).await?;
            let done = Arc::new(Mutex::new(move |tx: &mut Tx, fates: &[_]| done(tx, fates)));
            loop {
                let fates = fates(&envelope, &sorted);
                let leftover = ours_to_mend(&sorted);
                let done = done.clone();
                let finish = move |tx: &mut Tx| done.lock().unwrap_or_else(PoisonError::into_inner)(tx, &fates);
                let unfiled = self.0.commit(&letter, &envelope, &sorted, &leftover, Vec::new(), finish).await?;
                if unfiled.is_empty() {
                    return Ok(());
                }
                unfiled.iter().for_each(|(who, reply)| sorted.give_up(who.account, reply));
            }
        })
    }
}
