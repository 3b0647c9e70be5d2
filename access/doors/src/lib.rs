//! The parts that the doors to a mailbox share: all of them, and those that speak lines (IMAP, POP3, and ManageSieve
//! when it comes).
//!
//! - [`Shared`]: the parts that every conversation is given: the store, the log-ins, the shutdown, the witness.
//! - [`Terms`]: the terms on which a door that speaks lines takes a client: TLS, and the times that it waits.
//! - [`Entrance`]: states whether a client may use STARTTLS and whether it may log in.
//! - [`Stranger`]: a client that has not logged in, with the time that it may take and the failures that it may have.
//! - [`log_in`]: the exchange of lines in which a client proves who it is.
//!
//! This room must not know a protocol: each door has its own frames around lines and its own words for answers.

mod log_in;
mod shared;
mod stranger;
mod terms;

pub use log_in::{Lines, log_in};
pub use shared::Shared;
pub use stranger::Stranger;
pub use terms::{Entrance, Terms};
