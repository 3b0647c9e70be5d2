//! Importing: one thread takes letters from their source, some prepare, and they are filed in order, many a commit.

mod budget;
mod file;
mod intake;
pub(crate) mod pace;
mod rehearsal;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mail::seam::AccountId;
use mail::trace::Arrival;
use mail::{LetterId, Timestamp};
use mailbox::{Access, Prepared, prepare};
use store::{Key, Store};

use crate::goal::Goal;
use crate::letter::Arriving;
use crate::memory::{Memory, Missing};
use crate::runs::{self, RunId};
use crate::tree::Flow;
use crate::{Beside, Error, Fault, Skipped};
use budget::Budget;
use file::{Batch, Home, Ready};
use pace::Pace;

pub use rehearsal::{Coming, Rehearsal, rehearse};

/// A request to import letters into a mailbox.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The account that the letters go to.
    pub account: AccountId,
    /// The address of that mailbox, as the history of each letter names it.
    pub address: &'a str,
    /// The name that people give to the imported files.
    pub what: &'a str,
    /// Says whether letters that have been imported before are imported once more.
    pub again: bool,
    /// True if others write meanwhile, such as the doors of a post office. They come first.
    pub beside: bool,
    /// A clock for the histories of the letters.
    pub clock: fn() -> Timestamp,
    /// Gives each letter a name.
    pub name: fn() -> LetterId,
}

/// A source gives the letters of an import.
pub trait Source: Send {
    /// Folders that are to be there even if no letter goes there.
    fn folders(&self) -> Vec<Arc<Goal>>;
    /// Octets that will be read; 0 when that is not known.
    fn total(&self) -> u64;
    /// Gives all letters in their order, each with the octets that have been read so far, until `each` wants no more.
    fn give(&mut self, each: &mut dyn FnMut(Given, u64) -> Flow) -> Result<(), Error>;
}

/// One item from a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A letter.
    Letter {
        /// The letter.
        letter: Box<Arriving>,
        /// The name of the file that it lay in, inside the imported path.
        file: Arc<str>,
        /// The position in the file at which the letter begins, if the file holds many.
        at: Option<u64>,
    },
    /// Something was passed over.
    Skipped(Skipped),
    /// Something that is no letter lies there and is known as such.
    Beside {
        /// The kind of the file.
        kind: Beside,
        /// The name of the file inside the imported path.
        file: Arc<str>,
    },
    /// A file has been read to its end.
    FileEnd,
}

/// The counts of an import so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Letters that are on the disk now.
    pub letters: u64,
    /// Letters that had been imported before, and further folders of a letter that came a moment ago.
    pub known: u64,
    /// Letters and files passed over.
    pub skipped: u64,
    /// Files, and letters deleted where they come from, that are known to be no letters to be imported.
    pub beside: u64,
    /// Octets that have been read.
    pub read: u64,
    /// Octets to be read; 0 when that is not known.
    pub total: u64,
}

/// The counts of a finished import.
pub type Imported = Progress;

/// An observer watches an import.
pub trait Observer {
    /// It has gone on.
    fn progress(&mut self, progress: &Progress);
    /// Something was passed over.
    fn skipped(&mut self, skipped: &Skipped);
    /// Something that is no letter lies there.
    fn beside(&mut self, kind: Beside, file: &str);
    /// The run has this number.
    fn begun(&mut self, run: RunId);
    /// Returns true while somebody waits for the import. After a no, it stops at the next commit, with [`Error::Gone`].
    fn is_there(&self) -> bool {
        true
    }
}

/// Octets of letters on their way between reading and the disk.
const IN_FLIGHT: usize = 64 << 20;
/// The time that a batch waits for more letters.
const PATIENCE: Duration = Duration::from_millis(50);

/// Imports letters. Each is on the disk before it is counted. Stopped at any moment, the same call goes on from there
/// and doubles no letter; it passes over damaged letters and says so.
pub fn import(
    store: &Store,
    request: &Request<'_>,
    source: &mut dyn Source,
    observer: &mut dyn Observer,
) -> Result<Imported, Error> {
    let (account, now, what) = (request.account, (request.clock)(), request.what.to_owned());
    let run = store.write_blocking(Key::Account(account.0), move |tx| runs::begin(tx, account, now, &what))?;
    observer.begun(run);
    let made = file::make_folders(store, Access::house(request.account), run, &source.folders());
    let memory = made.and_then(|()| Ok(Memory::load(store, request.account, request.again)?));
    let imported = memory.and_then(|memory| carry(store, request, run, source, memory, observer));
    // A run that has brought nothing is none that could be taken back.
    store.write_blocking(Key::Account(account.0), move |tx| runs::end(tx, run))?;
    imported
}

/// A letter on its way, by its place in the order.
struct Numbered<T> {
    number: u64,
    item: T,
}

/// A letter between reading and preparing.
struct Raw {
    letter: Arriving,
    missing: Missing,
    file: Arc<str>,
    at: Option<u64>,
}

/// An event for the thread that files letters.
enum Event {
    Ready(Numbered<Result<Box<Ready>, Skipped>>, usize),
    Known,
    Skipped(Skipped),
    Beside(Beside, Arc<str>),
}

fn carry(
    store: &Store,
    request: &Request<'_>,
    run: RunId,
    source: &mut dyn Source,
    memory: Memory,
    observer: &mut dyn Observer,
) -> Result<Imported, Error> {
    let budget = Budget::new(IN_FLIGHT);
    let (position, total) = (AtomicU64::new(0), source.total());
    let threads = pace::threads(request.beside);
    let (raw_in, raw_out) = sync_channel::<Numbered<Raw>>(threads * 8);
    let raw_out = Mutex::new(raw_out);
    let (event_in, event_out) = sync_channel::<Event>(1024);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let event_in = event_in.clone();
            let raw_out = &raw_out;
            scope.spawn(move || prepare_letters(store, request.name, raw_out, &event_in));
        }
        let (budget, position) = (&budget, &position);
        let reading = scope.spawn(move || {
            let sink = intake::Sink { letters: raw_in, events: event_in, budget, position };
            intake::take_all(source, memory, sink)
        });
        let home =
            Home { access: Access::house(request.account), address: request.address.into(), run, clock: request.clock };
        let mut filing = Filing::new(store, home, budget, request.beside);
        let filed = filing.run(event_out, observer, &|| position.load(Ordering::Relaxed), total);
        // Whoever still waits for room, or for somebody to take a letter, is told that nobody will.
        budget.close();
        let read = reading.join().unwrap_or_else(|_| Err(store::Error::Panicked("reading".into()).into()));
        filed.and_then(|imported| read.map(|()| imported))
    })
}

fn prepare_letters(
    store: &Store,
    name: fn() -> LetterId,
    letters: &Mutex<Receiver<Numbered<Raw>>>,
    events: &SyncSender<Event>,
) {
    let mut wanted = true;
    loop {
        let next = letters.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Numbered { number, item: raw }) = next else { return };
        // When nobody files any more, letters are still taken, so that the reader does not wait for ever.
        if !wanted {
            continue;
        }
        let size = raw.letter.raw.len();
        let item = match prepare(store, raw.letter.raw.clone()) {
            Ok(prepared) => Ok(Box::new(ready(raw, prepared, name()))),
            Err(why) => Err(Skipped { file: raw.file.to_string(), at: raw.at, fault: Fault::Refused(why.to_string()) }),
        };
        wanted = events.send(Event::Ready(Numbered { number, item }, size)).is_ok();
    }
}

fn ready(raw: Raw, prepared: Prepared, name: LetterId) -> Ready {
    let Raw { letter, missing, file, at } = raw;
    let arrival = Arrival::imported(&letter.raw, &file);
    let Arriving { system, keywords, received, .. } = letter;
    Ready { missing, system, keywords, received, prepared, name, arrival, file, at }
}

/// Puts the letters back into their order, and files them.
struct Filing<'a> {
    store: &'a Store,
    home: Home,
    budget: &'a Budget,
    /// Letters that came before those that stand before them.
    early: BTreeMap<u64, (Result<Box<Ready>, Skipped>, usize)>,
    next: u64,
    batch: Batch,
    pace: Pace,
    progress: Progress,
}

impl<'a> Filing<'a> {
    fn new(store: &'a Store, home: Home, budget: &'a Budget, beside: bool) -> Self {
        let (early, batch, progress) = (BTreeMap::new(), Batch::default(), Progress::default());
        Self { store, home, budget, early, next: 0, batch, pace: Pace::new(beside), progress }
    }

    fn run(
        &mut self,
        events: Receiver<Event>,
        observer: &mut dyn Observer,
        position: &dyn Fn() -> u64,
        total: u64,
    ) -> Result<Imported, Error> {
        self.progress.total = total;
        loop {
            let event = events.recv_timeout(PATIENCE);
            let ended = matches!(event, Err(RecvTimeoutError::Disconnected));
            let idle = event.is_err();
            if let Ok(event) = event {
                self.take(event, observer);
            }
            if self.pace.is_full(&self.batch) || (idle && !self.batch.is_empty()) {
                self.commit(observer)?;
                if !observer.is_there() {
                    return Err(Error::Gone);
                }
            }
            self.progress.read = position();
            observer.progress(&self.progress);
            if ended {
                return Ok(self.progress);
            }
        }
    }

    fn take(&mut self, event: Event, observer: &mut dyn Observer) {
        match event {
            Event::Known => self.progress.known += 1,
            Event::Skipped(skipped) => self.skip(&skipped, observer),
            Event::Beside(kind, file) => {
                self.progress.beside += 1;
                observer.beside(kind, &file);
            }
            Event::Ready(Numbered { number, item }, size) => {
                self.early.insert(number, (item, size));
                while let Some((item, size)) = self.early.remove(&self.next) {
                    self.next += 1;
                    match item {
                        Ok(ready) => self.batch.add(*ready, size),
                        Err(skipped) => {
                            self.budget.give_back(size);
                            self.skip(&skipped, observer);
                        }
                    }
                }
            }
        }
    }

    fn commit(&mut self, observer: &mut dyn Observer) -> Result<(), Error> {
        let batch = std::mem::take(&mut self.batch);
        let size = batch.size();
        let filed = self.pace.beside_others(self.store, || file::file(self.store, &self.home, batch));
        self.budget.give_back(size);
        let filed = filed?;
        self.progress.letters += filed.letters;
        self.progress.known += filed.known;
        filed.skipped.iter().for_each(|skipped| self.skip(skipped, observer));
        Ok(())
    }

    fn skip(&mut self, skipped: &Skipped, observer: &mut dyn Observer) {
        self.progress.skipped += 1;
        observer.skipped(skipped);
    }
}
