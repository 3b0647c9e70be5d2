//! Columns with a version: the first byte says how the rest is written.

use serde::Serialize;
use serde::de::Deserialize;

const VERSION: u8 = 1;

/// Writes a value as a column.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Writing into a Vec fails for no value that these types can hold.
    postcard::to_extend(value, vec![VERSION]).unwrap_or_default()
}

/// Reads a column. `None` where it is damaged or of a version not known here.
pub fn decode<'a, T: Deserialize<'a>>(column: &'a [u8]) -> Option<T> {
    decode_start(column).map(|(value, _)| value)
}

/// Reads the value at the start of a column, and gives what comes after it.
pub fn decode_start<'a, T: Deserialize<'a>>(column: &'a [u8]) -> Option<(T, &'a [u8])> {
    match column.split_first() {
        Some((&VERSION, rest)) => postcard::take_from_bytes(rest).ok(),
        _ => None,
    }
}
