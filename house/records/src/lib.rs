//! What people keep beside their letters: the identities they write as, the words for their absence, what they have
//! submitted, and what they prefer.
//!
//! Doors tell of it and change it, and what delivers letters reads it: who is away is known to the MDA too.
//!
//! - `record`: the rows that all kinds share, and which of them changed when.
//! - `identity`, `absence`, `submission`, `preferences`: one kind each, with what it is made of.
//! - `removal`: takes away what a person kept who is removed.
//!
//! Invariants of this room:
//! * Each kind of record has a row of change numbers of its own in each account. Each change takes the next one, in the commit
//!   that makes it, and [`changes`] tells exactly what happened between two of them.
//! * A record that is gone stays known as gone for as long as its change is remembered.
//! * There are never more than [`MOST`] records of a kind in an account.
//!
//! This room must not know protocols: a door writes down what its clients see of these records.

pub mod absence;
pub mod identity;
pub mod preferences;
mod record;
mod removal;
mod schema;
pub mod submission;

pub use absence::Absence;
pub use identity::{Identity, IdentityId};
pub use record::{Kind, MOST, Object, changes, state};
pub use removal::forget;
pub use schema::MIGRATIONS;
pub use submission::{Submission, SubmissionId};
