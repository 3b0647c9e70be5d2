//! A bounded queue from many tasks to few threads.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, TryAcquireError};

use crate::error::{Error, Result};

pub(crate) struct Queue<T> {
    line: Mutex<Line<T>>,
    ready: Condvar,
    room: Semaphore,
    patience: Duration,
    full: &'static str,
}

thread_local! {
    /// The address of the queue that this thread serves. Waiting in it would be waiting for itself.
    static HOME: Cell<usize> = const { Cell::new(0) };
}

/// Says that the calling thread serves the queue at this address.
pub(crate) fn serve_here(address: usize) {
    HOME.set(address);
}

/// Returns true if the calling thread serves the queue at this address.
pub(crate) fn is_home(address: usize) -> bool {
    HOME.get() == address
}

/// Says why a thread may not wait in the queue that it serves.
pub(crate) fn waits_for_itself() -> Error {
    Error::Sql("a write within a write, or a read within a read, would wait for itself".to_owned())
}

struct Line<T> {
    items: VecDeque<T>,
    closed: bool,
    sleepers: usize,
}

/// The result of [`Queue::pop`].
pub(crate) enum Popped<T> {
    Item(T),
    Nothing,
    Closed,
}

impl<T> Queue<T> {
    /// Makes a queue of at most `length` items. A caller that finds it full waits for `patience` and is then told
    /// `full`.
    pub(crate) fn new(length: usize, patience: Duration, full: &'static str) -> Self {
        let line = Line { items: VecDeque::new(), closed: false, sleepers: 0 };
        let room = Semaphore::new(length.clamp(1, Semaphore::MAX_PERMITS));
        Self { line: Mutex::new(line), ready: Condvar::new(), room, patience, full }
    }

    pub(crate) async fn push(&self, item: T) -> Result<()> {
        match self.room.try_acquire() {
            Ok(place) => place.forget(),
            Err(TryAcquireError::Closed) => return Err(Error::Closed),
            Err(TryAcquireError::NoPermits) => self.wait_for_room().await?,
        }
        self.enter(item)
    }

    /// The same outside a runtime.
    pub(crate) fn push_blocking(&self, item: T) -> Result<()> {
        if is_home(self.address()) {
            return Err(waits_for_itself());
        }
        let until = Instant::now() + self.patience;
        loop {
            match self.room.try_acquire() {
                Ok(place) => break place.forget(),
                Err(TryAcquireError::Closed) => return Err(Error::Closed),
                Err(TryAcquireError::NoPermits) if Instant::now() >= until => return Err(Error::Busy(self.full)),
                Err(TryAcquireError::NoPermits) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        self.enter(item)
    }

    /// Says that the calling thread serves this queue.
    pub(crate) fn is_served_here(&self) {
        serve_here(self.address());
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Waits for an item, for `patience` at most where that is given. A closed queue is emptied first.
    pub(crate) fn pop(&self, patience: Option<Duration>) -> Popped<T> {
        let until = patience.map(|patience| Instant::now() + patience);
        let mut line = self.lock();
        loop {
            if let Some(item) = line.items.pop_front() {
                drop(line);
                self.room.add_permits(1);
                return Popped::Item(item);
            }
            if line.closed {
                return Popped::Closed;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Popped::Nothing;
            }
            line = self.sleep(line, left);
        }
    }

    /// Takes up to `most` items that are there already; never waits for company.
    pub(crate) fn take(&self, most: usize, into: &mut VecDeque<T>) {
        let mut line = self.lock();
        let count = most.min(line.items.len());
        into.extend(line.items.drain(..count));
        drop(line);
        self.room.add_permits(count);
    }

    /// Returns the number of items in it now.
    pub(crate) fn length(&self) -> usize {
        self.lock().items.len()
    }

    /// Lets nobody in any more; what is in is still served.
    pub(crate) fn close(&self) {
        self.room.close();
        self.lock().closed = true;
        self.ready.notify_all();
    }

    async fn wait_for_room(&self) -> Result<()> {
        match tokio::time::timeout(self.patience, self.room.acquire()).await {
            Ok(Ok(place)) => {
                place.forget();
                Ok(())
            }
            Ok(Err(_)) => Err(Error::Closed),
            Err(_) => Err(Error::Busy(self.full)),
        }
    }

    fn enter(&self, item: T) -> Result<()> {
        let mut line = self.lock();
        if line.closed {
            return Err(Error::Closed);
        }
        line.items.push_back(item);
        let wake = line.sleepers > 0;
        drop(line);
        if wake {
            self.ready.notify_one();
        }
        Ok(())
    }

    fn sleep<'q>(&self, mut line: MutexGuard<'q, Line<T>>, left: Option<Duration>) -> MutexGuard<'q, Line<T>> {
        line.sleepers += 1;
        let mut line = match left {
            Some(left) => self.ready.wait_timeout(line, left).unwrap_or_else(PoisonError::into_inner).0,
            None => self.ready.wait(line).unwrap_or_else(PoisonError::into_inner),
        };
        line.sleepers -= 1;
        line
    }

    fn lock(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
