//! The IMAP language without input/output: bytes to commands, and answers to bytes.
//!
//! - [`decoder`]: bytes as they arrive to commands.
//! - [`command`]: the commands of a client.
//! - [`encode`]: commands to bytes, for tests and for clients.
//! - [`write`]: the primitives of answers.

pub mod command;
mod cursor;
pub mod date;
pub mod decoder;
pub mod encode;
pub mod object_id;
mod parse;
pub mod sets;
pub mod write;

pub use cursor::Syntax;
