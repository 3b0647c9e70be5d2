//! Keeps the records that people have beside their letters: the identities they write as, the words for their
//! absence, the letters they have submitted, and their preferences.
//!
//! Doors tell of the records and change them, and the MDA reads them: it knows, too, who is away.
//!
//! - `record`: the rows that all kinds share, and which of them changed when.
//! - `identity`, `absence`, `submission`, `preferences`: one kind each, with its fields.
//! - `removal`: takes away the records of a person who is removed.
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
pub use removal::{forget, next_account};
pub use schema::MIGRATIONS;
pub use submission::{Submission, SubmissionId};
