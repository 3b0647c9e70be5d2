//! Tells a database with today's tables from an earlier one.

/// The room whose steps say which tables a database has: its last one stands in every database with today's tables, and a
/// database without it has other tables.
pub(crate) const EDITION: &str = "edition";

/// The last step of [`EDITION`].
pub(crate) const LAST: u32 = 2;
