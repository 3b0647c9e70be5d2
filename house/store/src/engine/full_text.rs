//! The border between the full-text index as the rooms see it ([`SearchIndex`](crate::SearchIndex)) and the engine that
//! holds it.

use std::sync::Arc;

use roaring::RoaringTreemap;

use super::Opened;
use crate::error::Result;
use crate::search::{Document, Question};
use crate::statistics::Counters;
use crate::tx::Tx;
use crate::view::View;

/// The work that follows a write once it is on the disk. It is dropped if the write fails.
pub(crate) type AfterCommit = Box<dyn FnOnce() + Send>;

/// Letters that are as asked, and letters that may be.
pub(crate) type Found = (RoaringTreemap, RoaringTreemap);

/// A full-text index of all accounts. `search.rs` has the threads, the shares of those who ask, and what is done where
/// the index is damaged; the engine has the tables, and the statements that only it understands.
///
/// All that is in the index can be made again from the letters. So an engine may keep it in a database that is less
/// safe than that of the letters (SQLite: FTS5 in a file of its own), or beside them (PostgreSQL: a `tsvector` of each
/// letter, and the sessions are further ones of the same database).
pub(crate) trait FullText: Send + Sync {
    /// Opens the index, or makes an empty one, with as many sessions to read as are asked for. `None`: what is there is
    /// of another edition, and is to be discarded.
    fn open(&self, readers: usize, counters: &Arc<Counters>) -> Result<Option<Opened>>;
    /// Throws away what there is. Its sessions are closed before.
    fn discard(&self) -> Result<()>;
    /// Puts letters in, or in again.
    fn put(&self, tx: &mut Tx, batch: &[Document]) -> Result<AfterCommit>;
    /// Removes letters. Such as are not in the index are passed over.
    fn remove(&self, tx: &mut Tx, letters: &[i64]) -> Result<()>;
    /// Notes that every letter up to this one has been looked at.
    fn reach(&self, tx: &mut Tx, letter: i64) -> Result<()>;
    /// The last letter that was looked at; 0 in a new index.
    fn reached(&self, view: &View) -> Result<i64>;
    /// The letters that are in the index, at most `limit` of those behind `after`, ascending.
    fn letters(&self, view: &View, after: i64, limit: usize) -> Result<Vec<i64>>;
    /// The letters of an account that are as asked, and those that may be: only the letter itself can tell.
    fn find(&self, view: &View, account: i64, question: &Question) -> Result<Found>;
    /// Returns true if the index holds so much that no letter needs any more, such as words that no letter has, that
    /// [`tidy`](Self::tidy) is worth it.
    fn is_untidy(&self, view: &View) -> Result<bool>;
    /// Looks at `most` things whether a letter still needs them, and forgets those that none needs. True: there are
    /// more to look at.
    fn tidy(&self, tx: &mut Tx, most: usize) -> Result<bool>;
}
