//! Full text. The index lies in a file of its own that can be thrown away: it is filled again from the letters.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::gate::{Checkpointer, Gate};
use crate::params;
use crate::reader::Readers;
use crate::shelf::Shelf;
use crate::sqlite::{Durability, Sqlite};
use crate::statistics::Counters;
use crate::topic::Board;
use crate::tx::Tx;
use crate::view::View;
use crate::writer::{Desk, Writer};

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
    const ALL: [Self; 5] = [Self::From, Self::To, Self::Subject, Self::Body, Self::Attachment];

    fn column(self) -> &'static str {
        match self {
            Self::From => "sender",
            Self::To => "recipient",
            Self::Subject => "subject",
            Self::Body => "body",
            Self::Attachment => "attachment",
        }
    }
}

/// A letter to be indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The number of the letter.
    pub letter: i64,
    /// The account it belongs to.
    pub account: i64,
    /// The words of each field, in order, stemmed and in lower case already, with white space between them.
    pub texts: Vec<(Field, String)>,
}

/// What to look for. Words are given as they were indexed: stemmed and in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Replaced as a whole when the file is found to be damaged.
    desk: RwLock<Arc<Index>>,
}

struct Index {
    writer: Writer,
    readers: Readers,
    checkpointer: Checkpointer,
}

impl SearchIndex {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let index = Index::open(folder).or_else(|error| match error {
            Error::Corrupt(_) | Error::Sql(_) => Index::anew(folder),
            error => Err(error),
        })?;
        Ok(Self(Arc::new(Shared { folder: folder.to_owned(), desk: RwLock::new(Arc::new(index)) })))
    }

    /// Adds letters. `reached` is noted as the last letter looked at, be it in the batch or not. Letters that are in
    /// the index already are replaced.
    pub async fn add(&self, batch: Vec<Document>, reached: i64) -> Result<()> {
        self.write(move |tx| {
            for document in &batch {
                insert(tx, document)?;
            }
            tx.execute("UPDATE reached SET letter = $1", params![reached])?;
            Ok(())
        })
        .await
    }

    /// Removes letters. Such as are not in the index are passed over.
    pub async fn remove(&self, letters: Vec<i64>) -> Result<()> {
        self.write(move |tx| {
            for letter in &letters {
                tx.execute("DELETE FROM word WHERE rowid = $1", params![letter])?;
            }
            Ok(())
        })
        .await
    }

    /// The last letter that was looked at. 0: the index is new, or was damaged and begins again.
    pub async fn reached(&self) -> Result<i64> {
        let index = self.index();
        let outcome = index.readers.read(reached).await;
        self.mend(&index, outcome)
    }

    /// [`reached`](Self::reached) where blocking is allowed, such as within [`Store::read`](crate::Store::read).
    pub fn reached_blocking(&self) -> Result<i64> {
        let index = self.index();
        let outcome = index.readers.read_blocking(reached);
        self.mend(&index, outcome)
    }

    /// Letters of an account that match, the newest (highest) first, below `before` where that is given.
    pub async fn query(&self, account: i64, query: &Query, before: Option<i64>, limit: usize) -> Result<Vec<i64>> {
        let Some(expression) = expression(account, query) else { return Ok(Vec::new()) };
        let index = self.index();
        let outcome = index.readers.read(move |view| find(view, &expression, before, limit)).await;
        self.mend(&index, outcome)
    }

    /// [`query`](Self::query) where blocking is allowed, such as within [`Store::read`](crate::Store::read).
    pub fn query_blocking(&self, account: i64, query: &Query, before: Option<i64>, limit: usize) -> Result<Vec<i64>> {
        let Some(expression) = expression(account, query) else { return Ok(Vec::new()) };
        let index = self.index();
        let outcome = index.readers.read_blocking(move |view| find(view, &expression, before, limit));
        self.mend(&index, outcome)
    }

    pub(crate) fn close(&self) {
        self.index().close();
    }

    fn index(&self) -> Arc<Index> {
        Arc::clone(&self.0.desk.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn write<F>(&self, f: F) -> Result<()>
    where
        F: FnMut(&mut Tx) -> Result<()> + Send + 'static,
    {
        let index = self.index();
        let outcome = index.writer.write(f).await;
        self.mend(&index, outcome)
    }

    /// Begins again with an empty index where this one is damaged.
    fn mend<T>(&self, index: &Arc<Index>, outcome: Result<T>) -> Result<T> {
        let Err(Error::Corrupt(why)) = &outcome else { return outcome };
        let mut desk = self.0.desk.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&desk, index) {
            tracing::warn!(why, "the full-text index is damaged and will be built again");
            index.close();
            *desk = Arc::new(Index::anew(&self.0.folder)?);
        }
        outcome
    }
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS reached (one INTEGER PRIMARY KEY CHECK (one = 1), letter BIGINT NOT NULL);
    INSERT INTO reached (one, letter) VALUES (1, 0) ON CONFLICT DO NOTHING;
    CREATE VIRTUAL TABLE IF NOT EXISTS word USING fts5(
        sender, recipient, subject, body, attachment,
        content='', contentless_delete=1,
        tokenize = \"ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'\"
    );
    PRAGMA user_version = 1;";

impl Index {
    fn open(folder: &Path) -> Result<Self> {
        let file = folder.join(FILE);
        let session = Sqlite::writer(&file, Durability::Lazy)?;
        session.batch(SCHEMA)?;
        let shelf = Arc::new(Shelf::none());
        let (counters, gate) = (Arc::<Counters>::default(), Arc::<Gate>::default());
        let thread = |error: std::io::Error| Error::Io(error.to_string());
        let sessions = (0..READERS).map(|_| Sqlite::reader(&file)).collect::<Result<_>>()?;
        let readers = Readers::start(sessions, &shelf, &counters).map_err(thread)?;
        let porter = Sqlite::checkpointer(&file)?;
        let checkpointer = Checkpointer::start(porter, Arc::clone(&gate), Arc::clone(&counters)).map_err(thread)?;
        let board = Arc::<Board>::default();
        let desk = Desk { shelf, board, counters, gate, faults: Faults::default(), batch: 16 };
        let writer = Writer::start(session, desk, QUEUE).map_err(thread)?;
        Ok(Self { writer, readers, checkpointer })
    }

    fn anew(folder: &Path) -> Result<Self> {
        for name in [FILE, "search.db-wal", "search.db-shm"] {
            match std::fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::Io(error.to_string())),
                _ => {}
            }
        }
        Self::open(folder)
    }

    fn close(&self) {
        self.writer.close();
        self.readers.close();
        self.checkpointer.close();
    }
}

const FILE: &str = "search.db";
const READERS: usize = 2;
const QUEUE: usize = 64;

fn reached(view: &View) -> Result<i64> {
    view.query_one("SELECT letter FROM reached", params![], |row| row.get(0))
}

fn find(view: &View, expression: &str, before: Option<i64>, limit: usize) -> Result<Vec<i64>> {
    let sql = "SELECT rowid FROM word WHERE word MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    view.query(sql, params![expression, before.unwrap_or(i64::MAX), limit], |row| row.get(0))
}

fn insert(tx: &mut Tx, document: &Document) -> Result<()> {
    tx.execute("DELETE FROM word WHERE rowid = $1", params![document.letter])?;
    let mut columns = Field::ALL.map(|field| text_of(document, field));
    let [first, ..] = &mut columns;
    // Stands in every letter of the account, so that "every letter but" can be asked.
    let _ = write!(first, " {}.", document.account);
    let [sender, recipient, subject, body, attachment] = &columns;
    tx.execute(
        "INSERT INTO word (rowid, sender, recipient, subject, body, attachment) VALUES ($1, $2, $3, $4, $5, $6)",
        params![document.letter, sender, recipient, subject, body, attachment],
    )?;
    Ok(())
}

/// Each word with the account in front: a search then walks only the lists of its own account, and no word of
/// another account can ever be found.
fn text_of(document: &Document, field: Field) -> String {
    let mut text = String::new();
    let texts = document.texts.iter().filter(|(its_field, _)| *its_field == field);
    for word in texts.flat_map(|(_, words)| words.split_ascii_whitespace()) {
        let _ = write!(text, "{}:{} ", document.account, clean(word));
    }
    text
}

/// The query in the language of FTS5; `None` where it can find nothing.
fn expression(account: i64, query: &Query) -> Option<String> {
    match simplify(query) {
        Simple::Nothing => None,
        Simple::Everything => Some(everything(account)),
        Simple::Some(query) => Some(written(account, &query)),
    }
}

enum Simple {
    Nothing,
    Everything,
    Some(Query),
}

fn simplify(query: &Query) -> Simple {
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

fn everything(account: i64) -> String {
    format!("\"{account}.\"")
}

fn written(account: i64, query: &Query) -> String {
    match query {
        Query::Phrase { field, words, prefix_last } => phrase(account, *field, words, *prefix_last),
        Query::And(parts) => between(account, parts, " AND "),
        Query::Or(parts) => between(account, parts, " OR "),
        // FTS5 knows only "this but not that".
        Query::Not(inner) => format!("({} NOT {})", everything(account), written(account, inner)),
    }
}

fn between(account: i64, parts: &[Query], word: &str) -> String {
    let parts: Vec<String> = parts.iter().map(|part| written(account, part)).collect();
    format!("({})", parts.join(word))
}

fn phrase(account: i64, field: Option<Field>, words: &[String], prefix_last: bool) -> String {
    let mut text = String::new();
    if let Some(field) = field {
        let _ = write!(text, "{} : ", field.column());
    }
    text.push('"');
    for (index, word) in words.iter().flat_map(|word| word.split_ascii_whitespace()).enumerate() {
        let space = if index > 0 { " " } else { "" };
        let _ = write!(text, "{space}{account}:{}", clean(word));
    }
    text.push('"');
    if prefix_last {
        text.push_str(" *");
    }
    text
}

/// A word that the tokenizer will not take apart and that ends no string.
fn clean(word: &str) -> String {
    word.replace(|c: char| c.is_ascii_control() || matches!(c, '\'' | '"'), "\u{2019}")
}
