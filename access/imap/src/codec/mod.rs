//! The IMAP language without input/output: bytes to commands, and answers to bytes.
//!
//! - [`decoder`]: bytes as they arrive to commands.
//! - [`command`]: what a client can say.
//! - [`encode`]: commands to bytes, for tests and for clients.
//! - [`write`]: the primitives answers are made of.

pub mod command;
mod cursor;
pub mod date;
pub mod decoder;
pub mod encode;
mod parse;
pub mod sets;
pub mod write;

pub use cursor::Syntax;
