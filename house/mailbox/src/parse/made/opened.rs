//! The decoded octets of a leaf, and where each stretch of them can be found again without decoding all before it.

use std::borrow::Cow;
use std::ops::Range;

use crate::parse::decode::Decoder;
use crate::parse::steps::Step;
use crate::parse::structure::{Content, Encoding, Part, Within};

/// The largest leaf that is looked into, where it is encoded: it is decoded in memory.
const LARGEST: usize = 64 << 20;
/// Octets of the letter between two places at which decoding may begin.
const STRIDE: usize = 1024;

pub(in crate::parse) struct Opened<'a> {
    pub(in crate::parse) octets: Cow<'a, [u8]>,
    /// The position of the leaf in the letter.
    start: usize,
    encoding: Encoding,
    rests: Vec<Rest>,
}

/// A place at which the decoder kept nothing: in the letter, and in the decoded octets.
#[derive(Clone, Copy)]
struct Rest {
    raw: usize,
    clear: usize,
}

impl<'a> Opened<'a> {
    /// Opens the octets of a leaf; `None` if they cannot be decoded, or only in too much memory.
    pub(in crate::parse) fn of(letter: &'a [u8], body: Range<usize>, encoding: Encoding) -> Option<Self> {
        let (octets, start) = (letter.get(body.clone())?, body.start);
        match encoding {
            Encoding::Identity => Some(Self { octets: octets.into(), start, encoding, rests: Vec::new() }),
            Encoding::Base64 | Encoding::QuotedPrintable if octets.len() <= LARGEST => {
                let (octets, rests) = decoded(octets, start, encoding);
                Some(Self { octets: octets.into(), start, encoding, rests })
            }
            _ => None,
        }
    }

    /// A part of the decoded octets, encoded in its turn as is told.
    pub(super) fn part(&self, told: Part, range: Range<usize>, encoding: Encoding) -> Part {
        let (octets, before) = match self.encoding {
            Encoding::Identity => (self.start + range.start..self.start + range.end, range.start),
            _ => self.around(&range),
        };
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let within = Within { octets: offset(octets.start)..offset(octets.end), around: self.encoding, encoding };
        let body = offset(range.start - before)..offset(range.end.max(range.start) - before);
        Part { body, content: Content::Within(within), ..told }
    }

    /// The way from the octets of the letter to a range of the decoded octets, which are encoded in their turn as is told.
    pub(in crate::parse) fn way(&self, range: Range<usize>, encoding: Encoding) -> Vec<Step> {
        let step = |range: Range<usize>, encoding| Step { start: range.start as u64, end: range.end as u64, encoding };
        if self.encoding == Encoding::Identity {
            return vec![step(self.start + range.start..self.start + range.end, encoding)];
        }
        let (octets, before) = self.around(&range);
        vec![step(octets, self.encoding), step(range.start - before..range.end.max(range.start) - before, encoding)]
    }

    /// The octets of the letter that a range is decoded from, and how much they decode to before it.
    fn around(&self, range: &Range<usize>) -> (Range<usize>, usize) {
        let first = self.rests.partition_point(|rest| rest.clear <= range.start).saturating_sub(1);
        let last = self.rests.partition_point(|rest| rest.clear < range.end).min(self.rests.len() - 1);
        let (Some(first), Some(last)) = (self.rests.get(first), self.rests.get(last)) else { return (0..0, 0) };
        (first.raw..last.raw.max(first.raw), first.clear)
    }
}

fn decoded(octets: &[u8], start: usize, encoding: Encoding) -> (Vec<u8>, Vec<Rest>) {
    let (mut decoder, mut out) = (Decoder::new(encoding), Vec::with_capacity(octets.len()));
    let mut rests = vec![Rest { raw: start, clear: 0 }];
    let mut at = 0;
    while at < octets.len() {
        let end = (at + STRIDE).min(octets.len());
        decoder.push(&octets[at..end], &mut out);
        at = end;
        while !decoder.is_at_rest() && at < octets.len() {
            decoder.push(&octets[at..at + 1], &mut out);
            at += 1;
        }
        if at == octets.len() {
            decoder.finish(&mut out);
        }
        rests.push(Rest { raw: start + at, clear: out.len() });
    }
    (out, rests)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::parse::steps::unpacked;

    proptest! {
        #[test]
        fn each_stretch_is_found_again(text in "[a-zA-Z0-9+/=\r\n é]{0,6000}", from: u16, to: u16, printable: bool) {
            let encoding = if printable { Encoding::QuotedPrintable } else { Encoding::Base64 };
            let letter = format!("Subject: x\r\n\r\n{text}");
            let opened = Opened::of(letter.as_bytes(), 14..letter.len(), encoding).unwrap();
            prop_assert_eq!(&*opened.octets, &crate::parse::decode::body(encoding, text.as_bytes())[..]);
            let at = |place: u16| usize::from(place).min(opened.octets.len());
            let range = at(from).min(at(to))..at(from).max(at(to));
            let path = opened.part(Part::default(), range.clone(), Encoding::Identity).steps();
            let first = &letter.as_bytes()[path[0].start as usize..path[0].end as usize];
            prop_assert!(first.len() <= range.len() * 4 + 3 * STRIDE);
            prop_assert_eq!(unpacked(&path, first), &opened.octets[range]);
        }
    }
}
