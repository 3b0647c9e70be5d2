//! Carries letters from the conversation to their destination: several in one commit, while the next ones come in.

use std::sync::Arc;
use std::time::Duration;

use net::Share;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::Fault;
use crate::destination::{Arrived, Destination, Taken};
use crate::progress::{Listener, News};

/// Letters on their way to their destination, at most.
const LETTERS: usize = 256;
/// The largest size that is counted of a single letter, so that the memory of a small machine is enough for any.
const MOST_COUNTED: usize = 64 << 20;
/// Between two looks whether letters are still taken while there is no memory for another.
const LOOK: Duration = Duration::from_secs(30);
/// Letters of one commit.
const COMMIT: usize = 100;
/// Octets of one commit, beyond which no letter more is added.
const COMMIT_OCTETS: usize = 8 << 20;

/// Hands letters to their destination. Letters are taken in the order they are given.
pub struct Handover {
    endpoint: mpsc::Sender<Parcel>,
    /// The share of the memory for letters on their way in; the share of the source bounds the letters that wait
    /// here.
    memory: Share,
    carrier: JoinHandle<Result<(), Fault>>,
}

struct Parcel {
    letter: Arrived,
    memory: Share,
}

impl Handover {
    /// Begins to carry. Letters on their way count against the owner of `memory`, which is an empty share.
    pub fn start(destination: Arc<dyn Destination>, listener: Arc<dyn Listener>, memory: Share) -> Self {
        let (endpoint, parcels) = mpsc::channel(LETTERS);
        let carrier = tokio::spawn(carry(destination, listener, parcels));
        Self { endpoint, memory, carrier }
    }

    /// Gives a letter; waits while there are too many on their way. An error says that no more are taken:
    /// [`finish`](Self::finish) tells why.
    pub async fn give(&self, letter: Arrived) -> Result<(), NoMore> {
        let mut memory = self.memory.empty();
        while memory.grow_to(letter.raw.len().min(MOST_COUNTED), LOOK).await.is_err() {
            if self.endpoint.is_closed() {
                return Err(NoMore);
            }
        }
        self.endpoint.send(Parcel { letter, memory }).await.map_err(|_| NoMore)
    }

    /// Waits until all that were given have arrived.
    pub async fn finish(self) -> Result<(), Fault> {
        drop(self.endpoint);
        self.carrier.await.unwrap_or_else(|panicked| Err(Fault::Destination(panicked.to_string())))
    }
}

/// The destination takes no more letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMore;

async fn carry(
    destination: Arc<dyn Destination>,
    listener: Arc<dyn Listener>,
    mut parcels: mpsc::Receiver<Parcel>,
) -> Result<(), Fault> {
    while let Some(first) = parcels.recv().await {
        let mut held = vec![first.memory];
        let mut octets = first.letter.raw.len();
        let mut letters = vec![first.letter];
        while letters.len() < COMMIT
            && octets < COMMIT_OCTETS
            && let Ok(next) = parcels.try_recv()
        {
            octets += next.letter.raw.len();
            held.push(next.memory);
            letters.push(next.letter);
        }
        let sizes: Vec<u64> = letters.iter().map(|letter| letter.raw.len() as u64).collect();
        let taken = destination.take(letters).await?;
        let filed = taken.iter().zip(&sizes).filter(|(taken, _)| **taken == Taken::Filed);
        let (letters, octets) = filed.fold((0, 0), |(letters, octets), (_, size)| (letters + 1, octets + size));
        let known = taken.iter().filter(|taken| **taken == Taken::Known).count() as u64;
        listener.hear(&News::Came { letters, octets, known });
    }
    Ok(())
}
