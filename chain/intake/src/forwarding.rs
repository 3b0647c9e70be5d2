//! Letters that go on from here to another house: through an alias that leads there, because their recipient wants it so, or
//! because a rule sends them on.
//!
//! * [`rule`] adds the addresses that a person wants their letters to go on to.
//! * [`hold`] keeps here what must not go on: what is suspect, what a paused forward would carry, and what somebody other than
//!   a correspondent writes to a return path of ours.
//! * [`proof`] says whether the sender of a letter is proved, and may be written to about it.
//! * [`passing`] makes the entries of the queue, each with a return path of its own.
//! * [`teller`] writes to the owners of forwards that do not work.

pub(crate) mod hold;
pub(crate) mod passing;
mod proof;
pub(crate) mod rule;
mod teller;
