//! A letter that has to be opened, each part of it read once, and no more of it than is asked for.

use mail::header;
use store::{BlobId, View, params};

use super::sought::Sought;
use super::test::has;
use crate::fetch::Row;
use crate::index::said::Said;
use crate::parse::Contents;
use crate::{Error, Piece, Structure, Summary, body, index};

/// Octets at the start of a letter that are read for its header. Nearly all headers end within them, and they are
/// unpacked without the body.
const HEAD: u64 = 8 * 1024;

pub struct Candidate<'a> {
    view: &'a View,
    row: &'a Row,
    kept: Option<Kept>,
    header: Option<bytes::Bytes>,
    said: Option<Said>,
}

/// The columns that are kept of the letter beside its bytes.
struct Kept {
    blob: BlobId,
    summary: Summary,
    structure: Vec<u8>,
}

impl<'a> Candidate<'a> {
    pub fn new(view: &'a View, row: &'a Row) -> Self {
        Self { view, row, kept: None, header: None, said: None }
    }

    /// Returns true if a field of this name contains the text in its exact form.
    pub fn header_has(&mut self, name: &str, text: &str) -> Result<bool, Error> {
        let header = match self.header.take() {
            Some(header) => header,
            None => self.read_header()?,
        };
        let found = header::fields(&header).any(|field| field.is(name) && has(&field.value(), text));
        self.header = Some(header);
        Ok(found)
    }

    /// Returns true if the kept field contains the text.
    pub fn piece_has(&mut self, piece: Piece, text: &str) -> Result<bool, Error> {
        let summary = &self.kept()?.summary;
        let found = summary.piece(piece).is_some_and(|value| has(value, text));
        let is_partial = summary.is_partial(piece);
        Ok(found || (is_partial && self.header_has(piece.name(), text)?))
    }

    /// Returns true if there is something in the letter that a person would save.
    pub fn has_attachment(&mut self) -> Result<bool, Error> {
        let (structure, view) = (self.structure()?, self.view);
        let blob = self.kept()?.blob;
        let contents = Contents::of(&structure, |range| body::read_all(view, blob, range).map(bytes::Bytes::from))?;
        Ok(contents.has_attachment())
    }

    /// Returns true if the letter has the text that is looked for.
    pub fn says(&mut self, sought: &Sought) -> Result<bool, Error> {
        let said = match self.said.take() {
            Some(said) => said,
            None => {
                let (structure, view) = (self.structure()?, self.view);
                let kept = self.kept()?;
                // However long it is: one letter is read at a time.
                Said::read(view, kept.blob, &kept.summary, &structure, u32::MAX as usize)?
            }
        };
        Ok(self.said.insert(said).has(sought))
    }

    fn kept(&mut self) -> Result<&Kept, Error> {
        let kept = match self.kept.take() {
            Some(kept) => kept,
            None => {
                let sql = "SELECT blob, summary, structure FROM letter WHERE letter = $1";
                self.view.query_one(sql, params![self.row.letter.0], |row| {
                    // A damaged column reads as an empty letter; the bytes themselves are still there.
                    let summary = Summary::decode(row.bytes(1)?).unwrap_or_default();
                    Ok(Kept { blob: row.get(0)?, summary, structure: row.bytes(2)?.to_vec() })
                })?
            }
        };
        Ok(self.kept.insert(kept))
    }

    fn structure(&mut self) -> Result<Structure, Error> {
        Ok(Structure::decode(&self.kept()?.structure).unwrap_or_default())
    }

    fn read_header(&mut self) -> Result<bytes::Bytes, Error> {
        let view = self.view;
        let blob = match &self.row.card {
            Some(card) => card.blob,
            None => self.kept()?.blob,
        };
        let head = match body::read(view, blob, 0..HEAD) {
            // A damaged letter has no header any more, and the others are searched.
            Err(Error::Store(error)) if index::is_damage(&error) => return Ok(bytes::Bytes::new()),
            head => head?,
        };
        if (head.len() as u64) < HEAD || header::body_start(&head) < head.len() {
            return Ok(head);
        }
        let structure = self.structure()?;
        body::header(view, blob, &structure)
    }
}
