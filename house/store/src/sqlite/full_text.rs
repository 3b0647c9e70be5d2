//! The full-text index in SQLite: FTS5, in a file of its own that can be thrown away.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::terms::{self, Known};
use super::{Durability, Setup, edition, pieces, seals, words};
use crate::engine::Opened;
use crate::engine::full_text::{AfterCommit, Found, FullText};
use crate::error::{Error, Result};
use crate::search::{Document, Question};
use crate::statistics::Counters;
use crate::tx::Tx;
use crate::view::View;

const FILE: &str = "search.db";
/// The files that SQLite keeps beside it.
const BESIDE: [&str; 2] = ["search.db-wal", "search.db-shm"];
/// Memory for pages of each connection that reads, and of the one that writes.
const READ_CACHE: u32 = 2 << 20;
const WRITE_CACHE: u32 = 4 << 20;

/// The index in a data folder.
pub(crate) struct SqliteFullText {
    folder: PathBuf,
    /// Words that are on the list.
    known: Arc<Known>,
}

impl SqliteFullText {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), known: Arc::default() }
    }
}

impl FullText for SqliteFullText {
    fn open(&self, readers: usize, counters: &Arc<Counters>) -> Result<Option<Opened>> {
        self.known.forget();
        let setup = Setup {
            file: &self.folder.join(FILE),
            durability: Durability::Lazy,
            readers: &vec![READ_CACHE; readers],
            cache_bytes: WRITE_CACHE,
            max_pages: None,
            unsettled: None,
        };
        let opened = super::open(&setup, counters)?;
        if edition::is_ours(&*opened.writer)? {
            return Ok(Some(opened));
        }
        opened.upkeep.close();
        Ok(None)
    }

    fn discard(&self) -> Result<()> {
        for name in BESIDE.iter().chain([&FILE]) {
            match std::fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::Io(error.to_string())),
                _ => {}
            }
        }
        Ok(())
    }

    fn put(&self, tx: &mut Tx, batch: &[Document]) -> Result<AfterCommit> {
        let mut learned = self.known.learned();
        for document in batch {
            forget(tx, document.letter)?;
            words::add(tx, document)?;
            seals::add(tx, document)?;
            pieces::add(tx, document)?;
            terms::add(tx, &self.known, document, &mut learned)?;
        }
        let known = Arc::clone(&self.known);
        Ok(Box::new(move || known.learn(learned)))
    }

    fn remove(&self, tx: &mut Tx, letters: &[i64]) -> Result<()> {
        letters.iter().try_for_each(|letter| forget(tx, *letter))?;
        terms::count_removed(tx, letters.len())
    }

    fn reach(&self, tx: &mut Tx, letter: i64) -> Result<()> {
        words::reach(tx, letter)
    }

    fn reached(&self, view: &View) -> Result<i64> {
        words::reached(view)
    }

    fn letters(&self, view: &View, after: i64, limit: usize) -> Result<Vec<i64>> {
        words::letters(view, after, limit)
    }

    fn find(&self, view: &View, account: i64, question: &Question) -> Result<Found> {
        match question {
            Question::Words(wanted) => words::find(view, account, wanted),
            Question::Holds(field, piece) => pieces::find(view, account, *field, piece),
        }
    }

    fn is_untidy(&self, view: &View) -> Result<bool> {
        terms::is_untidy(view)
    }

    fn tidy(&self, tx: &mut Tx, most: usize) -> Result<bool> {
        terms::tidy(tx, &self.known, most)
    }
}

fn forget(tx: &mut Tx, letter: i64) -> Result<()> {
    words::remove(tx, letter)?;
    seals::remove(tx, letter)?;
    pieces::remove(tx, letter)
}
