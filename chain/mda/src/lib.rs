//! The mail delivery agent: decides what becomes of letters for our people, and puts them into their mailboxes.
//!
//! Work that can be done before the writer is asked is done by [`Mda::decide`], which asks the [`Rule`]s once for
//! each recipient, and [`Mda::prepare`], which marks, parses and packs the copies; [`Filing::file`] does what is left
//! for the transaction. So filing a letter is one part of the commit that is behind its 250.
//!
//! Invariants of this room:
//! * Every recipient gets an answer of their own; a rule that fails concerns its recipient alone, and loses no letter.
//! * A letter is filed as it came, with fields before it: `Return-Path`, `Delivered-To`, and the findings of the
//!   checks.
//! * An address that a stranger writes on an envelope never makes a folder.
//!
//! [`Lmtp`] is its door for a mail server in front. The code that files a letter does not know which door the letter
//! came through, nor how an address led to a person.

mod addressee;
mod decide;
mod disposition;
mod filing;
mod lmtp;
mod mark;
pub mod memory;
mod rule;

pub use addressee::Addressee;
pub use decide::{Decision, Later};
pub use disposition::{Disposition, Keep, MOST, Memory, Placement, Written};
pub use filing::{Fate, Filing, Mda, Outcome};
pub use lmtp::Lmtp;
pub use mark::{has_come_through, passed_on};
pub use memory::MIGRATIONS;
pub use rule::{Case, Incoming, Rule};
