//! The POP3 door to the mailbox (RFC 1939): the INBOX of a person, for clients that take letters away.
//!
//! - `command`, `reply`: the language, without input/output.
//! - `maildrop`: INBOX as it was at the log-in; the marked and the read letters.
//! - `dialogue`: the state of a client, and the act that follows from each of its lines. No socket, clock or database.
//! - `serve`: the loop around a connection, the log-in, the letters on their way out, and their removal at QUIT.
//!
//! Invariants of this room:
//! * One client at a time has an account's maildrop; it is free again however the conversation ends.
//! * RETR sends exactly the octets that LIST announced for a letter, or the connection breaks.
//! * Nothing is removed but by QUIT, and QUIT is answered `+OK` only when all marked letters are gone for good.
//! * A letter of the drop takes eight octets of memory; letters pass through in pieces.
//!
//! This room must not know SMTP, the queue, or other doors to the mailbox.

pub mod command;
pub mod dialogue;
mod language;
pub mod maildrop;
pub mod reply;
mod serve;

pub use serve::{Pop3, Server, Timeouts};
