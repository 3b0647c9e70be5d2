//! Letters' bodies: kept once per content, counted, packed where that helps.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use crate::blob_files::{self, BlobFiles};
use crate::blob_id::BlobId;
use crate::error::{Error, Result};
use crate::flaw::Flaw;
use crate::frames::{self, Packed};
use crate::migration::Migration;
use crate::params;
use crate::tx::Tx;
use crate::value::{Row, Value};
use crate::view::View;

/// The tables of this room, in the order they came.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration { room: "store", number: 1, sql: FIRST }];

/// The tables keep more than their names say:
/// - `blob`: the blobs and the counts of their references. `blob_content` stands beside it, so that counting a
///   reference does not write the content again. The first frame is a column before the others: a reader of a
///   letter's header reads a page of it and not all that lies behind. `blob_file` answers whether a file is needed.
/// - `office`: one row, the name of the office, by which its database is known.
const FIRST: &str = "
CREATE TABLE blob (
    id {id},
    hash {blob} NOT NULL UNIQUE,
    length BIGINT NOT NULL,
    packed BIGINT NOT NULL,
    form BIGINT NOT NULL,
    refs BIGINT NOT NULL,
    file TEXT
);
CREATE INDEX blob_file ON blob (file) WHERE file IS NOT NULL;
CREATE TABLE blob_content (blob {key}, base BIGINT, head {blob} NOT NULL, bytes {blob} NOT NULL);
CREATE TABLE office (id {blob} NOT NULL);
";

/// A blob hashed and packed, and on the disk already if it is large, ready for [`Tx::put_blob`]. Dropped without being
/// put, it leaves nothing behind.
#[derive(Clone)]
pub struct PreparedBlob(Arc<Prepared>);

struct Prepared {
    hash: [u8; 32],
    length: u64,
    packed: u64,
    form: Form,
    place: Storage,
}

enum Storage {
    /// The first frame, and the others.
    Inline(Bytes, Bytes),
    File(NewBlobFile),
    /// Some bytes of its own, and then all of another blob.
    Before(Bytes, PreparedBlob),
}

/// A file that is removed again unless a row refers to it.
struct NewBlobFile {
    name: Box<str>,
    blob_files: Arc<BlobFiles>,
    adopted: AtomicBool,
}

/// The form in which the bytes of a blob are kept. The first two forms are no longer written: nothing in them tells
/// whether a part is what was kept, so a reader of a part looks at the whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Bare,
    BarePacked,
    Headed,
    Sealed,
    Packed,
}

impl Form {
    fn number(self) -> i64 {
        match self {
            Self::Bare => 0,
            Self::BarePacked => 1,
            Self::Headed => 2,
            Self::Sealed => 3,
            Self::Packed => 4,
        }
    }

    fn from_number(number: i64) -> Result<Self, Flaw> {
        match number {
            0 => Ok(Self::Bare),
            1 => Ok(Self::BarePacked),
            2 => Ok(Self::Headed),
            3 => Ok(Self::Sealed),
            4 => Ok(Self::Packed),
            _ => Err(Flaw::damaged(format!("its form {number} is unknown"))),
        }
    }

    fn has_checksums(self) -> bool {
        !matches!(self, Self::Bare | Self::BarePacked)
    }
}

impl PreparedBlob {
    /// Returns the number of bytes of the content.
    pub fn length(&self) -> u64 {
        self.0.length
    }

    /// Returns the hash that identifies it: the BLAKE3 hash of the content (for a headed blob, of its head and the
    /// other's hash).
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
            place: Storage::Before(head, self.clone()),
        }))
    }

    /// Returns how many syncs it took.
    pub(crate) fn syncs(&self) -> u64 {
        match &self.0.place {
            Storage::Inline(..) | Storage::Before(..) => 0,
            Storage::File(_) => 2,
        }
    }

    /// Returns true if this is the blob's file.
    pub(crate) fn is_in(&self, name: &str) -> bool {
        matches!(&self.0.place, Storage::File(file) if *file.name == *name)
    }

    /// A row refers to its file, or may do so: the file stays.
    pub(crate) fn adopt(&self) {
        if let Storage::File(file) = &self.0.place {
            file.adopted.store(true, Ordering::Release);
        }
    }
}

/// The name of `head` before a blob with this hash. Not the hash of the whole: that would read all the content again
/// for each head. It is as good a name.
pub(crate) fn headed_hash(behind: &[u8], head: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("facteur store: a head before a blob");
    hasher.update(behind).update(head);
    *hasher.finalize().as_bytes()
}

/// Returns true if a row of this form stands for a head before another blob.
pub(crate) fn is_headed(form: i64) -> bool {
    form == Form::Headed.number()
}

impl Drop for NewBlobFile {
    fn drop(&mut self) {
        if !self.adopted.load(Ordering::Acquire) {
            self.blob_files.remove(&self.name);
        }
    }
}

/// Hashes and packs; writes and syncs what is larger than `inline_max`.
pub(crate) fn prepare(blob_files: &Arc<BlobFiles>, content: &Bytes, inline_max: usize) -> Result<PreparedBlob> {
    let hash = *blake3::hash(content).as_bytes();
    let length = content.len() as u64;
    let packed = frames::pack(content);
    let seals = if packed.is_some() { Vec::new() } else { frames::seals(content) };
    let (form, stored, first) = match &packed {
        Some(Packed { bytes, first }) => (Form::Packed, vec![&bytes[..]], *first),
        None => (Form::Sealed, frames::sealed(content, &seals), at(frames::sealed_first(length))),
    };
    let packed = stored.iter().map(|part| part.len() as u64).sum();
    let place = if length <= inline_max as u64 {
        let mut rest = Bytes::from(stored.concat());
        let head = rest.split_to(first.min(rest.len()));
        Storage::Inline(head, rest)
    } else {
        let name = blob_files.keep(&stored)?;
        Storage::File(NewBlobFile { name, blob_files: Arc::clone(blob_files), adopted: AtomicBool::new(false) })
    };
    Ok(PreparedBlob(Arc::new(Prepared { hash, length, packed, form, place })))
}

pub(crate) fn put(tx: &mut Tx, blob: &PreparedBlob) -> Result<BlobId> {
    let Prepared { hash, length, packed, form, place } = &*blob.0;
    let file = match place {
        Storage::File(file) => Some(&*file.name),
        Storage::Inline(..) | Storage::Before(..) => None,
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
        Storage::Inline(head, rest) => {
            let sql = "INSERT INTO blob_content (blob, head, bytes) VALUES ($1, $2, $3)";
            tx.execute(sql, params![id, head, rest])?;
        }
        Storage::Before(head, base) => {
            let base = put(tx, base)?;
            let sql = "INSERT INTO blob_content (blob, base, head, bytes) VALUES ($1, $2, $3, $4)";
            tx.execute(sql, params![id, base, head, Bytes::new()])?;
        }
        Storage::File(file) => {
            // It may have been put before, and its row released since.
            if !file.blob_files.rescue(&file.name) {
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
    hash: &'r [u8],
    length: u64,
    packed: u64,
    form: Form,
    file: Option<&'r str>,
    base: Option<BlobId>,
    /// The hash of the base; nothing where that is not there.
    base_hash: &'r [u8],
    head: &'r [u8],
    /// The bytes behind the head; empty also if they were not asked for.
    rest: &'r [u8],
}

const HEAD: &str = "SELECT b.hash, b.length, b.packed, b.form, b.file, c.blob, c.base, h.hash, c.head
                    FROM blob b LEFT JOIN blob_content c ON c.blob = b.id LEFT JOIN blob h ON h.id = c.base
                    WHERE b.id = $1";
const ALL: &str = "SELECT b.hash, b.length, b.packed, b.form, b.file, c.blob, c.base, h.hash, c.head, c.bytes
                   FROM blob b LEFT JOIN blob_content c ON c.blob = b.id LEFT JOIN blob h ON h.id = c.base
                   WHERE b.id = $1";

/// The result of a look at the rows.
enum Looked {
    Read(Bytes),
    /// A range of which the second part lies in the blob behind this one. It is read when these rows are not walked
    /// through any more.
    Split {
        own: Bytes,
        base: BlobId,
        behind: Range<u64>,
    },
    /// This form can only be trusted as a whole, and the head alone was asked for.
    NeedsAll,
}

/// Reads a range of a blob. A damaged blob is an error and is never given; the log tells of it, once.
pub(crate) fn read(view: &View, blob: BlobId, range: Range<u64>) -> Result<Bytes> {
    read_checked(view, blob, range).inspect_err(|error| {
        if error.is_permanent() && !matches!(error, Error::NoBlob(_)) && view.blob_files().is_first_word_of(blob) {
            tracing::error!(%error, "a body cannot be read");
        }
    })
}

fn read_checked(view: &View, blob: BlobId, range: Range<u64>) -> Result<Bytes> {
    let head_only = range.end <= frames::FIRST as u64;
    let mut looked = Looked::NeedsAll;
    if head_only {
        looked = look(view, blob, HEAD, range.clone())?;
    }
    if let Looked::NeedsAll = looked {
        looked = look(view, blob, ALL, range)?;
    }
    match looked {
        Looked::Read(bytes) => Ok(bytes),
        Looked::Split { own, base, behind } => join(view, blob, own, base, behind),
        Looked::NeedsAll => Err(Error::Sql("all of a body was asked for and not given".to_owned())),
    }
}

/// Puts the range of the blob behind a headed one to what stands in front of it.
fn join(view: &View, headed: BlobId, own: Bytes, base: BlobId, behind: Range<u64>) -> Result<Bytes> {
    let length = behind.end - behind.start;
    let rest = read_checked(view, base, behind)?;
    if rest.len() as u64 != length {
        return Err(Flaw::damaged("it is shorter than it should be").of(headed));
    }
    if own.is_empty() { Ok(rest) } else { Ok([&own[..], &rest].concat().into()) }
}

fn look(view: &View, blob: BlobId, sql: &str, range: Range<u64>) -> Result<Looked> {
    let has_all = sql == ALL;
    let looked = view.query_opt(sql, params![blob], |row| {
        Ok(Kept::of(row, has_all).and_then(|kept| {
            if !has_all && kept.file.is_none() && !kept.form.has_checksums() {
                return Ok(Looked::NeedsAll);
            }
            match kept.form {
                Form::Headed => kept.split(view, range),
                _ => kept.read(view, range).map(Looked::Read),
            }
        }))
    })?;
    looked.ok_or(Error::NoBlob(blob))?.map_err(|flaw| flaw.of(blob))
}

impl<'r> Kept<'r> {
    fn of(row: &Row<'r>, has_all: bool) -> Result<Self, Flaw> {
        let file = match row.value(4)? {
            Value::Text(file) => Some(file),
            _ => None,
        };
        if file.is_none() && row.value(5)? == Value::Null {
            return Err(Flaw::Missing("the row of its content is not there".to_owned()));
        }
        Ok(Self {
            hash: row.bytes(0)?,
            length: row.get(1)?,
            packed: row.get(2)?,
            form: Form::from_number(row.get(3)?)?,
            file,
            base: row.get(6)?,
            base_hash: row.bytes(7)?,
            head: row.bytes(8)?,
            rest: if has_all { row.bytes(9)? } else { &[] },
        })
    }

    fn read(&self, view: &View, range: Range<u64>) -> Result<Bytes, Flaw> {
        let range = range.start.min(self.length)..range.end.min(self.length);
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        match self.file {
            _ if self.form.has_checksums() => self.range(view, range),
            Some(file) => {
                self.prove(view, file)?;
                self.range(view, range)
            }
            None => {
                let all = self.range(view, 0..self.length)?;
                self.compare(*blake3::hash(&all).as_bytes())?;
                Ok(all.slice(at(range.start)..at(range.end)))
            }
        }
    }

    /// A range of the content, as far as its form itself can tell that it is right.
    fn range(&self, view: &View, range: Range<u64>) -> Result<Bytes, Flaw> {
        let opened = self.file.map(|file| view.blob_files().get(file)).transpose()?;
        let fetch = |range: Range<u64>| match &opened {
            Some(file) => blob_files::read(file, range).map(Cow::Owned),
            None => self.part(range),
        };
        match self.form {
            Form::Headed | Form::Bare => fetch(range).map(|part| part.into_owned().into()),
            Form::Sealed => frames::unseal(self.length, range, fetch).map(Bytes::from),
            Form::BarePacked | Form::Packed => {
                let first = opened.is_none().then_some(self.head.len() as u64);
                frames::unpack(self.length, self.packed, first, range, fetch).map(Bytes::from)
            }
        }
    }

    /// Looks once at all of a file without checksums, for any part of it.
    fn prove(&self, view: &View, file: &str) -> Result<(), Flaw> {
        if view.blob_files().is_proven(file) {
            return Ok(());
        }
        let mut hasher = blake3::Hasher::new();
        let mut start = 0;
        while start < self.length {
            view.check()?;
            let end = self.length.min(start + PROVEN_AT_A_TIME);
            hasher.update(&self.range(view, start..end)?);
            start = end;
        }
        self.compare(*hasher.finalize().as_bytes())?;
        view.blob_files().note_proven(file);
        Ok(())
    }

    fn compare(&self, hash: [u8; 32]) -> Result<(), Flaw> {
        if *self.hash == hash { Ok(()) } else { Err(Flaw::damaged("its hash is another")) }
    }

    /// Divides a range of a headed blob: the octets that lie in its head, and the range of the blob behind it.
    fn split(&self, view: &View, range: Range<u64>) -> Result<Looked, Flaw> {
        let range = range.start.min(self.length)..range.end.min(self.length);
        if range.is_empty() {
            return Ok(Looked::Read(Bytes::new()));
        }
        let head = self.packed;
        let base = self.base.ok_or_else(|| Flaw::damaged("it has no blob behind it"))?;
        if self.base_hash.is_empty() {
            return Err(Flaw::Missing(format!("{base}, which stands behind it")));
        }
        if self.head.len() as u64 != head {
            return Err(Flaw::damaged("its head has another length"));
        }
        let own = self.range(view, range.start.min(head)..range.end.min(head))?;
        if !own.is_empty() {
            self.compare(headed_hash(self.base_hash, self.head))?;
        }
        let behind = range.start.saturating_sub(head)..range.end.saturating_sub(head);
        if behind.is_empty() { Ok(Looked::Read(own)) } else { Ok(Looked::Split { own, base, behind }) }
    }

    /// A range of the bytes in the row.
    fn part(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>, Flaw> {
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
        part.ok_or_else(|| Flaw::damaged("it is shorter than it should be"))
    }
}

/// Bytes of a file without checksums that are hashed at a time.
const PROVEN_AT_A_TIME: u64 = 1 << 20;

fn at(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// File names that are read in one statement.
const FILES: usize = 1000;

/// The names of all files that a row refers to, read in slices, at one state of the data.
pub(crate) fn files(view: &View) -> Result<HashSet<String>> {
    let (mut files, mut last) = (HashSet::new(), String::new());
    loop {
        let sql = "SELECT file FROM blob WHERE file > $1 ORDER BY file LIMIT $2";
        let some: Vec<String> = view.query(sql, params![last, FILES], |row| row.get(0))?;
        let Some(end) = some.last().cloned() else { return Ok(files) };
        files.extend(some);
        last = end;
    }
}

/// Returns true if a row refers to this file.
pub(crate) fn is_referred_to(view: &View, file: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM blob WHERE file = $1";
    Ok(view.query_opt(sql, params![file], |_| Ok(()))?.is_some())
}
