//! Tells a database with today's tables from an earlier one.

/// The room of a step that stands in every database since each room makes its tables by one first step. A database without
/// it has other tables.
pub(crate) const EDITION: &str = "edition";
