//! Sets of UIDs, as ranges: a million letters in a row take eight octets.

use std::fmt::Write as _;

/// UIDs, ascending, each once. The numbers that a server names are never counted one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// First and last, both included; apart from each other, ascending.
    ranges: Vec<(u32, u32)>,
}

impl Numbers {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `1,4:7,9`; `None` for anything else, zero included.
    pub fn parse(text: &str) -> Option<Self> {
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once(':').unwrap_or((part, part));
            let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n > 0);
            let (first, last) = (number(first)?, number(last)?);
            ranges.push((first.min(last), first.max(last)));
        }
        Some(Self::from_ranges(ranges))
    }

    /// Makes a set of ranges in any order, overlapping or not.
    pub fn from_ranges(mut ranges: Vec<(u32, u32)>) -> Self {
        if !ranges.is_sorted() {
            ranges.sort_unstable();
        }
        let mut set = Self { ranges: Vec::new() };
        ranges.into_iter().for_each(|range| set.push(range));
        set
    }

    /// A range that begins no earlier than the last one did.
    fn push(&mut self, (first, last): (u32, u32)) {
        match self.ranges.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => self.ranges.push((first, last)),
        }
    }

    /// Returns how many numbers there are.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Returns true if the number is one of them.
    pub fn contains(&self, number: u32) -> bool {
        let after = self.ranges.partition_point(|(first, _)| *first <= number);
        after > 0 && self.ranges.get(after - 1).is_some_and(|(_, last)| number <= *last)
    }

    /// Each of them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.ranges.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// These but not those.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let mut left = Vec::new();
        let mut taken = others.ranges.iter().peekable();
        for &(mut first, last) in &self.ranges {
            let mut over = false;
            while taken.next_if(|(_, end)| *end < first).is_some() {}
            let mut holes = taken.clone();
            while let Some(&&(start, end)) = holes.peek() {
                if start > last {
                    break;
                }
                if start > first {
                    left.push((first, start - 1));
                }
                if end >= last {
                    over = true;
                    break;
                }
                first = first.max(end + 1);
                holes.next();
            }
            if !over {
                left.push((first, last));
            }
        }
        Self { ranges: left }
    }

    /// Returns those from `first` on.
    #[must_use]
    pub fn from(&self, first: u32) -> Self {
        let kept = self.ranges.iter().filter(|(_, last)| *last >= first);
        Self { ranges: kept.map(|(start, last)| (first.max(*start), *last)).collect() }
    }

    /// The largest.
    pub fn last(&self) -> Option<u32> {
        self.ranges.last().map(|(_, last)| *last)
    }

    /// Writes the numbers as a command names them (RFC 9051 §9, sequence-set).
    pub fn written(&self) -> String {
        let mut out = String::new();
        for (i, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let _ = if first == last { write!(out, "{comma}{first}") } else { write!(out, "{comma}{first}:{last}") };
        }
        out
    }
}

impl FromIterator<u32> for Numbers {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut set = Self::new();
        let mut sorted = true;
        for number in numbers {
            sorted &= set.ranges.last().is_none_or(|(first, _)| *first <= number);
            if sorted { set.push((number, number)) } else { set.ranges.push((number, number)) }
        }
        if sorted { set } else { Self::from_ranges(set.ranges) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_set_is_read_and_written() {
        let set = Numbers::parse("9,4:7,8,1,6:5").unwrap();
        assert_eq!((set.written().as_str(), set.len()), ("1,4:9", 7));
        for bad in ["", "0", "1,", "a", "1:*", "1:2:3", "4294967296"] {
            assert_eq!(Numbers::parse(bad), None, "{bad}");
        }
        assert_eq!(Numbers::parse("1:4294967295").unwrap().len(), u64::from(u32::MAX));
    }

    proptest! {
        #[test]
        fn a_set_does_what_sets_do(some in prop::collection::vec(1u32..60, 0..40), other in prop::collection::vec(1u32..60, 0..40), from in 1u32..60) {
            let (a, b): (BTreeSet<u32>, BTreeSet<u32>) = (some.iter().copied().collect(), other.iter().copied().collect());
            let (set, without): (Numbers, Numbers) = (some.into_iter().collect(), other.into_iter().collect());
            prop_assert!(set.iter().eq(a.iter().copied()));
            prop_assert!(set.without(&without).iter().eq(a.difference(&b).copied()));
            prop_assert!(set.from(from).iter().eq(a.range(from..).copied()));
            prop_assert!((1..60).all(|n| set.contains(n) == a.contains(&n)));
            if !set.is_empty() {
                prop_assert_eq!(Numbers::parse(&set.written()), Some(set));
            }
        }
    }
}
