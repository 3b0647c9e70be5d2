//! The parts that the line-speaking doors to a mailbox (IMAP, POP3, and ManageSieve when it comes) share.
//!
//! - [`Shared`]: what every conversation is given: the store, the log-ins, TLS, the shutdown, the witness.
//! - [`Entrance`]: whether a client may use STARTTLS and whether it may log in.
//! - [`Stranger`]: a client that has not logged in: how long it may take and how often it may fail.
//! - [`log_in`]: the exchange of lines in which a client proves who it is.
//!
//! This room must not know a protocol: the frames around lines, and the words of answers, are the door's.

mod log_in;
mod shared;
mod stranger;

pub use log_in::{Lines, log_in};
pub use shared::{Entrance, Shared};
pub use stranger::Stranger;
