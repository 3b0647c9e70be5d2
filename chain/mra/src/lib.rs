//! The mail retrieval agent: brings letters home from mailboxes elsewhere.

pub mod oauth;
