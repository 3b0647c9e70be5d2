//! Full text. The index lies in a file of its own that can be thrown away: it is filled again from the letters.

mod question;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::blob_files::BlobFiles;
use crate::engine::{Opened, Upkeep};
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::key::Key;
use crate::lane::{Lane, LaneOptions};
use crate::lock::wait_for_turn;
use crate::shrink;
use crate::sqlite::terms::{self, Known, Learned};
use crate::sqlite::{self, Durability, Setup, edition, pieces, seals, words};
use crate::statistics::Counters;
use crate::topic::Board;
use crate::turns::{Asker, Shares};
use crate::tx::Tx;
use crate::view::View;
use crate::writer::{self, Writer};

pub use question::{Answer, Document, Field, Fit, Form, HeaderField, Question, Run, SEALED, Wanted};

/// The full-text index of all accounts. Cheap to clone.
#[derive(Clone)]
pub struct SearchIndex(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    desk: RwLock<IndexSlot>,
    /// The number of times that it was asked.
    asked: AtomicU64,
}

/// The index is opened by the first caller that needs it: most commands never do.
enum IndexSlot {
    Unopened,
    Open(Arc<Index>),
    Closed,
}

struct Index {
    writer: Writer,
    /// Words that are on the list.
    known: Arc<Known>,
    readers: Lane,
    upkeep: Box<dyn Upkeep>,
}

impl SearchIndex {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(Arc::new(Shared {
            folder: folder.to_owned(),
            desk: RwLock::new(IndexSlot::Unopened),
            asked: AtomicU64::new(0),
        }))
    }

    /// Adds letters. `reached` is noted as the last letter looked at, be it in the batch or not. Letters that are in
    /// the index already are replaced.
    pub async fn add(&self, batch: Vec<Document>, reached: i64) -> Result<()> {
        let index = self.index()?;
        let known = Arc::clone(&index.known);
        let outcome = index.writer.write(Key::Everything, move |tx| put(tx, &known, &batch, Some(reached))).await;
        self.mend(&index, outcome.map(|learned| index.known.learn(learned)))
    }

    /// Removes letters. Such as are not in the index are passed over.
    pub async fn remove(&self, letters: Vec<i64>) -> Result<()> {
        let index = self.index()?;
        let remove = move |tx: &mut Tx| {
            letters.iter().try_for_each(|letter| forget(tx, *letter))?;
            terms::count_removed(tx, letters.len())
        };
        let outcome = index.writer.write(Key::Everything, remove).await;
        self.mend(&index, outcome)
    }

    /// The last letter that was looked at. 0: the index is new, or was damaged and begins again.
    pub async fn reached(&self) -> Result<i64> {
        let index = self.index()?;
        let outcome = index.readers.read(None, words::reached).await;
        self.mend(&index, outcome)
    }

    /// Does [`add`](Self::add) where blocking is allowed, for letters that were passed over: the noted progress
    /// stays.
    pub fn put_blocking(&self, batch: Vec<Document>) -> Result<()> {
        let index = self.index()?;
        let known = Arc::clone(&index.known);
        let outcome = index.writer.write_blocking(Key::Everything, move |tx| put(tx, &known, &batch, None));
        self.mend(&index, outcome.map(|learned| index.known.learn(learned)))
    }

    /// The letters that are in the index, at most `limit` of those behind `after`, ascending. It blocks.
    pub fn letters_blocking(&self, after: i64, limit: usize) -> Result<Vec<i64>> {
        let index = self.index()?;
        let outcome = index.readers.read_blocking(DEADLINE, move |view| words::letters(view, after, limit));
        self.mend(&index, outcome)
    }

    /// Forgets words that no letter has any more, some at a time. True: there are more to look at. Until enough letters have
    /// gone nothing is looked at, so that the list of words is never much longer than the letters account for.
    pub async fn tidy(&self, most: usize) -> Result<bool> {
        let index = self.index()?;
        if !index.readers.read(None, terms::is_untidy).await? {
            return Ok(false);
        }
        let known = Arc::clone(&index.known);
        let outcome = index.writer.write(Key::Everything, move |tx| terms::tidy(tx, &known, most)).await;
        self.mend(&index, outcome)
    }

    /// Answers some questions of a search at once, each for the whole account.
    pub async fn ask(&self, account: i64, questions: Vec<Question>) -> Result<Vec<Answer>> {
        self.0.asked.fetch_add(1, Relaxed);
        let index = self.index()?;
        let answer = move |view: &View| questions.iter().map(|question| answer(view, account, question)).collect();
        let outcome = index.readers.read(Some(Asker(account)), answer).await;
        self.mend(&index, outcome)
    }

    /// Returns how often [`ask`](Self::ask) was called since the store was opened.
    pub fn asked(&self) -> u64 {
        self.0.asked.load(Relaxed)
    }

    /// [`reached`](Self::reached) where blocking is allowed, such as within [`Store::read`](crate::Store::read).
    pub fn reached_blocking(&self) -> Result<i64> {
        let index = self.index()?;
        let outcome = index.readers.read_blocking(DEADLINE, words::reached);
        self.mend(&index, outcome)
    }

    /// Gives back some of the pages in which nothing lies. `true`: there may be more. An index that nobody has opened
    /// rests.
    pub(crate) fn shrink(&self, pages: u32) -> Result<bool> {
        let index = match &*self.0.desk.read().unwrap_or_else(PoisonError::into_inner) {
            IndexSlot::Open(index) => Arc::clone(index),
            IndexSlot::Unopened | IndexSlot::Closed => return Ok(false),
        };
        if !index.readers.read_blocking(DEADLINE, shrink::is_worth_it)? {
            return Ok(false);
        }
        index.writer.write_blocking(Key::Everything, move |tx| shrink::give_back(tx, pages)).map(|()| true)
    }

    pub(crate) fn close(&self) {
        let mut desk = self.0.desk.write().unwrap_or_else(PoisonError::into_inner);
        if let IndexSlot::Open(index) = std::mem::replace(&mut *desk, IndexSlot::Closed) {
            index.close();
        }
    }

    fn index(&self) -> Result<Arc<Index>> {
        match &*self.0.desk.read().unwrap_or_else(PoisonError::into_inner) {
            IndexSlot::Open(index) => return Ok(Arc::clone(index)),
            IndexSlot::Closed => return Err(Error::Closed),
            IndexSlot::Unopened => {}
        }
        let mut desk = self.0.desk.write().unwrap_or_else(PoisonError::into_inner);
        match &*desk {
            IndexSlot::Open(index) => Ok(Arc::clone(index)),
            IndexSlot::Closed => Err(Error::Closed),
            IndexSlot::Unopened => {
                let index = Arc::new(Index::open_or_begin_again(&self.0.folder)?);
                *desk = IndexSlot::Open(Arc::clone(&index));
                Ok(index)
            }
        }
    }

    /// Begins again with an empty index where this one is damaged.
    fn mend<T>(&self, index: &Arc<Index>, outcome: Result<T>) -> Result<T> {
        let Err(Error::Corrupt(why)) = &outcome else { return outcome };
        let mut desk = self.0.desk.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*desk, IndexSlot::Open(open) if Arc::ptr_eq(open, index)) {
            tracing::warn!(why, "the full-text index is damaged and will be built again");
            index.close();
            *desk = IndexSlot::Unopened;
            remove_files(&self.0.folder)?;
        }
        outcome
    }
}

impl Index {
    fn open_or_begin_again(folder: &Path) -> Result<Self> {
        // Two processes that make the file at once would trip over each other.
        let _turn = wait_for_turn(folder).map_err(|error| Error::Io(error.to_string()))?;
        match Self::open(folder) {
            Ok(Some(index)) => return Ok(index),
            Ok(None) => tracing::info!("the full-text index is from another release and will be built again"),
            Err(Error::Corrupt(why)) => {
                tracing::warn!(why, "the full-text index is damaged and will be built again");
            }
            Err(error) => return Err(error),
        }
        remove_files(folder)?;
        Self::open(folder)?.ok_or(Error::Corrupt("the new full-text index has no edition".into()))
    }

    /// `None`: it is of another edition.
    fn open(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join(FILE);
        let counters = Arc::<Counters>::default();
        let setup = Setup {
            file: &file,
            durability: Durability::Lazy,
            readers: &[2 << 20; READERS],
            cache_bytes: 4 << 20,
            max_pages: None,
        };
        let Opened { writer, readers, upkeep } = sqlite::open(&setup, &counters)?;
        if !edition::is_ours(&*writer)? {
            upkeep.close();
            return Ok(None);
        }
        let thread = |error: std::io::Error| Error::Io(error.to_string());
        let blob_files = Arc::new(BlobFiles::none());
        // A question may take long: each person has one at a time, and the index is filled beside them.
        let shares = Shares::long(READERS);
        let plan = LaneOptions { name: "search-reader", shares, deadline: DEADLINE, ends_at_once: false };
        let readers = Lane::start(&plan, readers, &blob_files, &counters).map_err(thread)?;
        let board = Arc::<Board>::default();
        let desk = writer::WriterParts {
            blob_files,
            board,
            counters,
            faults: Faults::default(),
            batch: GROUP,
            space: None,
            tables: Arc::default(),
        };
        let writer = Writer::start(writer, desk, QUEUE).map_err(thread)?;
        Ok(Some(Self { writer, known: Arc::default(), readers, upkeep }))
    }

    fn close(&self) {
        self.writer.close();
        self.readers.close();
        self.upkeep.close();
    }
}

/// Puts letters in, or in again, and says which words are on the list now.
fn put(tx: &mut Tx, known: &Known, batch: &[Document], reached: Option<i64>) -> Result<Learned> {
    let mut learned = known.learned();
    for document in batch {
        forget(tx, document.letter)?;
        words::add(tx, document)?;
        seals::add(tx, document)?;
        pieces::add(tx, document)?;
        terms::add(tx, known, document, &mut learned)?;
    }
    if let Some(reached) = reached {
        words::reach(tx, reached)?;
    }
    Ok(learned)
}

fn forget(tx: &mut Tx, letter: i64) -> Result<()> {
    words::remove(tx, letter)?;
    seals::remove(tx, letter)?;
    pieces::remove(tx, letter)
}

fn answer(view: &View, account: i64, question: &Question) -> Result<Answer> {
    let reached = words::reached(view)?;
    let (found, perhaps) = match question {
        Question::Words(wanted) => words::find(view, account, wanted)?,
        Question::Holds(field, piece) => pieces::find(view, account, *field, piece)?,
    };
    Ok(Answer { perhaps: perhaps - &found, found, reached })
}

fn remove_files(folder: &Path) -> Result<()> {
    for name in [FILE, "search.db-wal", "search.db-shm"] {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::Io(error.to_string())),
            _ => {}
        }
    }
    Ok(())
}

const FILE: &str = "search.db";
const READERS: usize = 2;
/// The longest time that one question may take.
const DEADLINE: Duration = Duration::from_secs(30);
const QUEUE: usize = 64;
const GROUP: usize = 16;
