//! The one thread that writes, and its group commit.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::blob::PreparedBlob;
use crate::blob_files::BlobFiles;
use crate::engine::{Marked, WriteSession};
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::key::{Key, Tables};
use crate::queue::{Popped, Queue};
use crate::space::Space;
use crate::statistics::Counters;
use crate::topic::{Board, Topic};
use crate::tx::Tx;

/// A group that has run this long takes nobody more in.
const LONG_ENOUGH: Duration = Duration::from_millis(5);
/// The interval at which the writer looks for changes by other processes.
const LOOK: Duration = Duration::from_secs(1);
/// The longest time that a caller waits for a place in the queue.
const PATIENCE: Duration = Duration::from_secs(1);

/// The number of jobs that are taken from the queue at a time.
const AT_ONCE: usize = 32;

/// A write on its way. It may run several times before it is answered.
pub(crate) trait Job: Send {
    /// Runs it. `false`: it failed, and its changes must be undone.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Makes it fail, whatever the run gave.
    fn fail(&mut self, error: Error);
    /// Answers the caller with the result of the last run, or with the reason why that was not committed.
    fn answer(self: Box<Self>, committed: Result<()>);
    /// Answers the caller whose run made the engine undo the transaction.
    fn answer_lost(self: Box<Self>, why: Error);
    /// Returns true if the last run panicked. Such a write is never run again: the panic may have left the closure half
    /// done.
    fn has_panicked(&self) -> bool;
    /// Returns true if the caller has gone away.
    fn is_abandoned(&self) -> bool;
}

/// The handle of the writer thread.
pub(crate) struct Writer {
    queue: Arc<Queue<Box<dyn Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The parts that the writer thread needs beside its session.
pub(crate) struct WriterParts {
    pub(crate) blob_files: Arc<BlobFiles>,
    pub(crate) board: Arc<Board>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) faults: Faults,
    pub(crate) batch: usize,
    /// The watcher of the disk's room, which is told that the disk is full.
    pub(crate) space: Option<Arc<Space>>,
    /// The rooms of the tables.
    pub(crate) tables: Arc<Tables>,
}

impl WriterParts {
    fn note_full(&self, error: &Error) {
        if let (Error::Full(_), Some(space)) = (error, &self.space) {
            space.ran_out();
        }
    }
}

impl Writer {
    pub(crate) fn start(session: Box<dyn WriteSession>, desk: WriterParts, queue: usize) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(queue, PATIENCE, "too many writes are waiting"));
        let its_queue = Arc::clone(&queue);
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            // However this thread ends, nobody waits for it in vain.
            let _end = CloseAtEnd(Arc::clone(&its_queue));
            its_queue.is_served_here();
            let tx = Tx::new(Rc::from(session), Arc::clone(&desk.blob_files), Arc::clone(&desk.tables));
            WriterThread { queue: its_queue, tx, desk, looked: Instant::now() }.work();
        })?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)) })
    }

    pub(crate) async fn write<T, E, F>(&self, key: Key, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        self.queue.push(Box::new(Write::new(key, f, answer))).await?;
        wait.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    pub(crate) fn write_blocking<T, E, F>(&self, key: Key, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        self.queue.push_blocking(Box::new(Write::new(key, f, answer)))?;
        wait.blocking_recv().unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// Writes that wait for their turn.
    pub(crate) fn waiting(&self) -> u64 {
        self.queue.length() as u64
    }

    /// Serves who waits already, and ends.
    pub(crate) fn close(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The last handle may be dropped by a write, on the thread itself.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

struct CloseAtEnd(Arc<Queue<Box<dyn Job>>>);

impl Drop for CloseAtEnd {
    fn drop(&mut self) {
        self.0.close();
        self.0.take(usize::MAX, &mut Jobs::new());
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
    }
}

struct Write<T, E, F> {
    key: Key,
    f: F,
    outcome: Option<Result<T, E>>,
    panicked: bool,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Write<T, E, F> {
    fn new(key: Key, f: F, answer: oneshot::Sender<Result<T, E>>) -> Self {
        Self { key, f, outcome: None, panicked: false, answer }
    }
}

impl<T, E, F> Job for Write<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: FnMut(&mut Tx) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &mut Tx) -> bool {
        tx.begin(self.key);
        // The database undoes what a panic leaves half done in it, and what it leaves half done in the closure is not
        // touched again: see `has_panicked`.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.f)(tx)));
        self.panicked = outcome.is_err();
        let outcome = outcome.unwrap_or_else(|panic| Err(Error::Panicked(message(&*panic)).into()));
        let succeeded = outcome.is_ok();
        self.outcome = Some(outcome);
        succeeded
    }

    fn fail(&mut self, error: Error) {
        self.outcome = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        // A failed run may have seen the uncommitted work of its neighbours, so its answer waits for the commit as
        // well, and falls with it.
        let outcome = match committed {
            Ok(()) => self.outcome.unwrap_or_else(|| Err(Error::Closed.into())),
            Err(error) => Err(error.into()),
        };
        let _ = self.answer.send(outcome);
    }

    fn answer_lost(self: Box<Self>, why: Error) {
        let outcome = match self.outcome {
            Some(Err(error)) => Err(error),
            _ => Err(why.into()),
        };
        let _ = self.answer.send(outcome);
    }

    fn has_panicked(&self) -> bool {
        self.panicked
    }

    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

/// The text of a panic.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a word".to_owned())
}

/// The state of the writer thread.
struct WriterThread {
    queue: Arc<Queue<Box<dyn Job>>>,
    tx: Tx,
    desk: WriterParts,
    looked: Instant,
}

/// Says whether what could not be kept may be tried once more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    First,
    Last,
}

/// The fate of the jobs of a group.
enum Ran {
    /// They are to be committed, with those that failed alone.
    All(Jobs),
    /// The engine undid the whole transaction under them. They are to be run again; those that must not be have been
    /// answered: who made the engine do so, and who panicked.
    Lost(Jobs),
}

type Jobs = VecDeque<Box<dyn Job>>;

impl WriterThread {
    fn work(mut self) {
        loop {
            match self.queue.pop(Some(LOOK)) {
                Popped::Item(first) => self.group(Jobs::from([first])),
                Popped::Nothing => {}
                Popped::Closed => return,
            }
            if self.looked.elapsed() >= LOOK {
                self.look_elsewhere();
            }
        }
    }

    fn group(&mut self, first: Jobs) {
        let undone = self.transaction(first, self.desk.batch, Turn::First);
        // Their neighbour brought the whole transaction down, or there was no room for all of them. They are run again, as
        // `Store::write` says they may be, each alone, so that none can harm another.
        for job in undone {
            self.transaction(Jobs::from([job]), 1, Turn::Last);
        }
    }

    /// Runs a transaction of up to `size` jobs and commits it. Gives back those that must be run again.
    fn transaction(&mut self, mut waiting: Jobs, size: usize, turn: Turn) -> Jobs {
        if let Err(error) = self.tx.session().begin() {
            self.queue.take(size.saturating_sub(waiting.len()), &mut waiting);
            answer(waiting, &Err(error));
            return Jobs::new();
        }
        match self.run_all(waiting, size, turn) {
            Ran::All(jobs) => self.commit(jobs, turn),
            Ran::Lost(jobs) => jobs,
        }
    }

    /// A write found no room. Once the log begins again there may be some, for what deletes at least: a write then goes over
    /// what the log holds already.
    fn finds_room(&mut self, why: &Error, turn: Turn) -> bool {
        self.desk.note_full(why);
        turn == Turn::First && matches!(why, Error::Full(_)) && self.tx.session().carry_log()
    }

    /// Runs the jobs that wait, and those that come meanwhile, until the group is full or old enough.
    fn run_all(&mut self, mut waiting: Jobs, size: usize, turn: Turn) -> Ran {
        let started = Instant::now();
        let mut done = Jobs::with_capacity(waiting.len());
        loop {
            if waiting.is_empty() && started.elapsed() < LONG_ENOUGH {
                self.queue.take(size.saturating_sub(done.len()).min(AT_ONCE), &mut waiting);
            }
            let Some(mut job) = waiting.pop_front() else { return Ran::All(done) };
            if job.is_abandoned() {
                continue;
            }
            let before = self.tx.session().steps();
            if done.is_empty() {
                self.run_first(&mut *job)
            } else {
                self.run_marked(&mut *job)
            };
            let steps = self.tx.session().steps().saturating_sub(before);
            self.desk.counters.longest_write.fetch_max(steps, Relaxed);
            if self.tx.session().in_transaction() {
                done.push_back(job);
                continue;
            }
            self.tx.take_effects();
            self.tx.session().roll_back();
            let why = self.tx.session().why_lost();
            if self.finds_room(&why, turn) {
                done.push_back(job);
            } else {
                job.answer_lost(why);
            }
            done.append(&mut waiting);
            let (panicked, again): (Jobs, Jobs) = done.into_iter().partition(|job| job.has_panicked());
            // Each has failed by itself already, and that is its answer.
            answer(panicked, &Ok(()));
            return Ran::Lost(again);
        }
    }

    /// Runs the first job of a transaction. It needs no mark: the beginning is one.
    fn run_first(&mut self, job: &mut dyn Job) {
        if job.run(&mut self.tx) || !self.tx.session().in_transaction() {
            return;
        }
        self.desk.counters.failed.fetch_add(1, Relaxed);
        self.tx.take_effects();
        self.tx.session().roll_back();
        if let Err(error) = self.tx.session().begin() {
            job.fail(error);
        }
    }

    /// Runs one of the others; undoes what it did if it failed.
    fn run_marked(&mut self, job: &mut dyn Job) {
        let mark = self.tx.mark();
        if let Err(error) = self.tx.session().mark(Marked::Write) {
            return job.fail(error);
        }
        if job.run(&mut self.tx) {
            match self.tx.session().keep(Marked::Write) {
                Ok(()) => return,
                Err(error) => job.fail(error),
            }
        }
        self.desk.counters.failed.fetch_add(1, Relaxed);
        self.tx.forget_since(mark);
        if self.tx.session().in_transaction()
            && let Err(error) = self.tx.session().undo(Marked::Write)
        {
            tracing::error!(%error, "a failed write could not be undone alone, so its whole group is");
            self.tx.session().roll_back();
        }
    }

    /// Commits, and answers. Gives back those that must be run again.
    fn commit(&mut self, jobs: Jobs, turn: Turn) -> Jobs {
        let committed = self.make_durable();
        let effects = self.tx.take_effects();
        // Also after a failure: a commit whose sync failed may still turn out to be there after a power cut.
        effects.adopted.iter().for_each(PreparedBlob::adopt);
        if let Err(error) = committed {
            tracing::error!(%error, writes = jobs.len(), "a commit failed, its writes were undone");
            self.tx.session().roll_back();
            self.desk.counters.failed_commits.fetch_add(1, Relaxed);
            return self.again_or_answer(jobs, error, turn);
        }
        self.desk.counters.committed(jobs.len() as u64);
        answer(jobs, &Ok(()));
        // A file released and put again in one group stays; if it was the other way round, the next start finds it.
        let in_use = |name: &str| effects.adopted.iter().any(|blob| blob.is_in(name));
        self.desk.blob_files.release(effects.released.into_iter().filter(|name| !in_use(name)));
        self.desk.board.announce(&distinct(effects.notices));
        Jobs::new()
    }

    fn again_or_answer(&mut self, jobs: Jobs, error: Error, turn: Turn) -> Jobs {
        if !self.finds_room(&error, turn) {
            answer(jobs, &Err(error));
            return Jobs::new();
        }
        let (panicked, again): (Jobs, Jobs) = jobs.into_iter().partition(|job| job.has_panicked());
        answer(panicked, &Err(error));
        again
    }

    fn make_durable(&mut self) -> Result<()> {
        let Faults { before_commit, after_commit, sync_delay, .. } = &self.desk.faults;
        if let Some(hook) = before_commit {
            hook()?;
        }
        if let Some(delay) = sync_delay {
            std::thread::sleep(*delay);
        }
        self.tx.session().commit()?;
        if let Some(hook) = after_commit {
            hook();
        }
        Ok(())
    }

    fn look_elsewhere(&mut self) {
        self.looked = Instant::now();
        match self.tx.session().changed_elsewhere() {
            Ok(true) => self.desk.board.announce_all(),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "cannot see whether another process wrote"),
        }
    }
}

fn distinct(mut topics: Vec<Topic>) -> Vec<Topic> {
    topics.sort_unstable();
    topics.dedup();
    topics
}

fn answer(jobs: Jobs, committed: &Result<()>) {
    jobs.into_iter().for_each(|job| job.answer(committed.clone()));
}
