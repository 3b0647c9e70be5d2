//! A letter to show: one of the mailbox, or one that lies in the octets of another.

use std::ops::Range;

use bytes::Bytes;
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Encoding, Limits, Part, Step, Structure, scan};
use mailbox::{Access, LetterKey, Want, fetch};
use store::{BlobId, View};

/// The most octets of a letter inside another, as it lies there, that is opened.
const LARGEST: u64 = 32 << 20;
/// The most letters that may lie in each other: as many as JMAP takes out of each other.
const DEEPEST: usize = 8;

/// The letter that an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The letter of the mailbox.
    pub key: LetterKey,
    /// The way to the inner letter; empty for the letter itself.
    path: Vec<Step>,
}

/// The result of opening it.
pub enum Opening {
    Opened(Box<Opened>),
    Missing,
    TooLarge,
}

/// A letter that can be read.
pub struct Opened {
    pub structure: Structure,
    octets: Octets,
    path: Vec<Step>,
}

enum Octets {
    Stored(BlobId),
    Here(Bytes),
}

impl Asked {
    /// Reads the id of a letter (`m12`), or of the part that holds one (`L12-100_220b`), as the pages know them from
    /// JMAP.
    pub fn read(id: &str) -> Option<Self> {
        if let Some(key) = super::letter::key(id) {
            return Some(Self { key, path: Vec::new() });
        }
        let mut steps = id.strip_prefix('L')?.split('-');
        let key = LetterKey(steps.next()?.parse().ok()?);
        let path = steps.map(Step::read).collect::<Option<Vec<_>>>()?;
        // The text unpacked from RTF is never a letter.
        let is_letter = path.iter().all(|step| step.encoding != Encoding::RtfText);
        (is_letter && (1..=DEEPEST).contains(&path.len())).then_some(Self { key, path })
    }

    /// Returns true if it lies in another letter, so that nothing can be written on it.
    pub fn lies_inside(&self) -> bool {
        !self.path.is_empty()
    }

    /// Opens it. A letter inside another is read whole and taken apart as any letter.
    pub fn open(&self, view: &View, access: Access) -> Result<Opening, mailbox::Error> {
        let Some((_, row)) = fetch::visible(view, access, self.key, Want::ALL)? else { return Ok(Opening::Missing) };
        let Some(card) = row.card else { return Ok(Opening::Missing) };
        let Some(first) = self.path.first() else {
            let structure = card.structure.unwrap_or_default();
            let octets = Octets::Stored(card.blob);
            return Ok(Opening::Opened(Box::new(Opened { structure, octets, path: Vec::new() })));
        };
        if first.end.saturating_sub(first.start) > LARGEST {
            return Ok(Opening::TooLarge);
        }
        let octets = mailbox::body::read_all(view, card.blob, first.start..first.end)?;
        let octets = Bytes::from(unpacked(&self.path, &octets));
        let structure = scan(&octets, Limits::default());
        let octets = Octets::Here(octets);
        Ok(Opening::Opened(Box::new(Opened { structure, octets, path: self.path.clone() })))
    }
}

impl Opened {
    /// Returns a range of its octets, cut at its end.
    pub fn read(&self, view: &View, range: Range<u64>) -> Result<Bytes, mailbox::Error> {
        match &self.octets {
            Octets::Stored(blob) => Ok(mailbox::body::read_all(view, *blob, range)?.into()),
            Octets::Here(octets) => {
                let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(octets.len());
                Ok(octets.slice(at(range.start)..at(range.end).max(at(range.start))))
            }
        }
    }

    /// Returns the way to a part of it, from the octets of the letter of the mailbox.
    pub fn path(&self, part: &Part) -> Vec<Step> {
        let mut path = self.path.clone();
        part.steps().into_iter().for_each(|step| step.join(&mut path));
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_asked_for_by_its_id_or_by_that_of_the_part_it_lies_in() {
        let asked = |id: &str| Asked::read(id).map(|asked| (asked.key.0, asked.path.len()));
        assert_eq!(asked("m12"), Some((12, 0)));
        assert_eq!(asked("L12-100_220b"), Some((12, 1)));
        assert_eq!(asked("L12-100_220b-5_9q-0_3i"), Some((12, 3)));
        let deep = format!("L1{}", "-0_9b".repeat(DEEPEST + 1));
        for odd in ["", "m", "L12", "L12-", "U3-0_9b", "L12-9_1b", "L12-0_9r", "m12-0_9b", "L12-0_9b-x", &deep] {
            assert_eq!(asked(odd), None, "{odd}");
        }
    }
}
