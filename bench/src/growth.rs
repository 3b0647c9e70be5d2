//! Does a folder of a million letters serve as gladly as one of ten?

/// Measures filing, opening, the first page and the changes at three sizes.
pub fn run() {}
