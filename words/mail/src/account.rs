//! The number of a person's mailbox.

/// The number of a person's mailbox in the server. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i64);
