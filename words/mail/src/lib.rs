//! The vocabulary that every room shares: addresses, envelopes, letters, replies, outcomes, and the seams between the
//! roles of the chain.
//!
//! This room knows no socket, no clock, no database and no runtime. Time and randomness are passed in.

mod account;
mod address;
pub mod allowance;
pub mod check;
pub mod copies;
mod envelope;
pub mod finding;
pub mod foreign;
pub mod header;
mod letter;
pub mod lines;
pub mod listed;
pub mod mutf7;
pub mod pace;
mod peer;
mod recipient;
mod reply;
pub mod seam;
mod secret;
pub mod sentence;
pub mod sign;
pub mod stay;
mod stuffing;
mod time;
pub mod trace;
mod wishes;

pub use address::{Address, AddressError, Domain, ReturnPath};
pub use envelope::{BodyKind, Envelope, Hold};
pub use finding::{Finding, Findings, Severity};
pub use letter::{Letter, LetterId};
pub use peer::peer_network;
pub use recipient::{Destination, Recipient, Resolution};
pub use reply::{Enhanced, Reply};
pub use secret::Password;
pub use stuffing::{DotStuffer, Pieces};
pub use time::Timestamp;
pub use wishes::{DeliverBy, LetterWishes, NoWish, Notify, OriginalRecipient, Overdue, Returned, Wishes};
