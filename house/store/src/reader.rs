//! The threads that read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::engine::Session;
use crate::error::{Error, Result};
use crate::queue::{Popped, Queue};
use crate::shelf::Shelf;
use crate::statistics::Counters;
use crate::view::View;
use crate::writer::message;

/// How long a caller waits for a place in the queue.
const PATIENCE: Duration = Duration::from_secs(10);
const QUEUE: usize = 4096;

type Job = Box<dyn FnOnce(&Reading<'_>) + Send>;

pub(crate) struct Readers {
    queue: Arc<Queue<Job>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// When each thread began the read it is at.
    since: Arc<[Mutex<Option<Instant>>]>,
}

/// What a job finds on its thread.
struct Reading<'t> {
    session: &'t dyn Session,
    view: &'t View,
}

impl Readers {
    /// Starts one thread for each session.
    pub(crate) fn start(
        sessions: Vec<Box<dyn Session>>,
        shelf: &Arc<Shelf>,
        counters: &Arc<Counters>,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::<Job>::new(QUEUE, PATIENCE, "too many reads are waiting"));
        let since: Arc<[_]> = sessions.iter().map(|_| Mutex::new(None)).collect();
        let mut threads = Vec::new();
        for (number, session) in sessions.into_iter().enumerate() {
            let (queue, since) = (Arc::clone(&queue), Arc::clone(&since));
            let (shelf, counters) = (Arc::clone(shelf), Arc::clone(counters));
            let work = move || {
                queue.is_served_here();
                let session: Rc<dyn Session> = Rc::from(session);
                let view = View::new(Rc::clone(&session), shelf);
                while let Popped::Item(job) = queue.pop(None) {
                    note(&since, number, Some(Instant::now()));
                    job(&Reading { session: &*session, view: &view });
                    note(&since, number, None);
                    counters.reads.fetch_add(1, Relaxed);
                }
            };
            threads.push(std::thread::Builder::new().name(format!("store-reader-{number}")).spawn(work)?);
        }
        Ok(Self { queue, threads: Mutex::new(threads), since })
    }

    pub(crate) async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        self.queue.push(job(f, answer)).await?;
        wait.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    pub(crate) fn read_blocking<T, E, F>(&self, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&View) -> Result<T, E> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        self.queue.push_blocking(job(f, answer))?;
        wait.blocking_recv().unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// When the oldest read that still runs began.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.since.iter().filter_map(|since| *since.lock().unwrap_or_else(PoisonError::into_inner)).min()
    }

    pub(crate) fn close(&self) {
        self.queue.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads.into_iter().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn note(since: &[Mutex<Option<Instant>>], number: usize, at: Option<Instant>) {
    if let Some(since) = since.get(number) {
        *since.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

fn job<T, E, F>(f: F, answer: oneshot::Sender<Result<T, E>>) -> Job
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: FnOnce(&View) -> Result<T, E> + Send + 'static,
{
    Box::new(move |reading| {
        if answer.is_closed() {
            return;
        }
        let outcome = match reading.session.begin_read() {
            Err(error) => Err(error.into()),
            Ok(()) => catch_unwind(AssertUnwindSafe(|| f(reading.view)))
                .unwrap_or_else(|panic| Err(Error::Panicked(message(&*panic)).into())),
        };
        if let Err(error) = reading.session.end_read() {
            tracing::error!(%error, "a read could not be ended");
        }
        let _ = answer.send(outcome);
    })
}
