//! The IMAP door to the mailbox: IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051).
//!
//! - `codec`: the language, without input/output.
//! - `serve`: the loop around a connection, the log-in, and the context commands get.
//! - `commands`: commands that need no selected folder.
//! - `selected`: the selected folder and the commands on it.

pub mod codec;
mod commands;
mod selected;
mod serve;

pub use serve::{Imap, Server, Timeouts};
