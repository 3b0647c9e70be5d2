//! Takes charge of letters: finds who gets a letter, has it decided, makes the one commit that stands behind its 250,
//! and tells everyone concerned. All letters pass here, by whichever way they come.
//!
//! Each way in is a small type of its own over one [`Intake`]:
//! * [`Acceptor`] takes a letter as a whole, with one answer (reception, submission, `facteur send`);
//! * [`Deliverer`] gives an answer for each recipient (LMTP);
//! * [`QueueDrop`] files what the queue holds for our own people;
//! * [`Submitter`] sends what people write over JMAP, at once or later;
//! * [`Holds`] deals with letters that are kept back because of how their author sends;
//! * [`FetchDestinations`] finds the destinations of letters that are fetched from mailboxes elsewhere.
//!
//! Invariants of this room:
//! * What is written here gets its last octets once, before anything else is done with it ([`mta::outgoing`]); what
//!   others wrote keeps all of its octets.
//! * What was accepted is filed or queued in one commit, and synced before the answer.
//! * Nobody is an open relay: strangers reach our own people, and those behind us.
//! * A letter is checked once, where it comes in, and each recipient's rules are asked once; a check or a rule that
//!   fails loses no letter, and a rule's fault is its recipient's alone.
//! * Nobody is written to because a rule refuses their letter, unless they have proved that it is theirs: a letter
//!   that cannot be refused on the wire any more is filed as junk, with the reason.
//! * A letter goes on to another house with a return path of ours, in the commit that takes it; what is suspect stays here, and
//!   what is not taken there comes back to the owner of the address, and never to a sender who is not proved.
//! * Every letter has its history in the commit that makes it true; a refusal is witnessed.
//!
//! It must not know what is spoken on the wire, nor how a mailbox or the queue keeps a letter.

mod acceptor;
mod arrivals;
mod checks;
mod commit;
mod committed;
mod copies;
mod decide;
mod deliverer;
mod effects;
mod everyone;
pub mod fetched;
mod forwarding;
mod handed_in;
mod history;
mod holds;
mod hops;
mod intake;
mod queue_drop;
mod sort;
mod submitter;
mod taking;
#[cfg(test)]
mod tests;
mod weighing;

pub use acceptor::Acceptor;
pub use deliverer::Deliverer;
pub use everyone::Everyone;
pub use fetched::FetchDestinations;
pub use holds::{Held, HeldLetter, Holds};
pub use intake::{Intake, LARGEST_LETTER, postmaster};
pub(crate) use intake::{new_letter_id, our_fault};
pub use queue_drop::QueueDrop;
pub use submitter::{Noted, Submitter};
