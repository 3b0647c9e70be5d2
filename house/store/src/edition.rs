//! By what a database with today's tables is told from one of before.

/// The room of a step that stands in every database since each room makes its tables by one first step. A database without
/// it has other tables.
pub(crate) const EDITION: &str = "edition";
