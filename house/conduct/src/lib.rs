//! The conduct of our own people as senders: nobody's account becomes a spammer's tool, and no honest person is held up.
//!
//! - [`judgement`]: decides about one letter, from what is known of its account. A pure function, with a table of stories.
//! - [`weigh`]: finds out what is known, has it decided, and counts, in the commit that takes the letter.
//! - [`hold`]: letters that are kept back, why, and what their person or the postmaster says about them.
//!
//! Invariants of this room:
//! * What is counted is counted in the commit that takes the letter: however many connections send at once, and whatever
//!   kills the program, no letter leaves uncounted, and none is counted that was not taken.
//! * No more than [`judgement::AT_MOST`] letters leave an account that behaves as if it was stolen.
//! * A hold refuses and loses nothing. What becomes of its letters is said by a person, never by time.
//! * Days are counted in hours of running: no clock that is set wrong gives anybody more, or less.
//! * What is kept of an account is bounded: one row, its networks, its holds.
//!
//! This room must not know letters, the queue, nor protocols.

mod error;
pub mod hold;
pub mod judgement;
mod place;
mod ran;
mod removal;
mod schema;
mod state;
mod weigh;

pub use error::Error;
pub use hold::{Hold, HoldId, HoldState, Reason};
pub use judgement::USUAL;
pub use place::is_home;
pub use ran::Ran;
pub use removal::{forget, next_account};
pub use schema::MIGRATIONS;
pub use state::{Allowance, allowance, set_sends};
pub use weigh::{Outcome, Sending, take_room, weigh};

/// The notice that goes out when a hold begins, or when somebody has decided about one.
pub const TOPIC: store::Topic = store::Topic { kind: "conduct", id: 0 };
