//! BER, as much of it as leads to the octets that a signature is wrapped around (X.690 §8): tags of one octet, lengths that are
//! told and lengths that are not, and octet strings in pieces. Mailers that sign while they send write the pieces; DER, which
//! most libraries read, has neither of the two.

/// An OCTET STRING that has its octets in itself.
pub(super) const OCTETS: u8 = 0x04;
/// An OCTET STRING that is made of others.
pub(super) const OCTETS_IN_PIECES: u8 = 0x24;
/// The tag that ends an element whose length was not told.
pub(super) const END: u8 = 0x00;

/// Octets of the longest head that is read: a tag, and a length of nine octets.
const LONGEST: usize = 10;
/// The bit of a tag that says that other elements are inside.
const CONSTRUCTED: u8 = 0x20;
/// The bits of a tag that say, all together, that it goes on in the next octet.
const LONG_TAG: u8 = 0x1f;

/// The head of an element: its tag and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) tag: u8,
    /// Octets of the head itself.
    pub(super) size: usize,
    /// Octets behind the head; none where that is not told, and [`END`] stands at the end.
    pub(super) length: Option<u64>,
}

/// The element at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Head(Head),
    /// There are not enough octets to tell.
    Cut,
    /// Something that is not read here.
    Odd,
}

/// Reads the head of the element at the beginning of these octets.
pub(super) fn head(octets: &[u8]) -> Read {
    let [tag, first, rest @ ..] = octets else { return Read::Cut };
    let (tag, first) = (*tag, *first);
    if tag & LONG_TAG == LONG_TAG {
        return Read::Odd;
    }
    match first {
        0..=0x7f => Read::Head(Head { tag, size: 2, length: Some(first.into()) }),
        0x80 if tag & CONSTRUCTED != 0 => Read::Head(Head { tag, size: 2, length: None }),
        0x81..=0x88 => {
            let count = usize::from(first & 0x7f);
            let Some(digits) = rest.get(..count) else { return Read::Cut };
            let length = digits.iter().fold(0_u64, |length, digit| length << 8 | u64::from(*digit));
            Read::Head(Head { tag, size: 2 + count, length: Some(length) })
        }
        _ => Read::Odd,
    }
}

/// Reads one element after the other, out of octets that are at hand. Nothing is read twice, and nothing is nested in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    octets: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    /// The head at this place, if one can be read.
    pub(super) fn head(&self) -> Option<Head> {
        match head(self.octets.get(self.at..)?) {
            Read::Head(head) => Some(head),
            Read::Cut | Read::Odd => None,
        }
    }

    /// Goes to the first element inside of the one that is here. None where one of another tag is.
    pub(super) fn enter(&mut self, tag: u8) -> Option<()> {
        let head = self.head().filter(|head| head.tag == tag)?;
        self.at += head.size;
        Some(())
    }

    /// The octets of an element that has no others inside, and goes behind it.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let head = self.head().filter(|head| head.tag == tag)?;
        let start = self.at + head.size;
        let end = start.checked_add(usize::try_from(head.length?).ok()?)?;
        let octets = self.octets.get(start..end)?;
        self.at = end;
        Some(octets)
    }

    /// Goes behind an element, whatever is inside. None where it has no end.
    pub(super) fn skip(&mut self) -> Option<()> {
        let mut open = 0_u32;
        loop {
            let head = self.head()?;
            let inside = self.at + head.size;
            self.at = match head.length {
                Some(length) => inside.checked_add(usize::try_from(length).ok()?)?,
                None => inside,
            };
            match (head.tag, head.length) {
                (_, None) => open += 1,
                (END, Some(0)) => open = open.checked_sub(1)?,
                _ => {}
            }
            if open == 0 {
                return (self.at <= self.octets.len()).then_some(());
            }
        }
    }
}

/// Joins octet strings that stand one after the other, piece by piece (X.690 §8.7.3). It may begin at any of them, however deep:
/// the heads of what they stand in, and the ends of those, give nothing. What is something else ends it.
#[derive(Clone, Debug, Default)]
pub(super) struct OctetStrings {
    /// A head of which not all has come.
    held: Vec<u8>,
    /// Octets of a string that are still to come.
    left: u64,
    is_over: bool,
}

impl OctetStrings {
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut rest = piece;
        while !self.is_over
            && let Some((octet, behind)) = rest.split_first()
        {
            if self.left == 0 {
                self.step(*octet);
                rest = behind;
                continue;
            }
            let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(rest.len());
            let (now, later) = rest.split_at(count);
            out.extend_from_slice(now);
            self.left -= count as u64;
            rest = later;
        }
    }

    fn step(&mut self, octet: u8) {
        self.held.push(octet);
        debug_assert!(self.held.len() <= LONGEST);
        let Read::Head(head) = head(&self.held) else {
            self.is_over = head(&self.held) == Read::Odd;
            return;
        };
        self.held.clear();
        match (head.tag, head.length) {
            (OCTETS, Some(length)) => self.left = length,
            (OCTETS_IN_PIECES, _) | (END, Some(0)) => {}
            _ => self.is_over = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_head_tells_the_tag_and_the_length() {
        let told = |octets: &[u8]| match head(octets) {
            Read::Head(head) => Some((head.tag, head.size, head.length)),
            _ => None,
        };
        assert_eq!(told(b"\x04\x03abc"), Some((4, 2, Some(3))));
        assert_eq!(told(b"\x30\x80"), Some((0x30, 2, None)));
        assert_eq!(told(b"\x04\x82\x01\x00"), Some((4, 4, Some(256))));
        assert_eq!(told(b"\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff"), Some((4, 10, Some(u64::MAX))));
        for (octets, what) in [
            (&b""[..], Read::Cut),
            (b"\x04", Read::Cut),
            (b"\x04\x82\x01", Read::Cut),
            // A string without others inside has a length; there are none of nine octets; a tag of two.
            (b"\x04\x80", Read::Odd),
            (b"\x04\x89\0\0\0\0\0\0\0\0\0", Read::Odd),
            (b"\x1f\x03", Read::Odd),
        ] {
            assert_eq!(head(octets), what, "{octets:?}");
        }
    }

    #[test]
    fn an_element_is_passed_over_with_all_that_is_in_it() {
        for (octets, behind) in [
            (&b"\x30\x03\x02\x01\x05rest"[..], Some(5)),
            (b"\x31\x80\x30\x80\x02\x01\x05\x00\x00\x30\x00\x00\x00rest", Some(13)),
            (b"\x31\x80\x30\x80\x02\x01\x05\x00\x00", None),
            (b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x30\x05a", None),
            (b"\x00\x00", None),
        ] {
            let mut walk = Walk::new(octets);
            assert_eq!(walk.skip().map(|()| walk.at), behind, "{octets:?}");
        }
    }

    fn joined(octets: &[u8], size: usize) -> Vec<u8> {
        let (mut strings, mut out) = (OctetStrings::default(), Vec::new());
        octets.chunks(size).for_each(|piece| strings.push(piece, &mut out));
        out
    }

    #[test]
    fn strings_are_joined_from_wherever_one_begins_and_end_with_what_is_none() {
        let octets = b"\x24\x80\x04\x03one\x24\x05\x04\x03two\x04\x00\x04\x81\x04four\x00\x00\x31\x00\x04\x01x";
        for size in 1..octets.len() {
            assert_eq!(joined(octets, size), b"onetwofour");
            assert_eq!(joined(&octets[7..], size), b"twofour");
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_read_and_the_size_of_pieces_never_matters(
            octets in prop::collection::vec(prop::sample::select(vec![0, 1, 2, 4, 0x24, 0x30, 0x80, 0x81, 0x84, 0xff]), 0..80),
            size in 1..9_usize,
        ) {
            let whole = joined(&octets, 100);
            prop_assert!(whole.len() <= octets.len());
            prop_assert_eq!(joined(&octets, size), whole);
            let mut walk = Walk::new(&octets);
            if walk.skip().is_some() {
                prop_assert!(walk.at <= octets.len());
            }
        }
    }
}
