//! Translates the numbers that a client writes to UIDs, and back (RFC 9051 §2.3.1, §9 sequence-set).

use std::ops::RangeInclusive;

use mailbox::{Uid, UidRange, Uids};

use crate::codec::command::Numbering;
use crate::codec::sets::SequenceSet;
use crate::session::Answer;

/// Returns the letters of a set, as UID ranges in rising order, never beyond the letters that the client has been told
/// of.
///
/// An unknown UID is skipped (RFC 9051 §6.4.9); an unknown sequence number is the client's mistake (§9, seq-number),
/// except as the end of a range that begins inside.
pub fn resolve(set: &SequenceSet, numbering: Numbering, uids: &Uids, saved: &Uids) -> Result<Vec<UidRange>, Answer> {
    let highest = match numbering {
        Numbering::Uid => uids.last().map_or(0, Uid::get),
        Numbering::Sequence => uids.len(),
    };
    // RFC 5182 §2.1: `$` means the same letters in both numberings; those that went meanwhile are skipped.
    let Some(ranges) = set.resolve(highest) else { return Ok(saved.and(uids).ranges().collect()) };
    match numbering {
        Numbering::Uid => Ok(ranges.into_iter().filter_map(|range| clip(range, highest)).collect()),
        Numbering::Sequence => ranges.into_iter().map(|range| places(&range, uids)).collect(),
    }
}

/// Returns the letters of a set in a search. An unknown sequence number is no mistake there: nothing is found at it, as
/// in other servers (a client may have heard of an EXPUNGE since it wrote the set).
pub fn found_among(set: &SequenceSet, numbering: Numbering, uids: &Uids, saved: &Uids) -> Vec<UidRange> {
    let ranges = match (numbering, set.resolve(uids.len())) {
        (Numbering::Sequence, Some(ranges)) => ranges,
        _ => return resolve(set, numbering, uids, saved).unwrap_or_default(),
    };
    ranges.iter().filter_map(|range| places(range, uids).ok()).collect()
}

fn clip(range: RangeInclusive<u32>, highest: u32) -> Option<UidRange> {
    let (first, last) = (*range.start(), highest.min(*range.end()));
    if first > last {
        return None;
    }
    Some(UidRange { first: Uid::new(first)?, last: Uid::new(last)? })
}

fn places(range: &RangeInclusive<u32>, uids: &Uids) -> Result<UidRange, Answer> {
    let first = uids.uid_at(*range.start());
    let last = uids.uid_at(uids.len().min(*range.end()));
    match (first, last) {
        (Some(first), Some(last)) => Ok(UidRange { first, last }),
        _ => Err(Answer::bad("There is no letter with that number in this folder")),
    }
}

/// Returns the number of UIDs of the ranges that are in the view.
pub fn count(ranges: &[UidRange], uids: &Uids) -> u64 {
    ranges.iter().map(|range| u64::from(uids.rank(range.last) - below(range.first, uids))).sum()
}

fn below(uid: Uid, uids: &Uids) -> u32 {
    Uid::new(uid.get() - 1).map_or(0, |before| uids.rank(before))
}

/// Cuts ranges into pieces that hold at most `most` letters of the view each, so that no transaction holds the
/// writer for long. Ranges without letters are left out.
pub fn slices<'a>(ranges: &'a [UidRange], uids: &'a Uids, most: u32) -> impl Iterator<Item = Vec<UidRange>> + 'a {
    let mut rest = ranges.iter().copied();
    let mut begun: Option<UidRange> = None;
    std::iter::from_fn(move || {
        let mut slice = Vec::new();
        let mut room = most;
        while room > 0 {
            let Some(range) = begun.take().or_else(|| rest.next()) else { break };
            let start = below(range.first, uids);
            let inside = uids.rank(range.last) - start;
            if inside == 0 {
                continue;
            }
            if inside <= room {
                room -= inside;
                slice.push(range);
                continue;
            }
            let Some(last) = uids.uid_at(start + room) else { break };
            slice.push(UidRange { first: range.first, last });
            begun = last.next().map(|first| UidRange { first, last: range.last });
            room = 0;
        }
        (!slice.is_empty()).then_some(slice)
    })
}

/// Returns the rest of the ranges above a UID.
pub fn above(ranges: &[UidRange], uid: Uid) -> Vec<UidRange> {
    let from = ranges.partition_point(|range| range.last <= uid);
    let mut rest = ranges.get(from..).unwrap_or_default().to_vec();
    if let (Some(range), Some(next)) = (rest.first_mut(), uid.next()) {
        range.first = range.first.max(next);
    }
    rest
}

/// Returns the numbers of a UID range as `write_set` wants them.
pub fn numbers(range: UidRange) -> RangeInclusive<u32> {
    range.first.get()..=range.last.get()
}

/// Turns rising UIDs into sequence numbers: one cheap step if they follow one another, as they mostly do.
pub struct Places<'a> {
    uids: &'a Uids,
    before: Option<(Uid, u32)>,
}

impl<'a> Places<'a> {
    /// Makes the numbers of a view.
    pub fn new(uids: &'a Uids) -> Self {
        Self { uids, before: None }
    }

    /// Returns the number of a UID; `None` if the client has not been told of it.
    pub fn of(&mut self, uid: Uid) -> Option<u32> {
        let place = match self.before {
            Some((before, place)) if before.next() == Some(uid) && self.uids.contains(uid) => place + 1,
            _ => self.uids.seq_of(uid)?,
        };
        self.before = Some((uid, place));
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;
    use crate::codec::sets::{SetNumber, SetRange};

    fn uid(n: u32) -> Uid {
        Uid::new(n).unwrap()
    }

    fn view(numbers: impl IntoIterator<Item = u32>) -> Uids {
        numbers.into_iter().map(uid).collect()
    }

    /// Makes a set, in which 0 stands for `*`.
    fn set(ranges: &[(u32, u32)]) -> SequenceSet {
        let number = |n| NonZeroU32::new(n).map_or(SetNumber::Star, SetNumber::Number);
        SequenceSet::Ranges(ranges.iter().map(|&(a, b)| SetRange { first: number(a), last: number(b) }).collect())
    }

    fn found(set: &SequenceSet, numbering: Numbering, uids: &Uids) -> Option<Vec<u32>> {
        let ranges = resolve(set, numbering, uids, &Uids::new()).ok()?;
        Some(uids.iter().map(Uid::get).filter(|&n| ranges.iter().any(|range| range.contains(uid(n)))).collect())
    }

    #[test]
    fn a_star_is_the_last_letter_even_where_the_range_begins_beyond_it() {
        let uids = view([3, 5, 9]);
        assert_eq!(found(&set(&[(100, 0)]), Numbering::Uid, &uids), Some(vec![9]));
        assert_eq!(found(&set(&[(0, 0)]), Numbering::Sequence, &uids), Some(vec![9]));
        assert_eq!(found(&set(&[(2, 0)]), Numbering::Sequence, &uids), Some(vec![5, 9]));
    }

    #[test]
    fn a_place_that_is_not_there_is_a_mistake_and_a_uid_that_is_not_there_is_none() {
        let uids = view([3, 5, 9]);
        assert_eq!(found(&set(&[(4, 4)]), Numbering::Sequence, &uids), None);
        assert_eq!(found(&set(&[(2, 99)]), Numbering::Sequence, &uids), Some(vec![5, 9]));
        assert_eq!(found(&set(&[(4, 4)]), Numbering::Uid, &uids), Some(vec![]));
        assert_eq!(found(&set(&[(1, 0)]), Numbering::Sequence, &Uids::new()), Some(vec![]));
        assert_eq!(found(&set(&[(1, 1)]), Numbering::Sequence, &Uids::new()), None);
        assert_eq!(found(&set(&[(1, 0)]), Numbering::Uid, &Uids::new()), Some(vec![]));
    }

    #[test]
    fn in_a_search_a_place_that_is_not_there_is_no_mistake() {
        let uids = view([3, 5, 9]);
        let found = |ranges: &[(u32, u32)]| found_among(&set(ranges), Numbering::Sequence, &uids, &Uids::new());
        assert_eq!(found(&[(1000, 1000), (2, 99)]), [UidRange::new(uid(5), uid(9))]);
        assert_eq!(found(&[(4, 5)]), []);
    }

    #[test]
    fn saved_letters_that_went_are_passed_over() {
        let ranges = resolve(&SequenceSet::Saved, Numbering::Sequence, &view([1, 3, 4]), &view([2, 3, 4])).unwrap();
        assert_eq!(ranges, [UidRange::new(uid(3), uid(4))]);
    }

    #[test]
    fn a_million_uids_and_the_largest_there_can_be() {
        let uids: Uids = [UidRange::new(uid(1), uid(1_000_000))].into_iter().collect();
        let ranges =
            resolve(&set(&[(1, 0), (5, 5), (u32::MAX, u32::MAX)]), Numbering::Uid, &uids, &Uids::new()).unwrap();
        assert_eq!(ranges, [UidRange::new(uid(1), uid(1_000_000))]);
        assert_eq!(count(&ranges, &uids), 1_000_000);
        assert_eq!(slices(&ranges, &uids, 1000).count(), 1000);
    }

    #[test]
    fn what_is_left_after_a_batch_begins_behind_it() {
        let ranges = [UidRange::new(uid(1), uid(5)), UidRange::new(uid(8), uid(9))];
        assert_eq!(above(&ranges, uid(3)), [UidRange::new(uid(4), uid(5)), ranges[1]]);
        assert_eq!(above(&ranges, uid(5)), [ranges[1]]);
        assert_eq!(above(&ranges, uid(9)), []);
    }

    proptest! {
        #[test]
        fn sets_name_the_same_letters_as_a_naive_model(
            letters in prop::collection::btree_set(1u32..60, 0..30),
            ranges in prop::collection::vec((0u32..70, 0u32..70), 1..8),
        ) {
            let uids = view(letters.iter().copied());
            let last = letters.last().copied().unwrap_or(0);
            let wanted: BTreeSet<u32> = ranges.iter().flat_map(|&(a, b)| {
                let (a, b) = (if a == 0 { last } else { a }, if b == 0 { last } else { b });
                a.min(b)..=a.max(b)
            }).collect();
            let model: Vec<u32> = letters.iter().copied().filter(|n| wanted.contains(n)).collect();
            prop_assert_eq!(found(&set(&ranges), Numbering::Uid, &uids), Some(model));
        }

        #[test]
        fn places_name_the_same_letters_as_a_naive_model(
            letters in prop::collection::btree_set(1u32..60, 1..30),
            ranges in prop::collection::vec((0u32..40, 0u32..40), 1..8),
        ) {
            let uids = view(letters.iter().copied());
            let listed: Vec<u32> = letters.iter().copied().collect();
            let length = listed.len() as u32;
            let ends: Vec<(u32, u32)> = ranges.iter().map(|&(a, b)| {
                let (a, b) = (if a == 0 { length } else { a }, if b == 0 { length } else { b });
                (a.min(b), a.max(b))
            }).collect();
            let named: BTreeSet<u32> = ends.iter().flat_map(|&(a, b)| a..=b).collect();
            let got = found(&set(&ranges), Numbering::Sequence, &uids);
            // A range that begins beyond the end is refused, unless it continues one that begins inside.
            if let Some(got) = got {
                let model: Vec<u32> = listed.iter().enumerate()
                    .filter(|(i, _)| named.contains(&(*i as u32 + 1))).map(|(_, n)| *n).collect();
                prop_assert_eq!(got, model);
            } else {
                prop_assert!(ends.iter().any(|&(a, _)| a > length));
            }
        }

        #[test]
        fn places_count_as_sequence_numbers_do(letters in prop::collection::btree_set(1u32..200, 0..80)) {
            let uids = view(letters);
            let mut places = Places::new(&uids);
            for n in (1..200).map(uid) {
                prop_assert_eq!(places.of(n), uids.seq_of(n));
            }
        }

        #[test]
        fn slices_hold_each_letter_once(
            letters in prop::collection::btree_set(1u32..200, 0..80),
            ranges in prop::collection::vec((1u32..200, 1u32..200), 1..6),
            most in 1u32..20,
        ) {
            let uids = view(letters.iter().copied());
            let ranges = resolve(&set(&ranges), Numbering::Uid, &uids, &Uids::new()).unwrap();
            let mut seen = Vec::new();
            for slice in slices(&ranges, &uids, most) {
                let inside: Vec<_> = uids.iter().filter(|n| slice.iter().any(|range| range.contains(*n))).collect();
                prop_assert!(!inside.is_empty() && inside.len() <= most as usize);
                prop_assert_eq!(count(&slice, &uids), inside.len() as u64);
                seen.extend(inside);
            }
            let all: Vec<_> = uids.iter().filter(|n| ranges.iter().any(|range| range.contains(*n))).collect();
            prop_assert_eq!(seen, all);
        }
    }
}
