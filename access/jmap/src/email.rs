//! Email (RFC 8621 §4): the letters.
//!
//! - `property`, `header`: the properties, and the forms of header fields.
//! - `letter`, `body`, `preview`: an Email object made from a letter, wherever its octets are; `known`: the findings
//!   made on the way; `room`: the limits of the answer.
//! - `compose`: a letter made from an Email object.
//! - one file for each method.

mod body;
pub mod changes;
mod compose;
mod consists;
pub mod copy;
pub mod filter;
pub mod get;
mod header;
pub mod import;
mod keywords;
mod known;
pub mod letter;
pub mod parse;
mod preview;
pub mod property;
pub mod query;
pub mod room;
pub mod set;
mod write;

pub use preview::collapsed;

/// The properties that letters can be sorted by.
pub const SORT_OPTIONS: [&str; 9] = [
    "receivedAt",
    "sentAt",
    "size",
    "from",
    "to",
    "subject",
    "hasKeyword",
    "allInThreadHaveKeyword",
    "someInThreadHaveKeyword",
];
