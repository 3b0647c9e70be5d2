//! The attachments of a letter, by the id under which the pages know them from JMAP. The id names the letter and the
//! way to the part's octets in it (`L12-100_220b`).

use bytes::Bytes;
use mailbox::parse::{Encoding, Step, Unpacker};
use mailbox::{Access, LetterKey, Row, Want, fetch};
use store::{BlobId, View};

/// The most parts that may be taken out of each other: as many as in JMAP.
const DEEPEST: usize = 8;

/// A part of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The letter of the mailbox.
    pub key: LetterKey,
    path: Vec<Step>,
}

impl Attached {
    /// Reads an id; `None` for an id that names no part of a letter. Text that is unpacked from RTF is no file.
    pub fn read(id: &str) -> Option<Self> {
        let mut fields = id.strip_prefix('L')?.split('-');
        let key = LetterKey(fields.next()?.parse().ok()?);
        let path = fields.map(Step::read).collect::<Option<Vec<_>>>()?;
        let is_file = path.iter().all(|step| step.encoding != Encoding::RtfText);
        (is_file && (1..=DEEPEST).contains(&path.len())).then_some(Self { key, path })
    }

    /// Returns the range of the enclosing octets in the letter: begin and end.
    pub fn range(&self) -> (u64, u64) {
        self.path.first().map_or((0, 0), |step| (step.start, step.end))
    }

    /// Begins to read it. `None`: it reaches beyond the end of the letter, so that the id is not one of ours.
    pub fn open(&self, blob: BlobId, size: u64) -> Option<Reading> {
        let (at, end) = self.range();
        (end <= size).then(|| Reading { blob, at, end, unpacker: Unpacker::new(&self.path), over: false })
    }
}

/// Returns the letter of this key, with the place of its octets, if the person has it.
pub fn letter(view: &View, access: Access, key: LetterKey) -> Result<Option<(Row, BlobId)>, mailbox::Error> {
    let found = fetch::visible(view, access, key, Want { card: true, ..Want::ROW })?;
    Ok(found.and_then(|(_, row)| row.card.as_ref().map(|card| card.blob).map(|blob| (row, blob))))
}

/// The progress of reading a part.
pub struct Reading {
    blob: BlobId,
    at: u64,
    end: u64,
    unpacker: Unpacker,
    over: bool,
}

/// The octets of a letter that are read at one time.
const PIECE: u64 = 256 << 10;

impl Reading {
    /// Returns the next octets; `None` at the end.
    pub fn next(&mut self, view: &View) -> Result<Option<Bytes>, mailbox::Error> {
        if self.over {
            return Ok(None);
        }
        let octets = mailbox::body::read(view, self.blob, self.at..self.end.min(self.at.saturating_add(PIECE)))?;
        self.at += octets.len() as u64;
        let mut out = Vec::new();
        self.unpacker.push(&octets, &mut out);
        if self.at >= self.end || octets.is_empty() || self.unpacker.has_all() {
            self.unpacker.finish(&mut out);
            self.over = true;
        }
        Ok(Some(out.into()))
    }

    /// Returns all of it, if those are at most `most` octets.
    pub fn all(mut self, view: &View, most: usize) -> Result<Option<Vec<u8>>, mailbox::Error> {
        let mut octets = Vec::new();
        while let Some(piece) = self.next(view)? {
            octets.extend_from_slice(&piece);
            if octets.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(octets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_asked_for_by_the_id_that_jmap_gives_it() {
        let asked = |id: &str| Attached::read(id).map(|part| (part.key.0, part.range(), part.path.len()));
        assert_eq!(asked("L12-100_220b"), Some((12, (100, 220), 1)));
        assert_eq!(asked("L12-100_220b-5_9q"), Some((12, (100, 220), 2)));
        let deep = format!("L1{}", "-0_9b".repeat(DEEPEST + 1));
        for odd in ["", "m12", "L12", "L12-", "U3-0_9b", "L12-9_1b", "L12-0_9r", "L-0_9b", "L12-0_9b-x", &deep] {
            assert_eq!(asked(odd), None, "{odd}");
        }
        let part = Attached::read("L12-100_220b").unwrap();
        assert!(part.open(BlobId(1), 220).is_some() && part.open(BlobId(1), 219).is_none());
    }
}
