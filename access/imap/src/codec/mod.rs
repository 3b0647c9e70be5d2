//! The IMAP language without input/output: bytes to commands, and answers to bytes.

pub mod command;
pub mod mutf7;
pub mod sets;
pub mod write;
