//! The events that are seen outside of any commit: gathered, and written down in groups.

mod flood;
mod group;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mail::trace::{Event, Observation, Witness};
use store::Store;
use tokio::sync::mpsc::{self, Receiver, Sender};

use self::flood::Flood;
use self::group::Group;

/// Observations that may wait to be written.
const WAITING: usize = 2048;
/// Observations in one commit.
const GROUP: usize = 256;
/// The time that the first of a group waits for others, so that a quiet house syncs once for all that happens in it.
const PAUSE: Duration = Duration::from_millis(500);
/// Keys in one observation: the memory that those that wait may take is bounded by it.
const KEYS: usize = 500;

/// Takes down observations, without ever waiting. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    sender: Sender<Observation>,
    left_out: Arc<AtomicU64>,
    flood: Arc<Mutex<Flood>>,
}

/// Writes down the observations that the journal gathers.
pub struct JournalWriter {
    store: Store,
    receiver: Receiver<Observation>,
    left_out: Arc<AtomicU64>,
    /// The number of left-out observations when it was last reported.
    told: u64,
}

impl Journal {
    /// Makes a journal on these data, and its writer: [`JournalWriter::run`] must be running for the journal to be
    /// written down.
    pub fn new(store: Store) -> (Self, JournalWriter) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let left_out = Arc::<AtomicU64>::default();
        let clerk = JournalWriter { store, receiver, left_out: Arc::clone(&left_out), told: 0 };
        (Self { sender, left_out, flood: Arc::default() }, clerk)
    }

    /// Returns how many observations were left out, because there was no room or because one peer was refused too
    /// often.
    pub fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    fn put(&self, observation: Observation) {
        if self.sender.try_send(observation).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Witness for Journal {
    fn saw(&self, observation: Observation) {
        match observation {
            Observation::Step(step) => {
                if let Event::Refused { arrival, .. } = &step.event
                    && !self.flood.lock().unwrap_or_else(PoisonError::into_inner).admits(&arrival.peer, step.at)
                {
                    self.left_out.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                self.put(Observation::Step(step));
            }
            Observation::Read { account, keys, door, at } => keys
                .chunks(KEYS)
                .for_each(|keys| self.put(Observation::Read { account, keys: keys.to_vec(), door, at })),
            Observation::Removed { account, keys, door, at } => keys
                .chunks(KEYS)
                .for_each(|keys| self.put(Observation::Removed { account, keys: keys.to_vec(), door, at })),
        }
    }
}

impl JournalWriter {
    /// Writes until `shutdown` is done, and then what is left. End it after everybody who sees something.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            let mut group = Vec::new();
            tokio::select! {
                () = &mut shutdown => break,
                got = self.receiver.recv_many(&mut group, GROUP) => if got == 0 { return },
            }
            let company = async {
                while group.len() < GROUP {
                    match self.receiver.recv().await {
                        Some(observation) => group.push(observation),
                        None => break,
                    }
                }
            };
            let closing = tokio::select! {
                () = &mut shutdown => true,
                () = async { drop(tokio::time::timeout(PAUSE, company).await) } => false,
            };
            self.write(group).await;
            if closing {
                break;
            }
        }
        self.receiver.close();
        let mut rest = Vec::new();
        while self.receiver.recv_many(&mut rest, GROUP).await > 0 {
            self.write(std::mem::take(&mut rest)).await;
        }
        self.tell_left_out();
    }

    async fn write(&mut self, observations: Vec<Observation>) {
        let count = observations.len() as u64;
        let written = Group::new(observations).write(&self.store).await;
        if let Err(error) = written {
            self.left_out.fetch_add(count, Ordering::Relaxed);
            tracing::warn!(%error, count, "refusals and readings are missing in the trace");
        }
        self.tell_left_out();
    }

    /// Each time their number has doubled: a flood is not answered with a flood.
    fn tell_left_out(&mut self) {
        let left_out = self.left_out.load(Ordering::Relaxed);
        if left_out > self.told.saturating_mul(2) {
            tracing::warn!(left_out, "too much was refused or read at once for the trace to hold all of it");
            self.told = left_out;
        }
    }
}
