//! The loop that stands behind every door that speaks SMTP: reception, submission, and LMTP.
//!
//! A role that has such a door is a [`Doorkeeper`]: it decides. [`converse`] owns the connection, the clock and the
//! memory, and knows nothing of who our people are.

mod dialogue;
mod handover;
mod keeper;
mod ours;
mod received;
mod server;

pub use dialogue::converse;
pub use handover::hand_over;
pub use keeper::{Doorkeeper, Visit};
pub use net::now;
pub use ours::for_our_people;
pub use received::Received;
pub use server::{MEMORY_PATIENCE, Server, Timeouts};
