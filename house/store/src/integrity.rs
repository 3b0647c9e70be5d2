//! Is what lies on the disk what was put there? Looked at in slices, beside the work.

use std::ops::Range;

use crate::blob;
use crate::blob_id::BlobId;
use crate::depth::Depth;
use crate::error::{Error, Result};
use crate::params;
use crate::store::Store;
use crate::view::View;

/// A blob as its row tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobEntry {
    /// Its number.
    pub id: BlobId,
    /// The number of bytes of its content.
    pub length: u64,
    /// The number of references that are counted. Each other blob that has this one as its `base` is one of them.
    pub references: i64,
    /// The blob whose content stands behind its own head, for one made with
    /// [`PreparedBlob::headed`](crate::PreparedBlob::headed).
    pub base: Option<BlobId>,
}

/// The state of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobState {
    /// Its content has the hash and the length under which it was put.
    Sound,
    /// It is something else, or cannot be unpacked; the text says which.
    Damaged(String),
    /// Its row is there and its content is not: where it should be.
    Missing(String),
}

/// A body is hashed in pieces of so many bytes.
const PIECE: u64 = 1 << 20;

impl Store {
    /// The names of all tables, each to be given to [`check_table`](Self::check_table). It blocks.
    pub fn tables(&self) -> Result<Vec<String>> {
        self.inspector()?.tables()
    }

    /// Looks at one table with its indexes, on a connection of its own, so that no read and no write waits for it.
    /// Returns what is damaged, in the words of the database: nothing if the table is sound. It blocks, for as
    /// long as it takes to read the table; it ends with [`Error::Interrupted`] when the store closes.
    pub fn check_table(&self, table: &str, depth: Depth) -> Result<Vec<String>> {
        self.inspector()?.check_table(table, depth)
    }
}

impl View {
    /// Returns at most `limit` blobs behind `after` in the order of their numbers; `BlobId(0)` is before all.
    pub fn blobs_after(&self, after: BlobId, limit: usize) -> Result<Vec<BlobEntry>> {
        let sql = "SELECT b.id, b.length, b.refs, c.base FROM blob b LEFT JOIN blob_content c ON c.blob = b.id
                   WHERE b.id > $1 ORDER BY b.id LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.query(sql, params![after, limit], |row| {
            Ok(BlobEntry { id: row.get(0)?, length: row.get(1)?, references: row.get(2)?, base: row.get(3)? })
        })
    }

    /// Reads a blob and compares it with its name. An error is one that says nothing about the blob: it is gone
    /// ([`Error::NoBlob`]), or the disk does not answer. The content behind the head of a headed blob is not read: it
    /// has an entry of its own.
    pub fn check_blob(&self, blob: BlobId) -> Result<BlobState> {
        match Named::find(self, blob)?.compare(self) {
            Err(Error::Corrupt(what) | Error::Damaged { what, .. }) => Ok(BlobState::Damaged(what)),
            Err(Error::Missing { what, .. }) => Ok(BlobState::Missing(what)),
            outcome => outcome,
        }
    }
}

/// The facts that the rows of a blob promise.
struct Named {
    id: BlobId,
    hash: [u8; 32],
    length: u64,
    head_length: u64,
    is_headed: bool,
    file: Option<String>,
    has_content: bool,
    base: Option<BlobId>,
}

impl Named {
    fn find(view: &View, id: BlobId) -> Result<Self> {
        let sql = "SELECT b.hash, b.length, b.packed, b.form, b.file, c.blob, c.base
                   FROM blob b LEFT JOIN blob_content c ON c.blob = b.id WHERE b.id = $1";
        let found = view.query_opt(sql, params![id], |row| {
            Ok(Self {
                id,
                hash: row.bytes(0)?.try_into().map_err(|_| Error::Corrupt(format!("{id} has no hash")))?,
                length: row.get(1)?,
                head_length: row.get(2)?,
                is_headed: blob::is_headed(row.get(3)?),
                file: row.get(4)?,
                has_content: row.get::<Option<i64>>(5)?.is_some(),
                base: row.get(6)?,
            })
        })?;
        found.ok_or(Error::NoBlob(id))
    }

    fn compare(&self, view: &View) -> Result<BlobState> {
        match &self.file {
            Some(file) if !view.blob_files().holds(file)? => {
                return Ok(BlobState::Missing(view.blob_files().shown(file)));
            }
            None if !self.has_content => return Ok(BlobState::Missing(format!("the content of {}", self.id))),
            _ => {}
        }
        let hash = if self.is_headed { self.hash_of_headed(view)? } else { self.hash_of_all(view)? };
        Ok(match hash {
            Some(hash) if hash == self.hash => BlobState::Sound,
            Some(_) => BlobState::Damaged(format!("{} is not what was put there: its hash is another", self.id)),
            None => BlobState::Missing(format!("the content behind the head of {}", self.id)),
        })
    }

    fn hash_of_all(&self, view: &View) -> Result<Option<[u8; 32]>> {
        let mut hasher = blake3::Hasher::new();
        let mut at = 0;
        while at < self.length {
            view.check()?;
            let piece = view.read_blob(self.id, piece(at, self.length))?;
            if piece.is_empty() {
                return Err(Error::Corrupt(format!("{} is shorter than it should be", self.id)));
            }
            hasher.update(&piece);
            at += piece.len() as u64;
        }
        Ok(Some(*hasher.finalize().as_bytes()))
    }

    /// `None`: there is nothing behind the head.
    fn hash_of_headed(&self, view: &View) -> Result<Option<[u8; 32]>> {
        let Some(base) = self.base else { return Ok(None) };
        let sql = "SELECT hash, length FROM blob WHERE id = $1";
        let behind = view.query_opt(sql, params![base], |row| Ok((row.get::<Vec<u8>>(0)?, row.get::<u64>(1)?)))?;
        let Some((hash, length)) = behind else { return Ok(None) };
        if self.head_length.checked_add(length) != Some(self.length) {
            return Err(Error::Corrupt(format!("{} has not the length of its parts", self.id)));
        }
        let head = view.read_blob(self.id, 0..self.head_length)?;
        Ok(Some(blob::headed_hash(&hash, &head)))
    }
}

fn piece(at: u64, length: u64) -> Range<u64> {
    at..length.min(at + PIECE)
}
