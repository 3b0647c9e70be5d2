//! Numbers as columns hold them.

use std::num::NonZeroU32;

/// Columns that are never below one; a damaged one reads as the nearest that can be.
pub fn at_least_one(number: i64) -> NonZeroU32 {
    let number = u32::try_from(number.max(1)).unwrap_or(u32::MAX);
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

/// A number that stands for a text.
pub fn hash(text: &[u8]) -> i64 {
    let hash = blake3::hash(text);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    i64::from_le_bytes(first)
}
