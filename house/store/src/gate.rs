//! Carries the log into the database on a thread of its own, so that no commit waits for it.
//!
//! The log begins again at its start only when all of it has been carried and nobody appends meanwhile. Under steady
//! load that moment never comes by itself, so past a size the checkpointer shuts a gate in front of the writer for
//! as long as the little takes that is left after an undisturbed pass.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::sqlite::{Carried, Checkpoint, Sqlite};
use crate::statistics::Counters;

/// So many bytes of log since the last checkpoint call for the next one.
const STEP: u64 = 8 << 20;
/// From this size on the writer waits until the log can begin again.
const LARGE: u64 = 32 << 20;
/// From this size on readers are waited for as well, for a moment.
const HUGE: u64 = 256 << 20;
/// A log that has been left alone this long is carried whatever its size.
const QUIET: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    inside: bool,
    shut: bool,
    closed: bool,
    log: u64,
    carried: u64,
}

/// The writer is inside the gate as long as it holds this.
pub(crate) struct Inside<'g>(&'g Gate);

impl Gate {
    pub(crate) fn enter(&self) -> Inside<'_> {
        let state = self.lock();
        let mut state = self.changed.wait_while(state, |state| state.shut).unwrap_or_else(PoisonError::into_inner);
        state.inside = true;
        Inside(self)
    }

    /// Takes note of the size of the log.
    pub(crate) fn grown(&self, log: u64) {
        let mut state = self.lock();
        if log < state.log {
            // It began again.
            state.carried = 0;
        }
        state.log = log;
        let due = log >= state.carried + STEP;
        drop(state);
        if due {
            self.changed.notify_all();
        }
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn shut(&self) {
        let mut state = self.lock();
        state.shut = true;
        drop(self.changed.wait_while(state, |state| state.inside).unwrap_or_else(PoisonError::into_inner));
    }

    fn open(&self) {
        self.lock().shut = false;
        self.changed.notify_all();
    }

    /// Waits until there is something to carry. `None`: the store closes.
    fn wait(&self) -> Option<u64> {
        let mut quiet_since = Instant::now();
        let mut last = 0;
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if state.log != last {
                last = state.log;
                quiet_since = Instant::now();
            }
            let waiting = state.log.saturating_sub(state.carried);
            if waiting >= STEP || (waiting > 0 && quiet_since.elapsed() >= QUIET) {
                return Some(state.log);
            }
            state = self.changed.wait_timeout(state, QUIET).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.inside = false;
        let awaited = state.shut;
        drop(state);
        if awaited {
            self.0.changed.notify_all();
        }
    }
}

/// The thread that carries.
pub(crate) struct Checkpointer {
    gate: Arc<Gate>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Checkpointer {
    pub(crate) fn start(session: Sqlite, gate: Arc<Gate>, counters: Arc<Counters>) -> std::io::Result<Self> {
        let porter = Porter { session, gate: Arc::clone(&gate), counters };
        let thread = std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(move || porter.work())?;
        Ok(Self { gate, thread: Mutex::new(Some(thread)) })
    }

    pub(crate) fn close(&self) {
        self.gate.close();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.gate.close();
    }
}

struct Porter {
    session: Sqlite,
    gate: Arc<Gate>,
    counters: Arc<Counters>,
}

impl Porter {
    fn work(self) {
        while let Some(log) = self.gate.wait() {
            self.carry(Checkpoint::Passive);
            if log >= LARGE {
                self.carry_alone(log);
            }
        }
        self.carry(Checkpoint::Truncate);
    }

    /// While the writer waits.
    fn carry_alone(&self, log: u64) {
        self.gate.shut();
        // A full passive pass is enough for the log to begin again, unless a reader still needs it.
        self.carry(if log >= HUGE { Checkpoint::Restart } else { Checkpoint::Passive });
        self.gate.open();
        self.counters.checkpoints_waited_for.fetch_add(1, Relaxed);
    }

    fn carry(&self, mode: Checkpoint) {
        self.counters.checkpoints.fetch_add(1, Relaxed);
        match self.session.checkpoint(mode) {
            Ok(Carried { carried, busy, .. }) => {
                tracing::debug!(?mode, carried, busy, "checkpoint");
                let mut state = self.gate.lock();
                // Where a reader holds the log back, do not try again before it has grown by another step.
                state.carried = state.log;
            }
            Err(error) => {
                tracing::warn!(%error, "the log could not be carried into the database; it will be tried again");
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
}
