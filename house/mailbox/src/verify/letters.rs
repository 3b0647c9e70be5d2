//! Compares the columns that were computed when a letter was filed with those that its body gives.

use std::ops::ControlFlow;

use store::{BlobId, Tx, View, params};

use super::bodies::Damaged;
use super::fault::{Fault, Finding, Seen};
use super::index;
use super::work::{Looked, Verify};
use crate::letter::kept::Kept;
use crate::parse::column::is_of_earlier_reading;
use crate::parse::{Contents, Limits, Structure, Summary, scan};
use crate::{Error, LetterKey, body};

/// Letters read at once, and the octets of bodies that end a slice early.
const LETTERS: usize = 64;
const OCTETS: u64 = 8 << 20;

/// A letter that is compared.
struct Compared {
    kept: Kept,
    /// The number of its places, and the least and the greatest note of its attachments in one, if one has a note.
    places: i64,
    attached: [Option<bool>; 2],
    /// The length of the body; `None` if there is no body.
    length: Option<u64>,
}

/// The columns that parsing a body gives.
struct Parsed {
    summary: Vec<u8>,
    structure: Vec<u8>,
    attached: bool,
    length: u64,
}

/// Parses every letter anew. Tells also which letters have a damaged body, or none, and which lie in no folder.
pub(super) fn cards(
    verify: &Verify<'_>,
    damaged: &Damaged,
    looked: &mut Looked,
    tell: &mut dyn FnMut(Finding),
) -> Result<(), Error> {
    let mut after = LetterKey(0);
    loop {
        let slice = verify.store.read_blocking(move |view| slice(view, after))?;
        let Some(last) = slice.last() else { return Ok(()) };
        after = last.kept.letter;
        for one in &slice {
            looked.letters += 1;
            letter(verify, damaged, one, tell)?;
        }
    }
}

fn letter(verify: &Verify<'_>, damaged: &Damaged, one: &Compared, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    let kept = &one.kept;
    let key = kept.letter;
    let mut found = |fault, mended| -> Result<(), Error> {
        let letter = verify.store.read_blocking(move |view| Seen::look(view, key))?;
        tell(Finding { letter: Some(letter), ..Finding::of(fault, Some(kept.account), mended) });
        Ok(())
    };
    if one.places == 0 {
        found(Fault::NoFolder, false)?;
    }
    let blob = kept.blob;
    if one.length.is_none() {
        return found(Fault::Body { blob, why: format!("there is no {blob}") }, false);
    }
    if let Some(why) = damaged.get(&blob) {
        return found(Fault::Body { blob, why: why.clone() }, false);
    }
    let parsed = match verify.store.read_blocking(move |view| parse(view, blob)) {
        // It went, or it was damaged, since it was hashed: the next look tells.
        Err(Error::Store(error)) if crate::index::is_damage(&error) => return Ok(()),
        parsed => parsed?,
    };
    let Some(column) = difference(one, &parsed) else { return Ok(()) };
    let mended = verify.mend(move |tx| mend(tx, key, blob, &parsed))?;
    if mended {
        // The words of its header may be others.
        index::put(verify, key)?;
    }
    found(Fault::Card(column), mended)
}

fn slice(view: &View, after: LetterKey) -> Result<Vec<Compared>, Error> {
    let (mut letters, mut octets) = (Vec::new(), 0);
    let sql = format!(
        "SELECT {}, (SELECT COUNT(*) FROM entry e WHERE e.letter = l.letter), b.length,
         (SELECT MIN(e.attached) FROM entry e WHERE e.letter = l.letter),
         (SELECT MAX(e.attached) FROM entry e WHERE e.letter = l.letter)
         FROM letter l LEFT JOIN blob b ON b.id = l.blob WHERE l.letter > $1 ORDER BY l.letter LIMIT $2",
        Kept::COLUMNS
    );
    view.for_each(&sql, params![after.0, LETTERS], |row| {
        let one = Compared {
            kept: Kept::read(row)?,
            places: row.get(Kept::NEXT)?,
            length: row.get(Kept::NEXT + 1)?,
            attached: [row.get(Kept::NEXT + 2)?, row.get(Kept::NEXT + 3)?],
        };
        octets += one.kept.size;
        letters.push(one);
        Ok(if octets < OCTETS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(letters)
}

fn parse(view: &View, blob: BlobId) -> Result<Parsed, Error> {
    let raw = body::read_all(view, blob, 0..view.blob_len(blob)?)?;
    let structure = scan(&raw, Limits::default());
    Ok(Parsed {
        summary: Summary::parse(&raw).encode(),
        structure: structure.encode(),
        attached: Contents::of_octets(&structure, &raw).has_attachment(),
        length: raw.len() as u64,
    })
}

/// Returns the first column that differs from that of a new parse.
fn difference(one: &Compared, parsed: &Parsed) -> Option<&'static str> {
    let kept = &one.kept;
    if kept.size != parsed.length {
        return Some("size");
    }
    if !same_summary(&kept.summary, &parsed.summary) {
        return Some("summary");
    }
    if is_of_earlier_reading(&kept.structure) {
        // The column may tell of the parts otherwise than today's reading; it is whole, and of this body.
        let whole = Structure::decode(&kept.structure).is_some_and(|structure| reaches(&structure, parsed.length));
        return (!whole).then_some("structure");
    }
    if Structure::decode(&kept.structure).is_none() || kept.structure != parsed.structure {
        return Some("structure");
    }
    // None: nobody has looked yet.
    let mut attached = one.attached.into_iter().flatten();
    attached.any(|attached| attached != parsed.attached).then_some("attached")
}

/// One of an earlier reading is as good: that it can be read is all that can be said of it.
fn same_summary(kept: &[u8], parsed: &[u8]) -> bool {
    kept == parsed || (is_of_earlier_reading(kept) && Summary::decode(kept).is_some())
}

fn reaches(structure: &Structure, length: u64) -> bool {
    u64::from(structure.root.body.end) == length.min(u64::from(u32::MAX))
}

/// Counters of the folder follow when they are counted anew.
fn mend(tx: &mut Tx, letter: LetterKey, blob: BlobId, parsed: &Parsed) -> Result<bool, Error> {
    let changed = tx.execute(
        "UPDATE letter SET summary = $3, structure = $4, size = $5 WHERE letter = $1 AND blob = $2",
        params![letter.0, blob, parsed.summary, parsed.structure, parsed.length],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    tx.execute(
        "UPDATE entry SET size = $2, attached = $3 WHERE letter = $1",
        params![letter.0, parsed.length, parsed.attached],
    )?;
    Ok(true)
}
