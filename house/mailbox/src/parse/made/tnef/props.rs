//! MAPI properties as TNEF has them (MS-OXTNEF §2.1.3.4): a number of them, each with a type, an id, perhaps a name, and values.

use std::ops::Range;

/// The longest name that is read, in octets.
pub(super) const LONGEST: usize = 2048;

const UNICODE: u16 = 0x1f;
const OBJECT: u16 = 0x0d;
/// The bit of a type that says that there are several values.
const SEVERAL: u16 = 0x1000;

/// A value: its first one where there are several.
pub(super) struct Value {
    kind: u16,
    pub(super) range: Range<usize>,
}

/// Walks over properties.
pub(super) struct Props<'a> {
    octets: &'a [u8],
    at: usize,
    end: usize,
    left: u32,
}

impl<'a> Props<'a> {
    pub(super) fn new(octets: &'a [u8], range: Range<usize>) -> Self {
        let mut props = Self { octets, at: range.start, end: range.end.min(octets.len()), left: 0 };
        props.left = props.four().unwrap_or(0);
        props
    }

    /// Returns true if there were as many as was said.
    pub(super) fn ended_well(&self) -> bool {
        self.left == 0
    }

    fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.end)?;
        let range = self.at..end;
        self.at = end;
        Some(range)
    }

    /// The same, up to the next multiple of four, which may be cut off at the end.
    fn take_padded(&mut self, length: usize) -> Option<Range<usize>> {
        let range = self.take(length)?;
        self.at = (self.at + (4 - length % 4) % 4).min(self.end);
        Some(range)
    }

    fn four(&mut self) -> Option<u32> {
        let range = self.take(4)?;
        Some(u32::from_le_bytes(self.octets.get(range)?.try_into().ok()?))
    }

    fn length(&mut self) -> Option<usize> {
        self.four().and_then(|length| usize::try_from(length).ok())
    }

    fn property(&mut self) -> Option<(u16, Value)> {
        let [kind, id] = self.four().map(|tag| [(tag & 0xffff) as u16, (tag >> 16) as u16])?;
        if id >= 0x8000 {
            self.name()?;
        }
        let bare = kind & !SEVERAL;
        let fixed = match bare {
            2 | 3 | 4 | 0x0a | 0x0b => Some(4),
            5 | 6 | 7 | 0x14 | 0x40 => Some(8),
            0x48 => Some(16),
            0x1e | UNICODE | 0x102 | OBJECT => None,
            _ => return None,
        };
        let count = if kind & SEVERAL != 0 || fixed.is_none() { self.length()? } else { 1 };
        let mut first = None;
        for _ in 0..count {
            let range = match fixed {
                Some(length) => self.take(length)?,
                None => {
                    let length = self.length()?;
                    self.take_padded(length)?
                }
            };
            first.get_or_insert(range);
        }
        Some((id, Value { kind: bare, range: first.unwrap_or(self.at..self.at) }))
    }

    /// A GUID, and a number or a text.
    fn name(&mut self) -> Option<()> {
        self.take(16)?;
        match self.four()? {
            0 => self.take(4).map(drop),
            _ => {
                let length = self.length()?;
                self.take_padded(length).map(drop)
            }
        }
    }
}

impl Iterator for Props<'_> {
    type Item = (u16, Value);

    fn next(&mut self) -> Option<(u16, Value)> {
        let fewer = self.left.checked_sub(1)?;
        let property = self.property()?;
        self.left = fewer;
        Some(property)
    }
}

impl Value {
    pub(super) fn is_unicode(&self) -> bool {
        self.kind == UNICODE
    }

    pub(super) fn number(&self, octets: &[u8]) -> Option<u32> {
        octets.get(self.range.clone())?.first_chunk().map(|four| u32::from_le_bytes(*four))
    }

    pub(super) fn text(&self, octets: &[u8], codepage: Option<u32>) -> String {
        let octets = octets.get(self.range.clone()).unwrap_or_default();
        match self.is_unicode() {
            true => super::told(octets, Some(1200)),
            false => super::told(octets, codepage),
        }
    }

    /// Returns the range of an object, behind the sixteen octets that say which interface it has.
    pub(super) fn object(&self) -> Range<usize> {
        let Range { start, end } = self.range.clone();
        if self.kind == OBJECT { (start + 16).min(end)..end } else { start..end }
    }

    /// Without the NULs at its end.
    pub(super) fn without_nul(&self, octets: &[u8]) -> Range<usize> {
        let range = self.range.clone();
        let octets = octets.get(range.clone()).unwrap_or_default();
        if self.is_unicode() {
            let pairs = octets.chunks_exact(2).rposition(|pair| pair != [0, 0]).map_or(0, |last| last + 1);
            return range.start..range.start + 2 * pairs;
        }
        super::without_nul(octets, range.start)
    }
}
