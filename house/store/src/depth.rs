//! Says how closely a table is looked at.

/// The depth of a look at a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every page is whole and every row can be read.
    Quick,
    /// The same, and every index says what its table says.
    Full,
}
