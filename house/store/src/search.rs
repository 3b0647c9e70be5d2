//! Full text. The index can be thrown away: it is filled again from the letters. How it is kept and asked is the
//! engine's ([`FullText`]).

mod question;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::blob_files::BlobFiles;
use crate::engine::full_text::FullText;
use crate::engine::{Opened, Upkeep};
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::free_pages;
use crate::key::Key;
use crate::lane::{Lane, LaneOptions};
use crate::lock::wait_for_turn;
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
    full_text: Arc<dyn FullText>,
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
    full_text: Arc<dyn FullText>,
    writer: Writer,
    readers: Lane,
    upkeep: Box<dyn Upkeep>,
}

impl SearchIndex {
    pub(crate) fn new(folder: &Path, full_text: Arc<dyn FullText>) -> Self {
        Self(Arc::new(Shared {
            folder: folder.to_owned(),
            full_text,
            desk: RwLock::new(IndexSlot::Unopened),
            asked: AtomicU64::new(0),
        }))
    }

    /// Adds letters. `reached` is noted as the last letter looked at, be it in the batch or not. Letters that are in
    /// the index already are replaced.
    pub async fn add(&self, batch: Vec<Document>, reached: i64) -> Result<()> {
        let index = self.index()?;
        let full_text = Arc::clone(&index.full_text);
        let put = move |tx: &mut Tx| {
            let after_commit = full_text.put(tx, &batch)?;
            full_text.reach(tx, reached).map(|()| after_commit)
        };
        let outcome = index.writer.write(Key::Everything, put).await;
        self.mend(&index, outcome.map(|after_commit| after_commit()))
    }

    /// Removes letters. Such as are not in the index are passed over.
    pub async fn remove(&self, letters: Vec<i64>) -> Result<()> {
        let index = self.index()?;
        let full_text = Arc::clone(&index.full_text);
        let outcome = index.writer.write(Key::Everything, move |tx| full_text.remove(tx, &letters)).await;
        self.mend(&index, outcome)
    }

    /// The last letter that was looked at. 0: the index is new, or was damaged and begins again.
    pub async fn reached(&self) -> Result<i64> {
        let index = self.index()?;
        let full_text = Arc::clone(&index.full_text);
        let outcome = index.readers.read(None, move |view| full_text.reached(view)).await;
        self.mend(&index, outcome)
    }

    /// Does [`add`](Self::add) where blocking is allowed, for letters that were passed over: the noted progress
    /// stays.
    pub fn put_blocking(&self, batch: Vec<Document>) -> Result<()> {
        let index = self.index()?;
        let full_text = Arc::clone(&index.full_text);
        let outcome = index.writer.write_blocking(Key::Everything, move |tx| full_text.put(tx, &batch));
        self.mend(&index, outcome.map(|after_commit| after_commit()))
    }

    /// The letters that are in the index, at most `limit` of those behind `after`, ascending. It blocks.
    pub fn letters_blocking(&self, after: i64, limit: usize) -> Result<Vec<i64>> {
        let index = self.index()?;
        let full_text = Arc::clone(&index.full_text);
        let outcome = index.readers.read_blocking(DEADLINE, move |view| full_text.letters(view, after, limit));
        self.mend(&index, outcome)
    }

    /// Forgets words that no letter has any more, some at a time. True: there are more to look at. Until enough letters
    /// have gone nothing is looked at, so that the list of words is never much longer than the letters account for.
    pub async fn tidy(&self, most: usize) -> Result<bool> {
        let index = self.index()?;
        let full_text = Arc::clone(&index.full_text);
        if !index.readers.read(None, move |view| full_text.is_untidy(view)).await? {
            return Ok(false);
        }
        let full_text = Arc::clone(&index.full_text);
        let outcome = index.writer.write(Key::Everything, move |tx| full_text.tidy(tx, most)).await;
        self.mend(&index, outcome)
    }

    /// Answers some questions of a search at once, each for the whole account.
    pub async fn ask(&self, account: i64, questions: Vec<Question>) -> Result<Vec<Answer>> {
        self.0.asked.fetch_add(1, Relaxed);
        let index = self.index()?;
        let full_text = Arc::clone(&index.full_text);
        let answer = move |view: &View| {
            questions.iter().map(|question| answer(&*full_text, view, account, question)).collect::<Result<_>>()
        };
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
        let full_text = Arc::clone(&index.full_text);
        let outcome = index.readers.read_blocking(DEADLINE, move |view| full_text.reached(view));
        self.mend(&index, outcome)
    }

    /// Gives back some of the pages in which nothing lies. `true`: there may be more. An index that nobody has opened
    /// rests.
    pub(crate) fn shrink(&self, pages: u32) -> Result<bool> {
        let index = match &*self.0.desk.read().unwrap_or_else(PoisonError::into_inner) {
            IndexSlot::Open(index) => Arc::clone(index),
            IndexSlot::Unopened | IndexSlot::Closed => return Ok(false),
        };
        if !index.readers.read_blocking(DEADLINE, free_pages::has_some)? {
            return Ok(false);
        }
        index.writer.write_blocking(Key::Everything, move |tx| free_pages::give_back(tx, pages)).map(|()| true)
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
                let index = Arc::new(Index::open_or_begin_again(&self.0.folder, &self.0.full_text)?);
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
            self.0.full_text.discard()?;
        }
        outcome
    }
}

impl Index {
    fn open_or_begin_again(folder: &Path, full_text: &Arc<dyn FullText>) -> Result<Self> {
        // Two processes that make the index at once would trip over each other.
        let _turn = wait_for_turn(folder).map_err(|error| Error::Io(error.to_string()))?;
        match Self::open(full_text) {
            Ok(Some(index)) => return Ok(index),
            Ok(None) => tracing::info!("the full-text index is from another release and will be built again"),
            Err(Error::Corrupt(why)) => {
                tracing::warn!(why, "the full-text index is damaged and will be built again");
            }
            Err(error) => return Err(error),
        }
        full_text.discard()?;
        Self::open(full_text)?.ok_or(Error::Corrupt("the new full-text index has no edition".into()))
    }

    /// `None`: it is of another edition.
    fn open(full_text: &Arc<dyn FullText>) -> Result<Option<Self>> {
        let counters = Arc::<Counters>::default();
        let Some(Opened { writer, readers, upkeep }) = full_text.open(READERS, &counters)? else { return Ok(None) };
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
        Ok(Some(Self { full_text: Arc::clone(full_text), writer, readers, upkeep }))
    }

    fn close(&self) {
        self.writer.close();
        self.readers.close();
        self.upkeep.close();
    }
}

fn answer(full_text: &dyn FullText, view: &View, account: i64, question: &Question) -> Result<Answer> {
    let reached = full_text.reached(view)?;
    let (found, perhaps) = full_text.find(view, account, question)?;
    Ok(Answer { perhaps: perhaps - &found, found, reached })
}

const READERS: usize = 2;
/// The longest time that one question may take.
const DEADLINE: Duration = Duration::from_secs(30);
const QUEUE: usize = 64;
const GROUP: usize = 16;
