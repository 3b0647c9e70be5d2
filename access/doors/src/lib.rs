//! The parts that the line-speaking doors to a mailbox (IMAP, POP3, and ManageSieve when it comes) share.
//!
//! - [`Shared`]: the parts that every conversation is given: the store, the log-ins, TLS, the shutdown, the witness.
//! - [`Entrance`]: states whether a client may use STARTTLS and whether it may log in.
//! - [`Stranger`]: a client that has not logged in, with the time that it may take and the failures that it may have.
//! - [`log_in`]: the exchange of lines in which a client proves who it is.
//!
//! This room must not know a protocol: each door has its own frames around lines and its own words for answers.

mod log_in;
mod shared;
mod stranger;

pub use log_in::{Lines, log_in};
pub use shared::{Entrance, Shared};
pub use stranger::Stranger;
