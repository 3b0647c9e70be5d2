//! The durable history of every letter: each role writes what it decided, when, and why.
//!
//! Invariants of this room:
//! * A step of a letter that is kept is written in the commit that makes it true ([`note`]), so what was acknowledged has
//!   its history whatever comes. Refusals and reading have no commit of their own: the [`Journal`] gathers them, and what
//!   it cannot take is counted, never waited for.
//! * A commit costs one narrow row at the end of a table, and one more for each mailbox. The index that finds rows
//!   again (by letter, Message-ID, address, mailbox) is filled behind the deliveries, many rows at a time.
//! * Foreign text is on one line, bounded, and nothing that a terminal obeys.
//! * Everything here is gone after [`KEPT`], a slice at a time.
//!
//! It must not know what a letter says, nor how a history is shown.

mod background;
mod eyes;
mod find;
mod follow;
mod history;
mod index;
mod journal;
mod key;
mod note;
mod prune;
mod row;
mod schema;
mod verify;

pub use background::{catch_up, run};
pub use find::{Found, Page, Scope, What, find, in_mailbox, sent_by};
pub use follow::{Followed, TOPIC, follow, last};
pub use history::{History, Noted};
pub use journal::{Journal, JournalWriter};
pub use note::{note, note_all};
pub use prune::KEPT;
pub use schema::MIGRATIONS;
pub use verify::{Fault, FaultKind, verify};

/// The codec, for those who test it with noise.
pub mod codec {
    pub use crate::row::{Damaged, decode, encode};
}
