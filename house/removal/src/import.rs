//! Importing: one thread reads, some prepare, and the letters are filed in order, many a commit.

mod budget;
mod file;
mod read;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mail::seam::AccountId;
use mail::trace::Arrival;
use mail::{LetterId, Timestamp};
use mailbox::{Prepared, prepare};
use store::Store;

use crate::layout::{self, Format, Plan};
use crate::letter::Arriving;
use crate::marks::{self, Mark, Marks};
use crate::tree::Tree;
use crate::{Error, Fault, Skipped};
use budget::Budget;
use file::{Batch, Home, Ready};

/// What is to be imported, and where.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Whose mailbox.
    pub account: AccountId,
    /// The address of that mailbox, as the history of each letter names it.
    pub address: &'a str,
    /// A file, a folder or an archive.
    pub path: &'a Path,
    /// Everything goes into this folder and below it.
    pub below: Option<&'a str>,
    /// The form of the letters.
    pub format: Format,
    /// Import once more what has been imported before.
    pub again: bool,
    /// What time it is: for histories, and for letters that nothing says the time of.
    pub clock: fn() -> Timestamp,
    /// Gives each letter a name.
    pub name: fn() -> LetterId,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Letters that are on the disk now.
    pub letters: u64,
    /// Letters that had been imported before.
    pub known: u64,
    /// Letters and files passed over.
    pub skipped: u64,
    /// Octets that have been read.
    pub read: u64,
    /// Octets to be read; 0 when that is not known.
    pub total: u64,
}

/// What came of it.
pub type Imported = Progress;

/// Who watches an import.
pub trait Observer {
    /// It has gone on.
    fn progress(&mut self, progress: &Progress);
    /// Something was passed over.
    fn skipped(&mut self, skipped: &Skipped);
}

/// Octets of letters on their way between reading and the disk.
const IN_FLIGHT: usize = 64 << 20;
/// How long a batch waits for more letters.
const PATIENCE: Duration = Duration::from_millis(50);

/// Imports letters. Each is on the disk before it is counted. Stopped at any moment, the same call goes on from there and
/// doubles nothing; what is damaged is told and passed over.
pub fn import(store: &Store, request: &Request<'_>, observer: &mut dyn Observer) -> Result<Imported, Error> {
    let tree = Tree::open(request.path)?;
    let plan = layout::plan(&tree, request.format, request.below);
    if plan.sources.is_empty() && plan.folders.is_empty() {
        return Err(Error::NoLetters(request.path.to_owned()));
    }
    if request.again {
        let account = request.account;
        while store.write_blocking(move |tx| marks::forget(tx, account))? {}
    }
    file::make_folders(store, request.account, &plan.folders)?;
    let marks = Marks::load(store, request.account, request.again)?;
    let total = plan.sources.iter().map(|source| tree.nodes[source.node].size).sum();
    let imported = run(store, request, &Job { tree, plan, total }, marks, observer)?;
    if imported.letters + imported.known + imported.skipped == 0 && total > 0 {
        return Err(Error::NoLetters(request.path.to_owned()));
    }
    Ok(imported)
}

struct Job {
    tree: Tree,
    plan: Plan,
    total: u64,
}

/// A letter on its way, by its place in the order.
struct Numbered<T> {
    number: u64,
    item: T,
}

/// A letter between reading and preparing.
struct Raw {
    letter: Arriving,
    mark: Mark,
    file: Arc<str>,
    at: Option<u64>,
}

/// What comes to the thread that files.
enum Event {
    Ready(Numbered<Result<Box<Ready>, Skipped>>, usize),
    Known,
    Skipped(Skipped),
}

fn run(
    store: &Store,
    request: &Request<'_>,
    job: &Job,
    marks: Marks,
    observer: &mut dyn Observer,
) -> Result<Imported, Error> {
    let budget = Budget::new(IN_FLIGHT);
    let position = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(2, |count| count.get().clamp(1, 8));
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
            let sink = read::Sink { letters: raw_in, events: event_in, budget, position };
            read::read_all(&job.tree, &job.plan, request, marks, sink)
        });
        let home = Home { account: request.account, address: request.address.into(), clock: request.clock };
        let mut filing = Filing::new(store, home, budget);
        let filed = filing.run(event_out, observer, &|| position.load(Ordering::Relaxed), job.total);
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
    let Raw { letter, mark, file, at } = raw;
    let arrival = Arrival::imported(&letter.raw, &file);
    let Arriving { goal, system, keywords, received, .. } = letter;
    Ready { goal, system, keywords, received, prepared, name, arrival, mark, file, at }
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
    progress: Progress,
}

impl<'a> Filing<'a> {
    fn new(store: &'a Store, home: Home, budget: &'a Budget) -> Self {
        let (early, batch, progress) = (BTreeMap::new(), Batch::default(), Progress::default());
        Self { store, home, budget, early, next: 0, batch, progress }
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
            if self.batch.is_full() || (idle && !self.batch.is_empty()) {
                self.commit(observer)?;
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
        let filed = file::file(self.store, &self.home, batch);
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
