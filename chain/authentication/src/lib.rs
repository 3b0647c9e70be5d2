//! The proofs of who sent a letter, and what follows from them.
//!
//! [`SenderProof`] is the check: it asks SPF, DKIM, ARC, DMARC and the reverse name about each letter that comes in from
//! outside, and keeps what it finds with the letter. [`ForgeryRule`] decides for each recipient, by a policy without
//! input or output, whether a letter that nothing proves is junk, or is refused while the sender is connected.
//! [`SenderDomains`] says, before the letter comes, whether anybody could answer it.
//!
//! Invariants of this room:
//! * A letter is refused only where DMARC fails under a policy that asks for something, a second finding speaks against
//!   the letter, and nothing speaks for it. All else is filed.
//! * Name servers that do not answer are a reason to answer "later" only where their answer could refuse the letter.
//! * The questions about a letter end in 20 seconds, whatever the letter names.
//!
//! This room must not know the protocol on the wire, nor how a letter is filed.

mod author;
mod check;
mod evidence;
mod examine;
mod generic;
mod known;
mod patience;
mod policy;
mod rule;
mod sender;
mod settings;
mod told;
mod word;

pub use check::SenderProof;
pub use rule::ForgeryRule;
pub use sender::SenderDomains;
pub use settings::{Mode, Settings, nearby};
