//! Sets of numbers as commands and answers write them: `1:4,7,9:*` (RFC 9051 §9, sequence-set).

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

/// A number, or `*`: the highest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetNumber {
    /// A number.
    Number(NonZeroU32),
    /// `*`
    Star,
}

impl SetNumber {
    /// Returns the number when `*` is `highest`.
    pub fn resolve(self, highest: u32) -> u32 {
        match self {
            Self::Number(number) => number.get(),
            Self::Star => highest,
        }
    }
}

/// `first:last`, in either order; a single number is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetRange {
    /// One end of the range.
    pub first: SetNumber,
    /// The other end.
    pub last: SetNumber,
}

/// The letters that a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SequenceSet {
    /// `$`: the letters that the last `SEARCH RETURN (SAVE)` found (RFC 5182).
    Saved,
    /// Ranges as they were written; never empty.
    Ranges(Vec<SetRange>),
}

impl SequenceSet {
    /// Returns the ranges, in order and without overlap, if `*` is `highest`. `None` for `$`.
    ///
    /// In an empty folder (`highest` 0) `*` stands for nothing, and so does a range that ends in it: clients say `1:*`
    /// before they know whether there is a letter. `5:*` in a folder whose highest is 3 is `3:5` (RFC 9051 §9: the
    /// order of the ends does not matter).
    pub fn resolve(&self, highest: u32) -> Option<Vec<RangeInclusive<u32>>> {
        let Self::Ranges(ranges) = self else { return None };
        let nothing = |range: &&SetRange| highest == 0 && [range.first, range.last].contains(&SetNumber::Star);
        let mut ends: Vec<(u32, u32)> = ranges
            .iter()
            .filter(|range| !nothing(range))
            .map(|range| (range.first.resolve(highest), range.last.resolve(highest)))
            .map(|(a, b)| (a.min(b), a.max(b)))
            .collect();
        ends.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ends.len());
        for (a, b) in ends {
            match merged.last_mut() {
                Some(last) if a <= last.1.saturating_add(1) => last.1 = last.1.max(b),
                _ => merged.push((a, b)),
            }
        }
        Some(merged.into_iter().map(|(a, b)| a..=b).collect())
    }
}

/// UIDs without `*` (RFC 7162 known-uids): ranges as they were written, each with its lower end first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UidSet(pub Vec<RangeInclusive<u32>>);

/// Writes numbers as a set, runs as ranges: `1:3,5`. The numbers come in rising order.
pub fn write_set(out: &mut Vec<u8>, ranges: impl IntoIterator<Item = RangeInclusive<u32>>) {
    let mut first = true;
    for range in ranges {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        super::write::number(out, u64::from(*range.start()));
        if range.end() > range.start() {
            out.push(b':');
            super::write::number(out, u64::from(*range.end()));
        }
    }
}

/// Returns rising numbers as ranges.
pub fn runs(numbers: impl IntoIterator<Item = u32>) -> impl Iterator<Item = RangeInclusive<u32>> {
    let mut numbers = numbers.into_iter().peekable();
    std::iter::from_fn(move || {
        let first = numbers.next()?;
        let mut last = first;
        while let Some(next) = numbers.next_if(|next| last.checked_add(1) == Some(*next)) {
            last = next;
        }
        Some(first..=last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u32, u32)]) -> SequenceSet {
        let number = |n| NonZeroU32::new(n).map_or(SetNumber::Star, SetNumber::Number);
        SequenceSet::Ranges(ranges.iter().map(|&(a, b)| SetRange { first: number(a), last: number(b) }).collect())
    }

    #[test]
    fn ranges_are_put_in_order_and_joined() {
        assert_eq!(set(&[(7, 9), (4, 2), (5, 5), (20, 0)]).resolve(12), Some(vec![2..=5, 7..=9, 12..=20]));
    }

    #[test]
    fn in_an_empty_folder_a_star_is_nothing() {
        assert_eq!(set(&[(0, 0)]).resolve(0), Some(vec![]));
        assert_eq!(set(&[(1, 0), (0, 7)]).resolve(0), Some(vec![]));
        assert_eq!(set(&[(1, 0), (3, 4)]).resolve(0), Some(vec![3..=4]));
    }

    #[test]
    fn numbers_are_written_as_runs() {
        let mut out = Vec::new();
        write_set(&mut out, runs([1, 2, 3, 5, 7, 8, u32::MAX]));
        assert_eq!(out, b"1:3,5,7:8,4294967295");
    }
}
