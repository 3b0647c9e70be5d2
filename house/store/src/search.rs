//! Full text. The index lies in a file of its own that can be thrown away: it is filled again from the letters.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use roaring::RoaringTreemap;

use crate::engine::{Opened, Upkeep};
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::lane::{Lane, Plan};
use crate::lock::wait_for_turn;
use crate::shelf::Shelf;
use crate::shrink;
use crate::sqlite::{self, Durability, Setup, pieces, words};
use crate::statistics::Counters;
use crate::store::Asker;
use crate::topic::Board;
use crate::turns::Shares;
use crate::tx::Tx;
use crate::view::View;
use crate::writer::{self, Writer};

/// Part of a letter in which words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// Sender: From, Sender, Reply-To.
    From,
    /// Recipients: To, Cc, Bcc.
    To,
    /// The subject.
    Subject,
    /// Text of the body.
    Body,
    /// Names and text of attachments.
    Attachment,
}

impl Field {
    pub(crate) const ALL: [Self; 5] = [Self::From, Self::To, Self::Subject, Self::Body, Self::Attachment];
}

/// A letter to be indexed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The number of the letter.
    pub letter: i64,
    /// The account it belongs to.
    pub account: i64,
    /// The words of each field, in order, stemmed and in lower case already, with white space between them.
    pub texts: Vec<(Field, String)>,
    /// The values of its header fields, folded, of which any piece can be looked for. A field may have several.
    pub values: Vec<(HeaderField, String)>,
    /// The fields of which more is in the letter than stands in `values`.
    pub partial: Vec<HeaderField>,
}

/// A field of the header. What the numbers mean is the caller's; fields on one shelf share their values, as those that
/// hold message ids do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderField {
    /// Where its values stand.
    pub shelf: u8,
    /// Which field it is.
    pub number: u8,
}

/// What the index is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// Which letters have the words?
    Words(Query),
    /// Which letters have this piece of text in a value of the field? Folded as the values are; no text is in each value.
    Holds(HeaderField, String),
}

/// What the index says to a question, as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Letters that are as asked.
    pub found: RoaringTreemap,
    /// Letters that may be.
    pub perhaps: RoaringTreemap,
    /// Letters above this one have not been looked at.
    pub reached: i64,
}

impl Answer {
    /// Is the letter as asked? `None`: only the letter itself can tell.
    pub fn says(&self, letter: i64) -> Option<bool> {
        let number = u64::try_from(letter).unwrap_or_default();
        if self.found.contains(number) {
            return Some(true);
        }
        (letter <= self.reached && !self.perhaps.contains(number)).then_some(false)
    }
}

/// How far the index has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The last letter whose words were looked at.
    pub words: i64,
    /// The last letter whose header fields were looked at: less in an index that was filled before it had them.
    pub values: i64,
}

/// What to look for. Words are given as they were indexed: stemmed and in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Query {
    /// These words one after the other, in one field or (`None`) in any one field.
    Phrase {
        /// Where.
        field: Option<Field>,
        /// The words. No words are found in every letter.
        words: Vec<String>,
        /// The last word may be the beginning of a longer one.
        prefix_last: bool,
    },
    /// All of these. All of nothing is every letter.
    And(Vec<Query>),
    /// Any of these. Any of nothing is no letter.
    Or(Vec<Query>),
    /// Every letter but these.
    Not(Box<Query>),
}

/// The full-text index of all accounts. Cheap to clone.
#[derive(Clone)]
pub struct SearchIndex(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    desk: RwLock<Desk>,
    /// How often it was asked.
    asked: AtomicU64,
}

/// The index is opened by who needs it first: most commands never do.
enum Desk {
    Unopened,
    Open(Arc<Index>),
    Closed,
}

struct Index {
    writer: Writer,
    readers: Lane,
    upkeep: Box<dyn Upkeep>,
}

impl SearchIndex {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(Arc::new(Shared {
            folder: folder.to_owned(),
            desk: RwLock::new(Desk::Unopened),
            asked: AtomicU64::new(0),
        }))
    }

    /// Adds letters. `reached` is noted as the last letter looked at, be it in the batch or not. Letters that are in
    /// the index already are replaced.
    pub async fn add(&self, batch: Vec<Document>, reached: i64) -> Result<()> {
        let index = self.index()?;
        let add = move |tx: &mut Tx| {
            // Where the header fields are behind, they are first brought up to the words.
            if pieces::reached(tx)? >= words::reached(tx)? {
                pieces::add(tx, &batch, reached)?;
            }
            words::add(tx, &batch, reached)
        };
        let outcome = index.writer.write(add).await;
        self.mend(&index, outcome)
    }

    /// Adds the header fields of letters whose words are there already, up to `reached`.
    pub async fn add_values(&self, batch: Vec<Document>, reached: i64) -> Result<()> {
        let index = self.index()?;
        let outcome = index.writer.write(move |tx| pieces::add(tx, &batch, reached)).await;
        self.mend(&index, outcome)
    }

    /// Removes letters. Such as are not in the index are passed over.
    pub async fn remove(&self, letters: Vec<i64>) -> Result<()> {
        let index = self.index()?;
        let remove = move |tx: &mut Tx| {
            letters.iter().try_for_each(|letter| {
                words::remove(tx, *letter)?;
                pieces::remove(tx, *letter)
            })
        };
        let outcome = index.writer.write(remove).await;
        self.mend(&index, outcome)
    }

    /// The last letter that was looked at. 0: the index is new, or was damaged and begins again.
    pub async fn reached(&self) -> Result<i64> {
        let index = self.index()?;
        let outcome = index.readers.read(None, words::reached).await;
        self.mend(&index, outcome)
    }

    /// [`add`](Self::add) where blocking is allowed, for letters that were passed over: what is noted as reached stays.
    pub fn put_blocking(&self, batch: Vec<Document>) -> Result<()> {
        let index = self.index()?;
        let put = move |tx: &mut Tx| {
            words::put(tx, &batch)?;
            pieces::put(tx, &batch)
        };
        let outcome = index.writer.write_blocking(put);
        self.mend(&index, outcome)
    }

    /// The letters that are in the index, at most `limit` of those behind `after`, ascending. It blocks.
    pub fn letters_blocking(&self, after: i64, limit: usize) -> Result<Vec<i64>> {
        let index = self.index()?;
        let outcome = index.readers.read_blocking(DEADLINE, move |view| words::letters(view, after, limit));
        self.mend(&index, outcome)
    }

    /// How far words and header fields have come.
    pub async fn progress(&self) -> Result<Reached> {
        let index = self.index()?;
        let look = |view: &View| Ok(Reached { words: words::reached(view)?, values: pieces::reached(view)? });
        let outcome = index.readers.read(None, look).await;
        self.mend(&index, outcome)
    }

    /// Answers all questions of one search at once, each for the whole account.
    pub async fn ask(&self, account: i64, questions: Vec<Question>) -> Result<Vec<Answer>> {
        self.0.asked.fetch_add(1, Relaxed);
        let index = self.index()?;
        let answer = move |view: &View| questions.iter().map(|question| answer(view, account, question)).collect();
        let outcome = index.readers.read(Some(Asker(account)), answer).await;
        self.mend(&index, outcome)
    }

    /// How often [`ask`](Self::ask) was called since the store was opened.
    pub fn asked(&self) -> u64 {
        self.0.asked.load(Relaxed)
    }

    /// [`reached`](Self::reached) where blocking is allowed, such as within [`Store::read`](crate::Store::read).
    pub fn reached_blocking(&self) -> Result<i64> {
        let index = self.index()?;
        let outcome = index.readers.read_blocking(DEADLINE, words::reached);
        self.mend(&index, outcome)
    }

    /// Letters of an account that match, the newest (highest) first, below `before` where that is given.
    pub async fn query(&self, account: i64, query: &Query, before: Option<i64>, limit: usize) -> Result<Vec<i64>> {
        let (index, query) = (self.index()?, query.clone());
        let outcome = index.readers.read(None, move |view| words::find(view, account, &query, before, limit)).await;
        self.mend(&index, outcome)
    }

    /// [`query`](Self::query) where blocking is allowed, such as within [`Store::read`](crate::Store::read).
    pub fn query_blocking(&self, account: i64, query: &Query, before: Option<i64>, limit: usize) -> Result<Vec<i64>> {
        let (index, query) = (self.index()?, query.clone());
        let find = move |view: &View| words::find(view, account, &query, before, limit);
        let outcome = index.readers.read_blocking(DEADLINE, find);
        self.mend(&index, outcome)
    }

    /// Gives back some of the pages in which nothing lies. `true`: there may be more. An index that nobody has opened
    /// rests.
    pub(crate) fn shrink(&self, pages: u32) -> Result<bool> {
        let index = match &*self.0.desk.read().unwrap_or_else(PoisonError::into_inner) {
            Desk::Open(index) => Arc::clone(index),
            Desk::Unopened | Desk::Closed => return Ok(false),
        };
        if !index.readers.read_blocking(DEADLINE, shrink::is_worth_it)? {
            return Ok(false);
        }
        index.writer.write_blocking(move |tx| shrink::give_back(tx, pages)).map(|()| true)
    }

    pub(crate) fn close(&self) {
        let mut desk = self.0.desk.write().unwrap_or_else(PoisonError::into_inner);
        if let Desk::Open(index) = std::mem::replace(&mut *desk, Desk::Closed) {
            index.close();
        }
    }

    fn index(&self) -> Result<Arc<Index>> {
        match &*self.0.desk.read().unwrap_or_else(PoisonError::into_inner) {
            Desk::Open(index) => return Ok(Arc::clone(index)),
            Desk::Closed => return Err(Error::Closed),
            Desk::Unopened => {}
        }
        let mut desk = self.0.desk.write().unwrap_or_else(PoisonError::into_inner);
        match &*desk {
            Desk::Open(index) => Ok(Arc::clone(index)),
            Desk::Closed => Err(Error::Closed),
            Desk::Unopened => {
                let index = Arc::new(Index::open_or_begin_again(&self.0.folder)?);
                *desk = Desk::Open(Arc::clone(&index));
                Ok(index)
            }
        }
    }

    /// Begins again with an empty index where this one is damaged.
    fn mend<T>(&self, index: &Arc<Index>, outcome: Result<T>) -> Result<T> {
        let Err(Error::Corrupt(why)) = &outcome else { return outcome };
        let mut desk = self.0.desk.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*desk, Desk::Open(open) if Arc::ptr_eq(open, index)) {
            tracing::warn!(why, "the full-text index is damaged and will be built again");
            index.close();
            *desk = Desk::Unopened;
            remove_files(&self.0.folder)?;
        }
        outcome
    }
}

impl Index {
    fn open_or_begin_again(folder: &Path) -> Result<Self> {
        // Two processes that make the file at once would trip over each other.
        let _turn = wait_for_turn(folder).map_err(|error| Error::Io(error.to_string()))?;
        Self::open(folder).or_else(|error| match error {
            Error::Corrupt(why) => {
                tracing::warn!(why, "the full-text index is damaged and will be built again");
                remove_files(folder)?;
                Self::open(folder)
            }
            error => Err(error),
        })
    }

    fn open(folder: &Path) -> Result<Self> {
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
        words::prepare(&*writer)?;
        pieces::prepare(&*writer)?;
        let thread = |error: std::io::Error| Error::Io(error.to_string());
        let shelf = Arc::new(Shelf::none());
        // A question may take long: each person has one at a time, and the index is filled beside them.
        let shares = Shares::long(READERS);
        let plan = Plan { name: "search-reader", shares, deadline: DEADLINE, ends_at_once: false };
        let readers = Lane::start(&plan, readers, &shelf, &counters).map_err(thread)?;
        let board = Arc::<Board>::default();
        let desk = writer::Desk { shelf, board, counters, faults: Faults::default(), batch: GROUP, space: None };
        let writer = Writer::start(writer, desk, QUEUE).map_err(thread)?;
        Ok(Self { writer, readers, upkeep })
    }

    fn close(&self) {
        self.writer.close();
        self.readers.close();
        self.upkeep.close();
    }
}

fn answer(view: &View, account: i64, question: &Question) -> Result<Answer> {
    match question {
        Question::Words(query) => {
            let found = words::find_all(view, account, query)?;
            Ok(Answer { found, perhaps: RoaringTreemap::new(), reached: words::reached(view)? })
        }
        Question::Holds(field, piece) => {
            let (found, perhaps) = pieces::find(view, account, *field, piece)?;
            Ok(Answer { found, perhaps, reached: pieces::reached(view)? })
        }
    }
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
/// How long one question may take.
const DEADLINE: Duration = Duration::from_secs(30);
const QUEUE: usize = 64;
const GROUP: usize = 16;

/// What a query comes to once all and nothing are taken out of it.
pub(crate) enum Simple {
    Nothing,
    Everything,
    Some(Query),
}

pub(crate) fn simplify(query: &Query) -> Simple {
    match query {
        Query::Phrase { words, .. } if words.iter().all(|word| word.trim().is_empty()) => Simple::Everything,
        Query::Phrase { .. } => Simple::Some(query.clone()),
        Query::Not(inner) => match simplify(inner) {
            Simple::Nothing => Simple::Everything,
            Simple::Everything => Simple::Nothing,
            Simple::Some(inner) => Simple::Some(Query::Not(Box::new(inner))),
        },
        Query::And(parts) => join(parts, true),
        Query::Or(parts) => join(parts, false),
    }
}

fn join(parts: &[Query], all: bool) -> Simple {
    let mut kept = Vec::new();
    for part in parts {
        match (simplify(part), all) {
            (Simple::Nothing, true) => return Simple::Nothing,
            (Simple::Everything, false) => return Simple::Everything,
            (Simple::Some(part), _) => kept.push(part),
            (Simple::Nothing, false) | (Simple::Everything, true) => {}
        }
    }
    match (kept.is_empty(), all) {
        (true, true) => Simple::Everything,
        (true, false) => Simple::Nothing,
        (false, true) => Simple::Some(Query::And(kept)),
        (false, false) => Simple::Some(Query::Or(kept)),
    }
}
