//! The POP3 door to the mailbox (RFC 1939): the INBOX of a person, for clients that take letters away.
//!
//! - `command`, `reply`: the language, without input/output.
//! - `maildrop`: INBOX as it was at the log-in; what was marked, what was read.
//! - `dialogue`: how far a client has come, and what is to be done for each of its lines. No socket, clock or database.
//! - `serve`: the loop around a connection, the log-in, the letters on their way out, and what becomes of them at QUIT.
//!
//! Invariants of this room:
//! * One client at a time has an account's maildrop; it is free again whatever ends the conversation.
//! * What LIST said of a letter is what RETR sends: as many octets, or the connection breaks.
//! * Nothing is removed but by QUIT, and QUIT is answered `+OK` only when all that was marked is gone for good.
//! * Eight octets a letter are held, whatever the drop; letters pass through in pieces.
//!
//! This room must not know SMTP, the queue, or other doors to the mailbox.

pub mod command;
pub mod dialogue;
mod language;
pub mod maildrop;
pub mod reply;
mod serve;

pub use serve::{Pop3, Server, Timeouts};
