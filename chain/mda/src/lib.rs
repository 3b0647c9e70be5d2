//! The mail delivery agent: puts letters into the mailboxes of our people.
//!
//! What can be done before the writer is asked (judging, marking, parsing, packing) is done by [`Mda::prepare`]; what
//! is left for the transaction is done by [`Filing::file`]. So filing a letter is one part of the commit that is behind
//! its 250.
//!
//! Invariants of this room:
//! * Every recipient gets an answer of their own.
//! * A letter is filed as it came, with two fields before it: `Return-Path` and `Delivered-To`.
//! * What a stranger writes on an envelope never makes a folder.
//!
//! [`Lmtp`] is its door for a mail server in front. What files must not know how a letter came (LMTP, SMTP, the queue), nor
//! how an address led to a person.

mod filing;
mod filter;
mod lmtp;
mod mark;
mod place;

pub use filing::{Fate, Filing, Mda, Outcome, Recipient};
pub use filter::{Case, Filter, Placement};
pub use lmtp::Lmtp;
pub use mark::passed_on;
