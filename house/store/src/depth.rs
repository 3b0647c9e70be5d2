//! How closely a table is looked at.

/// How closely a table is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every page is whole and every row can be read.
    Quick,
    /// That, and every index says what its table says.
    Full,
}
