//! The seam for what decides about one recipient's copy: spam, a person's own rules (Sieve), an absence.

use mail::seam::{Origin, OurFault, Pending};
use mail::{Domain, Envelope, Findings, Letter};

use crate::{Addressee, Disposition};

/// A letter that has come in, with all that is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The letter, as it came.
    pub letter: &'a Letter,
    /// The envelope that it came with.
    pub envelope: &'a Envelope,
    /// The way it came.
    pub origin: &'a Origin,
    /// The findings of the checks about it.
    pub findings: &'a Findings,
    /// The name of this server, for the field that tells of findings.
    pub hostname: &'a Domain,
}

/// A letter on its way to one of our people.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The letter.
    pub incoming: Incoming<'a>,
    /// To whom it goes.
    pub recipient: &'a Addressee,
}

/// Decides what becomes of letters, for one recipient at a time. It is asked once for each letter and recipient, before
/// the transaction, so it may take its time and ask others.
pub trait Rule: Send + Sync {
    /// The name under which histories tell of its decisions: `sieve`.
    fn name(&self) -> &'static str;

    /// Decides about a copy. `so_far` is what is to become of it without this rule; the rule returns it unchanged
    /// where it has nothing to say. After a refusal no other rule is asked.
    ///
    /// An error says that the rule cannot decide now: the letter is tried again for this recipient, or, where it cannot
    /// be any more, filed as if there were no such rule. So it is where the rule panics or takes too long. Nobody
    /// else's copy is touched by any of it.
    fn decide<'a>(&'a self, case: Case<'a>, so_far: Disposition) -> Pending<'a, Result<Disposition, OurFault>>;
}
