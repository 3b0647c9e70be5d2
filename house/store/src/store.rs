//! The store as its users see it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;

use crate::blob::{self, PreparedBlob};
use crate::blob_files::{BlobFiles, Files};
use crate::engine::{Opened, Upkeep};
use crate::error::{Error, OpenError, Result};
use crate::faults::Faults;
use crate::health::{Health, Round};
use crate::housekeeping::{self, Housekeeping, Progress};
use crate::key::{Key, Tables};
use crate::lock::{make_private_folder, wait_for_turn};
use crate::mark::Mark;
use crate::migrate::migrate;
use crate::migration::{EDITIONS, Migration};
use crate::opening::{self, Check, Looked};
use crate::reader::{Deadlines, Readers};
use crate::search::SearchIndex;
use crate::shrink::{self, Shrink};
use crate::space::{self, Space};
use crate::sqlite::full_text::SqliteFullText;
use crate::sqlite::inspect::Inspector;
use crate::sqlite::{self, Durability, Setup};
use crate::statistics::{Counters, Statistics};
use crate::topic::{Board, Topic, Watch};
use crate::turns::Asker;
use crate::tx::Tx;
use crate::view::View;
use crate::writer::{Writer, WriterParts};

/// The options of a store. [`Options::new`] has those that everybody wants.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder.
    pub folder: PathBuf,
    /// Bodies larger than this go to files beside the database.
    pub blob_inline_max: usize,
    /// Threads that read what is short.
    pub readers: usize,
    /// Threads that search, sort and count.
    pub scanners: usize,
    /// The longest time that a short read may run.
    pub read_deadline: Duration,
    /// The longest time that a scan may run.
    pub scan_deadline: Duration,
    /// Writes that may wait.
    pub queue: usize,
    /// Writes that one commit may hold.
    pub batch: usize,
    /// The depth of the look at the database.
    pub check: Check,
    /// Keep some room on the disk in reserve, so that something can be deleted when it is full: for who serves.
    pub reserve: bool,
    /// The faults that shall occur (tests and benchmarks).
    pub faults: Faults,
}

impl Options {
    /// The usual store in a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            blob_inline_max: 256 * 1024,
            readers: 4,
            scanners: 2,
            read_deadline: Duration::from_secs(10),
            scan_deadline: Duration::from_secs(60),
            queue: 1024,
            batch: 256,
            check: Check::Presence,
            reserve: false,
            faults: Faults::default(),
        }
    }
}

/// Memory for pages of each thread that reads: the system keeps the file in memory too, this spares only the calls.
const READ_CACHE: u32 = 2 << 20;
/// The same for a search, which comes back to more of them.
const SCAN_CACHE: u32 = 4 << 20;

/// The database of a post office. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) writer: Writer,
    pub(crate) readers: Arc<Readers>,
    upkeep: Box<dyn Upkeep>,
    blob_files: Arc<BlobFiles>,
    board: Arc<Board>,
    pub(crate) search: SearchIndex,
    counters: Arc<Counters>,
    blob_inline_max: usize,
    file: PathBuf,
    closing: Arc<AtomicBool>,
    pub(crate) health: Arc<Health>,
    mark: Arc<Mark>,
    pub(crate) space: Arc<Space>,
}

impl Store {
    /// Opens the store of a data folder (made where there is none) and brings its tables up to date. It refuses, and
    /// changes nothing, where a part of the folder is missing or is not the one that was there last.
    pub fn open(options: Options, migrations: &[Migration]) -> Result<Self, OpenError> {
        let folder = &options.folder;
        let unusable = |error| OpenError::Folder { folder: folder.clone(), error };
        make_private_folder(folder).map_err(unusable)?;
        space::make_room_to_open(folder);
        let turn = wait_for_turn(folder).map_err(unusable)?;
        let checked = opening::check(folder, options.check)?;
        let (blob_files, old_files) = BlobFiles::open(folder).map_err(unusable)?;
        let (blob_files, counters) = (Arc::new(blob_files), Arc::<Counters>::default());
        let mark = Arc::new(Mark::open(folder));
        let opened = open_database(&options, migrations, &mark, &counters)?;
        drop(turn);

        let space = Arc::new(Space::new(folder, options.reserve));
        counters.tight.store(space.may_grow().is_err(), Relaxed);
        counters.reserve.store(space.kept(), Relaxed);
        let file = folder.join(opening::DATABASE);
        let board = Arc::<Board>::default();
        let deadlines = Deadlines { read: options.read_deadline, scan: options.scan_deadline };
        let short = options.readers.max(1);
        let readers = Readers::start(opened.readers, short, deadlines, &blob_files, &counters).map_err(unusable)?;
        let readers = Arc::new(readers);
        let desk = WriterParts {
            blob_files: Arc::clone(&blob_files),
            board: Arc::clone(&board),
            counters: Arc::clone(&counters),
            faults: options.faults,
            batch: options.batch.max(1),
            space: Some(Arc::clone(&space)),
            tables: Arc::new(Tables::of(blob::MIGRATIONS.iter().chain(migrations))),
        };
        let writer = Writer::start(opened.writer, desk, options.queue).map_err(unusable)?;
        let inner = Inner {
            writer,
            readers,
            upkeep: opened.upkeep,
            blob_files,
            board,
            search: SearchIndex::new(folder, Arc::new(SqliteFullText::new(folder))),
            counters,
            blob_inline_max: options.blob_inline_max,
            file,
            closing: Arc::default(),
            health: Arc::default(),
            mark,
            space,
        };
        let store = Self(Arc::new(inner));
        store.begin_housekeeping(folder, old_files, checked).map_err(unusable)?;
        Ok(store)
    }

    /// Runs `f` in the transaction of the group that is being written, and resolves when the commit is on the disk.
    /// When `f` fails or panics, all it did is undone, and nothing else. Dropped before its turn, it never runs. `key`
    /// says what `f` changes.
    ///
    /// `f` may run more than once before it is answered, so it must not touch the network, the clock, a channel or
    /// randomness. It holds up all other writes while it runs: keep it short, and cut long work into slices.
    pub async fn write<T, E, F>(&self, key: Key, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        self.0.health.may_write()?;
        self.0.writer.write(key, f).await
    }

    /// [`write`](Self::write) for the command line; it must not be called from a task of a runtime.
    pub fn write_blocking<T, E, F>(&self, key: Key, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        self.0.health.may_write()?;
        self.0.writer.write_blocking(key, f)
    }

    /// Runs `f` on one consistent state of the data, on a thread that reads. It never holds up a write. For reads of
    /// the house itself: they have a share of the short lane of their own. Ends as [`read_for`](Self::read_for) does.
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        self.0.readers.read(None, f).await
    }

    /// [`read`](Self::read) on behalf of `asker`: a page, a record, a few rows. One asker holds at most half of the
    /// threads of the short lane, and the read ends with [`Error::Interrupted`] past its deadline or once the caller
    /// has gone.
    pub async fn read_for<T, E, F>(&self, asker: Asker, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        self.0.readers.read(Some(asker), f).await
    }

    /// Like [`read_for`](Self::read_for), for a read that may look at every letter of an account: a search, a sort, a
    /// count. It runs in the long lane, at most one at a time for each asker, and never keeps a short read waiting.
    pub async fn scan_for<T, E, F>(&self, asker: Asker, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        self.0.readers.scan(asker, f).await
    }

    /// [`read`](Self::read) for the command line; it must not be called from a task of a runtime.
    pub fn read_blocking<T, E, F>(&self, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        self.0.readers.read_blocking(f)
    }

    /// Watches a topic from now on.
    pub fn watch(&self, topic: Topic) -> Watch {
        self.0.board.watch(topic)
    }

    /// Fails if no new letter can be taken, however small: there is too little room on the disk ([`Error::Full`]), or
    /// the database is damaged ([`Error::Corrupt`]). Doors ask before a client sends a letter; it costs nothing.
    /// Letters that are here can still be read, and, if only room is wanting, be deleted.
    pub fn may_grow(&self) -> Result<()> {
        self.0.health.may_write()?;
        self.0.space.may_grow()
    }

    /// Hashes and packs a body for [`Tx::put_blob`]; one larger than the inline limit is written and synced here.
    /// It takes about a millisecond for a letter of usual size, and waits for the disk for a large one: call it for
    /// large ones where blocking is allowed.
    pub fn prepare_blob(&self, content: Bytes) -> Result<PreparedBlob> {
        self.may_grow()?;
        let prepared = blob::prepare(&self.0.blob_files, &content, self.0.blob_inline_max)?;
        self.0.counters.syncs.fetch_add(prepared.syncs(), Relaxed);
        Ok(prepared)
    }

    /// The full-text index.
    pub fn search(&self) -> SearchIndex {
        self.0.search.clone()
    }

    /// Returns the counts of the store so far.
    pub fn statistics(&self) -> Statistics {
        Statistics { waiting: self.0.writer.waiting(), ..self.0.counters.look() }
    }

    /// Steps that the database took for the most expensive write since this was last asked: how long one write holds up
    /// the others, in a measure that does not depend on how busy the machine is. A row that is looked at takes some
    /// ten, one that is changed up to a hundred.
    pub fn longest_write(&self) -> u64 {
        self.0.counters.longest_write.swap(0, std::sync::atomic::Ordering::Relaxed)
    }

    /// Serves who waits already, carries the log into the database and ends the threads. Other handles get
    /// [`Error::Closed`] from now on.
    pub async fn close(self) {
        let closing = tokio::task::spawn_blocking(move || self.close_blocking());
        if let Err(error) = closing.await {
            tracing::error!(%error, "the store did not close in order; nothing is lost by that");
        }
    }

    /// [`close`](Self::close) for the command line.
    pub fn close_blocking(self) {
        self.0.closing.store(true, Relaxed);
        self.0.writer.close();
        // The mark is written for the last time, now that nothing is written any more.
        housekeeping::note(&self.0.readers, &self.0.mark, Progress::of(&self.0.counters, &self.0.file).log_needed());
        self.0.search.close();
        self.0.readers.close();
        self.0.upkeep.close();
        self.0.mark.say(|said| said.log_needed = None);
    }

    /// A connection that looks whether the database is sound.
    pub(crate) fn inspector(&self) -> Result<Inspector> {
        Inspector::open(&self.0.file, Arc::clone(&self.0.closing))
    }
}

/// The names of new files are on the disk only when their folder is, and the folder's name when its parent is.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()?;
    // The parent may be one that we cannot read; then the folder was there before us.
    if let Some(Ok(parent)) = folder.canonicalize()?.parent().map(File::open) {
        parent.sync_all()?;
    }
    Ok(())
}

/// Opens the database itself, and brings its tables up to date.
fn open_database(
    options: &Options,
    migrations: &[Migration],
    mark: &Mark,
    counters: &Arc<Counters>,
) -> Result<Opened, OpenError> {
    let (short, long) = (options.readers.max(1), options.scanners.max(1));
    let folder = &options.folder;
    let file = folder.join(opening::DATABASE);
    let setup = Setup {
        file: &file,
        durability: Durability::Synced,
        readers: &[vec![READ_CACHE; short], vec![SCAN_CACHE; long]].concat(),
        cache_bytes: 8 << 20,
        max_pages: options.faults.max_pages,
        unsettled: options.faults.unsettled.clone(),
    };
    let database = |error| OpenError::Database { file: file.clone(), error };
    let opened = sqlite::open(&setup, counters).map_err(database)?;
    let all: Vec<Migration> = EDITIONS.iter().chain(blob::MIGRATIONS).chain(migrations).copied().collect();
    if options.reserve {
        shrink::make_shrinkable(&*opened.writer, folder);
    }
    // A migration may number rows anew: until it is done the mark speaks of no number.
    migrate(&*opened.writer, folder, &file, &all, || mark.say(|said| said.numbers.clear()))?;
    let office = opening::name_of_office(&*opened.writer).map_err(database)?;
    sync_folder(folder).map_err(|error| OpenError::Folder { folder: folder.clone(), error })?;
    let numbers = opened.writer.numbers().map_err(database)?;
    mark.say(|said| (said.office, said.numbers, said.log_needed) = (office, numbers, None));
    Ok(opened)
}

impl Store {
    fn begin_housekeeping(&self, folder: &Path, old_files: Files, checked: Looked) -> std::io::Result<()> {
        if checked == Looked::Later {
            let (closing, health) = (Arc::clone(&self.0.closing), Arc::clone(&self.0.health));
            Round { file: self.0.file.clone(), closing, health, mark: Arc::clone(&self.0.mark) }.start()?;
        }
        let housekeeping = Housekeeping {
            folder: folder.to_owned(),
            file: self.0.file.clone(),
            readers: Arc::downgrade(&self.0.readers),
            blob_files: Arc::downgrade(&self.0.blob_files),
            counters: Arc::clone(&self.0.counters),
            mark: Arc::clone(&self.0.mark),
            space: Arc::clone(&self.0.space),
            shrink: Shrink::of(&self.0),
            old_files,
        };
        housekeeping.start()
    }
}
