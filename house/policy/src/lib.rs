//! The rules of the administrator: who is denied and who is allowed, which routes letters take, how
//! much somebody may send, and who gets copies.
//!
//! Invariants of this room:
//! * The rules are answered from memory ([`Rulebook`]): no letter waits for a table. They are read again behind each change; if
//!   they cannot be read, those of before hold.
//! * Every table has a limit, and an answer costs the logarithm of its size.
//! * That somebody is allowed wins over every list on which they are denied, and postmaster@ and abuse@ are always reached.
//!
//! It must not know people, the wire, nor how letters are kept.

mod check;
mod copies;
pub mod copy;
mod error;
pub mod limit;
pub mod listed;
mod lists;
mod meter;
pub mod route;
mod rulebook;
mod schema;
mod subject;
mod subjects;

pub use error::Error;
pub use rulebook::Rulebook;
pub use schema::MIGRATIONS;
pub use subject::{Subject, SubjectError};

/// The notice that goes out when a rule of the administrator changes.
pub const TOPIC: store::Topic = store::Topic { kind: "policy", id: 0 };
