//! A lane of reads: some threads, and a fair line in front of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::blob_files::BlobFiles;
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::leash::{Interest, Leash};
use crate::queue::waits_for_itself;
use crate::statistics::Counters;
use crate::turns::{Asker, Next, Shares, Turns, Waits};
use crate::view::View;
use crate::writer::message;

/// A thread that had nothing to do for this long gives its memory back.
const IDLE: Duration = Duration::from_secs(20);

/// The options of a lane.
pub(crate) struct LaneOptions {
    /// The name of its threads.
    pub(crate) name: &'static str,
    pub(crate) shares: Shares,
    /// The longest time that a read may run.
    pub(crate) deadline: Duration,
    /// Closing ends what runs and turns away what waits, instead of serving it.
    pub(crate) ends_at_once: bool,
}

pub(crate) struct Lane {
    turns: Arc<Turns<Box<dyn Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// When each thread began the read it is at.
    since: Arc<[Mutex<Option<Instant>>]>,
    deadline: Duration,
    ends_at_once: bool,
    ended: Arc<AtomicBool>,
}

/// The context that a job finds on its thread.
struct JobContext<'t> {
    session: &'t dyn Session,
    view: &'t View,
}

/// A read on its way.
trait Job: Send {
    fn is_abandoned(&self) -> bool;
    /// Runs it and answers the caller.
    fn run(self: Box<Self>, desk: &JobContext<'_>);
    /// Tells the caller why it is not run.
    fn turn_away(self: Box<Self>, why: Error);
}

impl Waits for Box<dyn Job> {
    fn is_abandoned(&self) -> bool {
        (**self).is_abandoned()
    }
}

impl Lane {
    /// Starts one thread for each session.
    pub(crate) fn start(
        plan: &LaneOptions,
        sessions: Vec<Box<dyn Session>>,
        blob_files: &Arc<BlobFiles>,
        counters: &Arc<Counters>,
    ) -> std::io::Result<Self> {
        let turns = Arc::new(Turns::new(plan.shares));
        let since: Arc<[_]> = sessions.iter().map(|_| Mutex::new(None)).collect();
        let mut threads = Vec::new();
        for (number, session) in sessions.into_iter().enumerate() {
            let (turns, since) = (Arc::clone(&turns), Arc::clone(&since));
            let (blob_files, counters) = (Arc::clone(blob_files), Arc::clone(counters));
            let work = move || {
                let session: Rc<dyn Session> = Rc::from(session);
                let view = View::new(Rc::clone(&session), blob_files);
                serve(&turns, &JobContext { session: &*session, view: &view }, &counters, |at| {
                    note(&since, number, at)
                });
            };
            threads.push(std::thread::Builder::new().name(format!("{}-{number}", plan.name)).spawn(work)?);
        }
        let (deadline, ends_at_once, ended) = (plan.deadline, plan.ends_at_once, Arc::default());
        Ok(Self { turns, threads: Mutex::new(threads), since, deadline, ends_at_once, ended })
    }

    /// Runs `f` on behalf of `asker`, or of the house. Dropped, it ends.
    pub(crate) async fn read<T, E, F>(&self, asker: Option<Asker>, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        let (wait, _interest) = self.send(asker, self.deadline, f)?;
        wait.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// [`read`](Self::read) of the house, outside a runtime, with a deadline of its own.
    pub(crate) fn read_blocking<T, E, F>(&self, deadline: Duration, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        if self.turns.is_home() {
            return Err(waits_for_itself().into());
        }
        let (wait, _interest) = self.send(None, deadline, f)?;
        wait.blocking_recv().unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    fn send<T, E, F>(
        &self,
        asker: Option<Asker>,
        deadline: Duration,
        f: F,
    ) -> Result<(oneshot::Receiver<Result<T, E>>, Interest)>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let interest = Interest(Arc::default());
        let (gone, ended) = (Arc::clone(&interest.0), Arc::clone(&self.ended));
        self.turns.push(asker, Box::new(Read { f, answer, gone, ended, deadline }))?;
        Ok((wait, interest))
    }

    /// When the oldest read that still runs began.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.since.iter().filter_map(|since| *since.lock().unwrap_or_else(PoisonError::into_inner)).min()
    }

    /// Turns away those that have waited too long for their turn. To be called now and then.
    pub(crate) fn turn_away_late(&self) {
        for job in self.turns.take_late() {
            job.turn_away(Error::Busy("a read has waited too long for its turn"));
        }
    }

    pub(crate) fn close(&self) {
        self.shut();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads.into_iter().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }

    fn shut(&self) {
        self.turns.close();
        if self.ends_at_once {
            self.ended.store(true, Relaxed);
            self.turns.clear().into_iter().for_each(|job| job.turn_away(Error::Closed));
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.shut();
    }
}

/// The life of a thread.
fn serve(turns: &Turns<Box<dyn Job>>, desk: &JobContext<'_>, counters: &Counters, note: impl Fn(Option<Instant>)) {
    turns.is_served_here();
    let mut rests = false;
    loop {
        match turns.next((!rests).then_some(IDLE)) {
            Next::Item(asker, job) => {
                rests = false;
                note(Some(Instant::now()));
                job.run(desk);
                note(None);
                turns.done(asker);
                counters.reads.fetch_add(1, Relaxed);
            }
            Next::Nothing => {
                desk.session.rest();
                rests = true;
            }
            Next::Closed => return,
        }
    }
}

fn note(since: &[Mutex<Option<Instant>>], number: usize, at: Option<Instant>) {
    if let Some(since) = since.get(number) {
        *since.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

struct Read<T, E, F> {
    f: F,
    answer: oneshot::Sender<Result<T, E>>,
    gone: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    deadline: Duration,
}

impl<T, E, F> Job for Read<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: FnOnce(&View) -> Result<T, E> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(self: Box<Self>, desk: &JobContext<'_>) {
        if self.is_abandoned() {
            return;
        }
        let Self { f, answer, gone, ended, deadline } = *self;
        let outcome = match desk.session.begin_read(Leash { gone, ended, until: Instant::now() + deadline }) {
            Err(error) => Err(error.into()),
            Ok(()) => catch_unwind(AssertUnwindSafe(|| f(desk.view)))
                .unwrap_or_else(|panic| Err(Error::Panicked(message(&*panic)).into())),
        };
        if let Err(error) = desk.session.end_read() {
            tracing::error!(%error, "a read could not be ended");
        }
        let _ = answer.send(outcome);
    }

    fn turn_away(self: Box<Self>, why: Error) {
        let _ = self.answer.send(Err(why.into()));
    }
}
