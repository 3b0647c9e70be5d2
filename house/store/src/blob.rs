//! Letters' bodies: kept once per content, counted, packed where that helps.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::frames::{self, Packed};
use crate::migration::Migration;
use crate::params;
use crate::shelf::{self, Files, Shelf};
use crate::tx::Tx;
use crate::value::Value;
use crate::view::View;

/// The tables of this room.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    room: "store",
    number: 1,
    // The content stands beside, so that counting a reference does not write it again. Its first frame is a column
    // before the others: who wants the header of a letter reads a page of it and not all that lies behind.
    sql: "CREATE TABLE blob (
            id {id}, hash {blob} NOT NULL UNIQUE, length BIGINT NOT NULL, packed BIGINT NOT NULL,
            form BIGINT NOT NULL, refs BIGINT NOT NULL, file TEXT
          );
          CREATE TABLE blob_content (blob {key}, base BIGINT, head {blob} NOT NULL, bytes {blob} NOT NULL);",
}];

/// The number of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId(pub i64);

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blob {}", self.0)
    }
}

/// A blob hashed and packed, and on the disk already if it is large, ready for [`Tx::put_blob`]. Dropped without being
/// put, it leaves nothing behind.
#[derive(Clone)]
pub struct PreparedBlob(Arc<Prepared>);

struct Prepared {
    hash: [u8; 32],
    length: u64,
    packed: u64,
    form: Form,
    place: Place,
}

enum Place {
    /// The first frame, and the others.
    Inline(Bytes, Bytes),
    File(Shelved),
    /// Some bytes of its own, and then all of another blob.
    Before(Bytes, PreparedBlob),
}

/// A file that is removed again unless a row refers to it.
struct Shelved {
    name: Box<str>,
    shelf: Arc<Shelf>,
    adopted: AtomicBool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Packed,
    Headed,
}

impl Form {
    fn number(self) -> i64 {
        match self {
            Self::Plain => 0,
            Self::Packed => 1,
            Self::Headed => 2,
        }
    }

    fn from_number(number: i64) -> Result<Self> {
        match number {
            0 => Ok(Self::Plain),
            1 => Ok(Self::Packed),
            2 => Ok(Self::Headed),
            _ => Err(Error::Corrupt(format!("a body has the unknown form {number}"))),
        }
    }
}

impl PreparedBlob {
    /// How many bytes the content has.
    pub fn length(&self) -> u64 {
        self.0.length
    }

    /// What it is told apart by: the BLAKE3 hash of the content (for a headed blob, of its head and the other's hash).
    pub fn hash(&self) -> &[u8; 32] {
        &self.0.hash
    }

    /// `head` and then this content, as one blob. The content is kept once, however many heads it has: one letter to
    /// many people differs in a line or two.
    pub fn headed(&self, head: Bytes) -> Self {
        Self(Arc::new(Prepared {
            hash: headed_hash(&self.0.hash, &head),
            length: head.len() as u64 + self.0.length,
            packed: head.len() as u64,
            form: Form::Headed,
            place: Place::Before(head, self.clone()),
        }))
    }

    /// How many syncs it took.
    pub(crate) fn syncs(&self) -> u64 {
        match &self.0.place {
            Place::Inline(..) | Place::Before(..) => 0,
            Place::File(_) => 2,
        }
    }

    /// Is this its file?
    pub(crate) fn is_in(&self, name: &str) -> bool {
        matches!(&self.0.place, Place::File(file) if *file.name == *name)
    }

    /// A row refers to its file, or may do so: the file stays.
    pub(crate) fn adopt(&self) {
        if let Place::File(file) = &self.0.place {
            file.adopted.store(true, Ordering::Release);
        }
    }
}

/// The name of `head` before a blob with this hash. Not the hash of the whole: that would read all the content again for
/// each head. It is as good a name.
pub(crate) fn headed_hash(behind: &[u8], head: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("facteur store: a head before a blob");
    hasher.update(behind).update(head);
    *hasher.finalize().as_bytes()
}

/// Does a row of this form stand for a head before another blob?
pub(crate) fn is_headed(form: i64) -> bool {
    form == Form::Headed.number()
}

impl Drop for Shelved {
    fn drop(&mut self) {
        if !self.adopted.load(Ordering::Acquire) {
            self.shelf.remove(&self.name);
        }
    }
}

/// Hashes and packs; writes and syncs what is larger than `inline_max`.
pub(crate) fn prepare(shelf: &Arc<Shelf>, content: Bytes, inline_max: usize) -> Result<PreparedBlob> {
    let hash = *blake3::hash(&content).as_bytes();
    let length = content.len() as u64;
    let (form, mut stored, first) = match frames::pack(&content) {
        Some(Packed { bytes, first }) => (Form::Packed, Bytes::from(bytes), first),
        None => (Form::Plain, content, frames::FIRST),
    };
    let packed = stored.len() as u64;
    let place = if length <= inline_max as u64 {
        let head = stored.split_to(first.min(stored.len()));
        Place::Inline(head, stored)
    } else {
        let name = shelf.keep(&[&stored])?;
        Place::File(Shelved { name, shelf: Arc::clone(shelf), adopted: AtomicBool::new(false) })
    };
    Ok(PreparedBlob(Arc::new(Prepared { hash, length, packed, form, place })))
}

pub(crate) fn put(tx: &mut Tx, blob: &PreparedBlob) -> Result<BlobId> {
    let Prepared { hash, length, packed, form, place } = &*blob.0;
    let file = match place {
        Place::File(file) => Some(&*file.name),
        Place::Inline(..) | Place::Before(..) => None,
    };
    let (id, refs) = tx.query_one(
        "INSERT INTO blob (hash, length, packed, form, refs, file) VALUES ($1, $2, $3, $4, 1, $5)
         ON CONFLICT (hash) DO UPDATE SET refs = blob.refs + 1 RETURNING id, refs",
        params![hash, length, packed, form.number(), file],
        |row| Ok((row.get::<BlobId>(0)?, row.get::<i64>(1)?)),
    )?;
    if refs > 1 {
        return Ok(id);
    }
    match place {
        Place::Inline(head, rest) => {
            let sql = "INSERT INTO blob_content (blob, head, bytes) VALUES ($1, $2, $3)";
            tx.execute(sql, params![id, head, rest])?;
        }
        Place::Before(head, base) => {
            let base = put(tx, base)?;
            let sql = "INSERT INTO blob_content (blob, base, head, bytes) VALUES ($1, $2, $3, $4)";
            tx.execute(sql, params![id, base, head, Bytes::new()])?;
        }
        Place::File(file) => {
            // It may have been put before, and its row released since.
            if !file.shelf.rescue(&file.name) {
                return Err(Error::Io("a prepared body has been removed; prepare it again".to_owned()));
            }
            tx.effects().adopted.push(blob.clone());
        }
    }
    Ok(id)
}

pub(crate) fn keep(tx: &mut Tx, blob: BlobId) -> Result<()> {
    match tx.execute("UPDATE blob SET refs = refs + 1 WHERE id = $1", params![blob])? {
        0 => Err(Error::NoBlob(blob)),
        _ => Ok(()),
    }
}

pub(crate) fn release(tx: &mut Tx, blob: BlobId) -> Result<()> {
    let refs = tx.query_opt("UPDATE blob SET refs = refs - 1 WHERE id = $1 RETURNING refs", params![blob], |row| {
        row.get::<i64>(0)
    })?;
    match refs {
        None => Err(Error::NoBlob(blob)),
        Some(refs) if refs > 0 => Ok(()),
        Some(_) => forget(tx, blob),
    }
}

fn forget(tx: &mut Tx, blob: BlobId) -> Result<()> {
    let file = tx.query_one("DELETE FROM blob WHERE id = $1 RETURNING file", params![blob], |row| {
        Ok(row.get::<Option<String>>(0)?.map(String::into_boxed_str))
    })?;
    match file {
        Some(file) => tx.effects().released.push(file),
        None => {
            let sql = "DELETE FROM blob_content WHERE blob = $1 RETURNING base";
            if let Some(base) = tx.query_one(sql, params![blob], |row| row.get(0))? {
                release(tx, base)?;
            }
        }
    }
    Ok(())
}

pub(crate) fn length(view: &View, blob: BlobId) -> Result<u64> {
    view.query_opt("SELECT length FROM blob WHERE id = $1", params![blob], |row| row.get(0))?.ok_or(Error::NoBlob(blob))
}

/// A blob as its rows say, while they are under the cursor.
struct Kept<'r> {
    id: BlobId,
    length: u64,
    packed: u64,
    form: Form,
    file: Option<&'r str>,
    base: Option<BlobId>,
    head: &'r [u8],
    /// What stands behind the head; empty also where it was not asked for.
    rest: &'r [u8],
}

const HEAD: &str = "SELECT b.length, b.packed, b.form, b.file, c.base, c.head
                    FROM blob b LEFT JOIN blob_content c ON c.blob = b.id WHERE b.id = $1";
const ALL: &str = "SELECT b.length, b.packed, b.form, b.file, c.base, c.head, c.bytes
                   FROM blob b LEFT JOIN blob_content c ON c.blob = b.id WHERE b.id = $1";

pub(crate) fn read(view: &View, blob: BlobId, range: Range<u64>) -> Result<Bytes> {
    let head_only = range.end <= frames::FIRST as u64;
    let found = view.query_opt(if head_only { HEAD } else { ALL }, params![blob], |row| {
        let file = match row.value(3)? {
            Value::Text(file) => Some(file),
            _ => None,
        };
        let (length, packed, form) = (row.get(0)?, row.get(1)?, Form::from_number(row.get(2)?)?);
        let rest = if head_only { &[] } else { row.bytes(6)? };
        let kept = Kept { id: blob, length, packed, form, file, base: row.get(4)?, head: row.bytes(5)?, rest };
        kept.read(view, range)
    })?;
    found.ok_or(Error::NoBlob(blob))
}

impl Kept<'_> {
    fn read(&self, view: &View, range: Range<u64>) -> Result<Bytes> {
        let range = range.start.min(self.length)..range.end.min(self.length);
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        match (self.form, self.file) {
            (Form::Headed, _) => self.headed(view, range),
            (Form::Plain, None) => self.part(range).map(|part| part.into_owned().into()),
            (Form::Packed, None) => {
                let first = Some(self.head.len() as u64);
                frames::unpack(self.length, self.packed, first, range, |range| self.part(range)).map(Bytes::from)
            }
            (Form::Plain, Some(file)) => shelf::read(&view.shelf().get(file)?, range).map(Bytes::from),
            (Form::Packed, Some(file)) => {
                let file = view.shelf().get(file)?;
                frames::unpack(self.length, self.packed, None, range, |range| shelf::read(&file, range))
                    .map(Bytes::from)
            }
        }
    }

    /// What of the range lies in the head, and what in the blob behind it.
    fn headed(&self, view: &View, range: Range<u64>) -> Result<Bytes> {
        let head = self.packed;
        let own = self.part(range.start.min(head)..range.end.min(head))?;
        let behind = range.start.saturating_sub(head)..range.end.saturating_sub(head);
        if behind.is_empty() {
            return Ok(own.into_owned().into());
        }
        let base = self.base.ok_or_else(|| Error::Corrupt(format!("{} has no blob behind it", self.id)))?;
        let rest = read(view, base, behind)?;
        if own.is_empty() { Ok(rest) } else { Ok([&own[..], &rest].concat().into()) }
    }

    /// A range of the bytes in the row.
    fn part(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        let (start, end) = (at(range.start), at(range.end));
        let head = self.head.len();
        let part = if end <= head {
            self.head.get(start..end).map(Cow::Borrowed)
        } else if start >= head {
            self.rest.get(start - head..end - head).map(Cow::Borrowed)
        } else {
            let parts = self.head.get(start..).zip(self.rest.get(..end - head));
            parts.map(|(head, rest)| Cow::Owned([head, rest].concat()))
        };
        part.ok_or_else(|| Error::Corrupt(format!("{} is shorter than it should be", self.id)))
    }
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Of these files, those that no row refers to.
pub(crate) fn orphans(view: &View, mut files: Files) -> Result<Files> {
    view.for_each("SELECT file FROM blob WHERE file IS NOT NULL", params![], |row| {
        files.remove(row.text(0)?);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(files)
}
