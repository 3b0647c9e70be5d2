//! Columns with a version: the first byte says how the rest is written.

use serde::Serialize;
use serde::de::Deserialize;

/// The version of the way in which letters are read now. Columns of an earlier reading have the same format; the
/// background task reads those letters anew (`index/anew.rs`) and leaves the columns that agree with today's reading.
///
/// Since 3 texts and files beside MIME are looked for (`Content::Made`), since 4 what a signature is wrapped around
/// (`Content::Signed`); before that nobody has looked.
pub(crate) const VERSION: u8 = 4;
/// Readings that are still understood.
const KNOWN: std::ops::RangeInclusive<u8> = 1..=VERSION;

/// Writes a value as a column.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Writing into a Vec fails for no value that these types can hold.
    postcard::to_extend(value, vec![VERSION]).unwrap_or_default()
}

/// Reads a column. `None` where it is damaged or of a version not known here.
pub fn decode<'a, T: Deserialize<'a>>(column: &'a [u8]) -> Option<T> {
    decode_start(column).map(|(value, _)| value)
}

/// Reads the value at the start of a column, and returns it with the rest of the column.
pub fn decode_start<'a, T: Deserialize<'a>>(column: &'a [u8]) -> Option<(T, &'a [u8])> {
    match column.split_first() {
        Some((version, rest)) if KNOWN.contains(version) => postcard::take_from_bytes(rest).ok(),
        _ => None,
    }
}

/// Returns true if an earlier reading of letters wrote the column.
pub(crate) fn is_of_earlier_reading(column: &[u8]) -> bool {
    column.first().is_some_and(|version| KNOWN.contains(version) && *version < VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_an_earlier_reading_is_understood_and_known_as_such() {
        let mut column = encode(&7_u32);
        assert_eq!((decode(&column), is_of_earlier_reading(&column)), (Some(7_u32), false));
        column[0] = 1;
        assert_eq!((decode(&column), is_of_earlier_reading(&column)), (Some(7_u32), true));
        column[0] = VERSION + 1;
        assert_eq!((decode::<u32>(&column), is_of_earlier_reading(&column)), (None, false));
        assert!(!is_of_earlier_reading(&[]) && !is_of_earlier_reading(&[0]));
    }
}
