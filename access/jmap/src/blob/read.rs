//! Octets of blobs: in pieces, decoded on the way, never more of a letter in memory than a piece.

use std::ops::Range;

use bytes::Bytes;
use mail::seam::AccountId;
use mailbox::parse::Encoding;
use mailbox::parse::decode::Decoder;
use store::{BlobId, View, params};

use super::{Base, Place, Step};

/// Octets read at once.
const PIECE: u64 = 256 * 1024;
/// The largest part that is taken out of a part.
const NESTED: usize = 50_000_000;

/// A blob that the account has.
#[derive(Clone, Debug)]
pub struct Opened {
    blob: BlobId,
    length: u64,
    steps: Vec<Step>,
}

/// Finds a blob of the account. None: it has none of this id (any more).
pub fn open(view: &View, account: AccountId, place: &Place) -> Result<Option<Opened>, store::Error> {
    let (sql, number) = match place.base {
        Base::Letter(letter) => (
            "SELECT l.blob, l.size FROM letter l
             JOIN entry e ON e.letter = l.letter JOIN folder f ON f.folder = e.folder
             WHERE l.letter = $1 AND l.account = $2 AND f.name IS NOT NULL AND (e.flags & 8) = 0",
            letter.0,
        ),
        Base::Upload(number) => ("SELECT blob, size FROM jmap_upload WHERE upload = $1 AND account = $2", number),
    };
    let found =
        view.query_opt(sql, params![number, account.0], |row| Ok((row.get::<BlobId>(0)?, row.get::<u64>(1)?)))?;
    let steps = place.steps.clone();
    let opened = found.map(|(blob, length)| Opened { blob, length, steps });
    // A part that reaches beyond the end is none of ours.
    Ok(opened.filter(|opened| opened.steps.first().is_none_or(|step| step.end <= opened.length)))
}

impl Opened {
    /// How many octets it has; none where only reading it all can tell.
    pub fn known_length(&self) -> Option<u64> {
        match self.steps.as_slice() {
            [] => Some(self.length),
            [Step { start, end, encoding: Encoding::Identity | Encoding::Unknown }] => Some(end - start),
            _ => None,
        }
    }

    /// How many octets it has at most: no encoding makes them more than those it stands in.
    pub fn greatest_length(&self) -> u64 {
        self.steps.first().map_or(self.length, |step| step.end.saturating_sub(step.start))
    }

    /// The same where only these octets are wanted of it, if it can be read from anywhere: what is encoded is read from
    /// its beginning.
    pub fn narrowed(&self, wanted: Range<u64>) -> Option<Self> {
        let length = self.known_length()?;
        let base = self.steps.first().map_or(0, |step| step.start);
        let (start, end) = (base + wanted.start.min(length), base + wanted.end.min(length));
        Some(Self { steps: vec![Step { start, end: end.max(start), encoding: Encoding::Identity }], ..self.clone() })
    }

    /// Octets that are in memory at one time while it is read, at most.
    pub fn at_once(&self) -> u64 {
        match self.steps.as_slice() {
            [] | [_] => 2 * PIECE,
            // As they stand in the letter, and taken out of one another.
            _ => self.greatest_length().saturating_mul(2),
        }
    }

    /// Looks whether all that it is made of can be read.
    pub fn prove(&self, view: &View) -> Result<(), store::Error> {
        let range = self.steps.first().map_or(0..self.length, |step| step.start..step.end);
        view.prove_blob(self.blob, range)
    }

    /// Reads it from its beginning.
    pub fn reader(&self) -> Reader {
        let first =
            self.steps.first().copied().unwrap_or(Step { start: 0, end: self.length, encoding: Encoding::Identity });
        Reader {
            blob: self.blob,
            at: first.start,
            end: first.end,
            decoder: Decoder::new(first.encoding),
            nested: self.steps.get(1..).unwrap_or_default().to_vec(),
            over: false,
        }
    }
}

/// How far a blob has been read.
pub struct Reader {
    blob: BlobId,
    at: u64,
    end: u64,
    decoder: Decoder,
    nested: Vec<Step>,
    over: bool,
}

impl Reader {
    /// The next octets; none at the end. Each call may see another state of the data: a blob that went meanwhile is an
    /// error.
    pub fn next(&mut self, view: &View) -> Result<Option<Bytes>, store::Error> {
        if !self.nested.is_empty() {
            return self.inner(view);
        }
        self.piece(view)
    }

    fn piece(&mut self, view: &View) -> Result<Option<Bytes>, store::Error> {
        if self.over {
            return Ok(None);
        }
        let mut out = Vec::new();
        let range = self.at..self.end.min(self.at.saturating_add(PIECE));
        let octets = view.read_blob(self.blob, range.clone())?;
        self.at += octets.len() as u64;
        self.decoder.push(&octets, &mut out);
        if self.at >= self.end || octets.is_empty() {
            self.decoder.finish(&mut out);
            self.over = true;
        }
        Ok(Some(out.into()))
    }

    /// Parts of encoded parts are rare, and read whole.
    fn inner(&mut self, view: &View) -> Result<Option<Bytes>, store::Error> {
        if self.over {
            return Ok(None);
        }
        let mut octets = Vec::new();
        while let Some(piece) = self.piece(view)? {
            octets.extend_from_slice(&piece);
            if octets.len() > NESTED {
                return Err(store::Error::TooLarge);
            }
        }
        for step in std::mem::take(&mut self.nested) {
            octets = part(&octets, &step);
        }
        Ok(Some(octets.into()))
    }
}

fn part(octets: &[u8], step: &Step) -> Vec<u8> {
    let range: Range<usize> = Range {
        start: usize::try_from(step.start).unwrap_or(usize::MAX),
        end: usize::try_from(step.end).unwrap_or(usize::MAX).min(octets.len()),
    };
    mailbox::parse::decode::body(step.encoding, octets.get(range).unwrap_or_default())
}

/// All octets of a blob, if they are no more than `most`.
pub fn whole(view: &View, opened: &Opened, most: usize) -> Result<Option<Bytes>, store::Error> {
    if opened.known_length().is_some_and(|length| length > most as u64) {
        return Ok(None);
    }
    let (mut reader, mut octets) = (opened.reader(), Vec::new());
    while let Some(piece) = reader.next(view)? {
        octets.extend_from_slice(&piece);
        if octets.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(octets.into()))
}
