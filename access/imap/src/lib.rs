//! The IMAP door to the mailbox: IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051).
//!
//! - `codec`: the language, without input/output.
//! - `session`: the context and the answers of commands.
//! - `serve`: the loop around a connection, and the log-in.
//! - `commands`: commands that need no selected folder.
//! - `selected`: the selected folder and the commands on it.

pub mod codec;
mod commands;
mod selected;
mod serve;
mod session;

pub use serve::Imap;
pub use session::{Server, Timeouts};
