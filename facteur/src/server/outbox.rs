//! Connects the letters that JMAP hands in to the intake, which takes charge of them.

use intake::Submitter;
use jmap::Done;
use mail::seam::{Login, OurFault, Pending, Verdict, Wire};
use mail::{Envelope, Letter, LetterId, Timestamp};
use store::Tx;

/// The submitter as JMAP knows it.
pub struct Outbox(pub Submitter);

impl jmap::Outbox for Outbox {
    fn send(
        &self,
        letter: Letter,
        envelope: Envelope,
        author: (Login, Wire),
        until: Option<Timestamp>,
        done: Done,
    ) -> Pending<'_, Result<Verdict, OurFault>> {
        Box::pin(self.0.send(letter, envelope, author, until, done))
    }

    fn recall(&self, tx: &mut Tx, letter: LetterId, author: &Login, now: Timestamp) -> Result<bool, store::Error> {
        Submitter::recall(tx, letter, author, now)
    }
}
