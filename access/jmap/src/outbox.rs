//! The outlet for the letters that people send. `facteur` wires it to the post office and its queue.

use mail::seam::{Login, OurFault, Pending, Verdict, Wire};
use mail::{Envelope, Letter, LetterId, Timestamp};
use store::Tx;

/// Takes charge of the letters that people send, and gives back those that they want to recall.
pub trait Outbox: Send + Sync {
    /// Takes charge of a letter, as `mail::seam::Accept` does, and **in the same commit** calls `done`: the letter is
    /// on its way and noted as such, or neither. With `until` the letter stays here until then, unless it is recalled.
    /// `Err`: nothing was kept, and `done` was not called or its effects were undone.
    fn send(
        &self,
        letter: Letter,
        envelope: Envelope,
        author: (Login, Wire),
        until: Option<Timestamp>,
        done: Done,
    ) -> Pending<'_, Result<Verdict, OurFault>>;

    /// Takes back a letter that waits for its time, so that nobody gets it. Returns false if it has been released, or
    /// was never here.
    fn recall(&self, tx: &mut Tx, letter: LetterId, author: &Login, now: Timestamp) -> Result<bool, store::Error>;
}

/// Writes the caller's notes in the transaction that takes charge of a letter. It runs again if the transaction does.
pub type Done = Box<dyn FnMut(&mut Tx) -> Result<(), store::Error> + Send>;
