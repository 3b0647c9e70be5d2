//! Limits how many passwords are checked at one time, and decides whose turn it is.
//!
//! A check takes a processor for a moment and 19 MiB, so few run at once. Whoever comes from a place where they have logged in
//! before has slots of their own, which no flood of strangers takes. The strangers' queue is short, and shared: of two
//! networks the one goes first that has asked less lately, at each size from the provider down to the household, and whoever
//! has asked most is sent away first where there is no more room to wait in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mail::pace::{Counters, Moment, Pace};
use tokio::sync::oneshot;

use crate::peer_network::{Network, PeerNetwork, Size};
use crate::workspace::Workspace;

/// The pace at which the queue forgets that a network has asked.
const ASKED: Pace = Pace { free: 0, interval: Duration::from_secs(5) };
/// The highest count of a network's requests: beyond it, networks count as equally bad.
const ASKED_MOST: u32 = 10_000;
/// The levels at which networks are compared, from the largest to the smallest.
const LEVELS: [Size; 4] = [Size::Provider, Size::Site, Size::Customer, Size::Household];

/// The number of checks at one time, the number that may wait, and the longest wait.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    pub slots: usize,
    /// The number that may wait in all, and from one network of each of [`LEVELS`].
    pub waiting: usize,
    pub shares: [usize; 4],
    pub patience: Duration,
}

/// The slots of all.
pub(crate) struct Slots {
    pub familiar: Queue,
    pub strangers: Queue,
}

impl Slots {
    /// Makes the slots for a machine with so many processors: most slots are kept for familiar places, and strangers
    /// have one or two.
    pub fn new(processors: usize) -> Self {
        let all = processors.clamp(2, 8);
        let few = (all / 4).clamp(1, 2);
        Self {
            familiar: Queue::new(Room {
                slots: all - few,
                waiting: 1000,
                shares: [1000; 4],
                patience: Duration::from_secs(15),
            }),
            strangers: Queue::new(Room {
                slots: few,
                waiting: 64,
                shares: [48, 32, 24, 16],
                patience: Duration::from_secs(8),
            }),
        }
    }
}

/// A queue for some slots. It is cheap to clone.
#[derive(Clone)]
pub(crate) struct Queue {
    room: Room,
    state: Arc<Mutex<State>>,
}

struct State {
    free: usize,
    waiting: Vec<Waiter>,
    asked: Counters<Network>,
}

struct Waiter {
    networks: [Network; 4],
    /// For each network: the ordinal of this log-in among those that had come from there lately.
    ranks: [u32; 4],
    granted: oneshot::Sender<Turn>,
}

/// There is no room to wait in, or it took too long.
#[derive(Debug)]
pub(crate) struct Busy;

/// A slot that was granted: given back when dropped. It goes along with the work, and not with the caller that waits
/// for it.
pub(crate) struct Turn {
    queue: Option<Queue>,
    workspace: Option<Workspace>,
}

impl Queue {
    pub fn new(room: Room) -> Self {
        let state = State { free: room.slots, waiting: Vec::new(), asked: Counters::default() };
        Self { room, state: Arc::new(Mutex::new(state)) }
    }

    /// Waits for a slot. Answers at once where too many wait already.
    pub async fn turn(&self, place: PeerNetwork, now: Moment) -> Result<Turn, Busy> {
        let granted = match self.ask(place, now) {
            Ok(turn) => return Ok(turn),
            Err(granted) => granted,
        };
        let granted = tokio::time::timeout(self.room.patience, granted).await;
        granted.map_err(|_| Busy)?.map_err(|_| Busy)
    }

    /// The password was right: the network need not wait longer the next time.
    pub fn forgive(&self, place: PeerNetwork) {
        let mut state = self.lock();
        LEVELS.into_iter().for_each(|size| state.asked.withdraw(&place.network(size), ASKED));
    }

    fn ask(&self, place: PeerNetwork, now: Moment) -> Result<Turn, oneshot::Receiver<Turn>> {
        let mut state = self.lock();
        let networks = LEVELS.map(|size| place.network(size));
        let ranks = networks.map(|network| state.asked.count(network, ASKED, ASKED_MOST, now));
        if state.free > 0 {
            state.free -= 1;
            return Ok(Turn { queue: Some(self.clone()), workspace: None });
        }
        let (granted, receiver) = oneshot::channel();
        state.waiting.retain(|waiter| !waiter.granted.is_closed());
        state.waiting.push(Waiter { networks, ranks, granted });
        state.send_away(networks, &self.room);
        Err(receiver)
    }

    /// Gives a slot to whose turn it is.
    fn pass_on(&self, mut workspace: Option<Workspace>) {
        while let Some(next) = self.next() {
            let turn = Turn { queue: Some(self.clone()), workspace };
            match next.granted.send(turn) {
                Ok(()) => return,
                // Whoever waited has gone.
                Err(mut turn) => {
                    turn.queue = None;
                    workspace = turn.workspace.take();
                }
            }
        }
    }

    /// Gives the slot to whoever's turn it is; where nobody waits, it is free.
    fn next(&self) -> Option<Waiter> {
        let mut state = self.lock();
        let next = state.first();
        match next {
            Some(place) => Some(state.waiting.remove(place)),
            None => {
                state.free += 1;
                None
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Level by level: of the networks that those wait in, the one that asked least lately; in it, the same again. Of those
    /// that are equal the one who came last: where more come than can be served, whoever came first would be served when
    /// they had long given up, and so would all others.
    fn first(&self) -> Option<usize> {
        let mut left: Vec<usize> = (0..self.waiting.len()).collect();
        for level in 0..LEVELS.len() {
            let least = left.iter().copied().min_by_key(|n| (self.waiting[*n].ranks[level], usize::MAX - n))?;
            left.retain(|n| self.waiting[*n].networks[level] == self.waiting[least].networks[level]);
        }
        left.into_iter().min_by_key(|n| self.waiting[*n].ranks[LEVELS.len() - 1])
    }

    /// Returns, the other way round, the one among `left` that has the least claim to a place.
    fn last(&self, mut left: Vec<usize>) -> Option<usize> {
        for level in 0..LEVELS.len() {
            let most = left.iter().copied().max_by_key(|n| (self.waiting[*n].ranks[level], usize::MAX - n))?;
            left.retain(|n| self.waiting[*n].networks[level] == self.waiting[most].networks[level]);
        }
        left.into_iter().max_by_key(|n| (self.waiting[*n].ranks[LEVELS.len() - 1], usize::MAX - n))
    }

    /// Sends one away where more wait than there is room for, in all or from one of the newcomer's networks.
    fn send_away(&mut self, newcomer: [Network; 4], room: &Room) {
        for (level, share) in room.shares.into_iter().enumerate().rev() {
            let inside = |n: &usize| self.waiting[*n].networks[level] == newcomer[level];
            let crowd: Vec<usize> = (0..self.waiting.len()).filter(inside).collect();
            if crowd.len() > share {
                return self.forget(crowd);
            }
        }
        if self.waiting.len() > room.waiting {
            self.forget((0..self.waiting.len()).collect());
        }
    }

    fn forget(&mut self, among: Vec<usize>) {
        if let Some(last) = self.last(among) {
            self.waiting.remove(last);
        }
    }
}

impl Turn {
    /// The memory to work in: that of the check before, where somebody waited.
    pub fn workspace(&mut self) -> &mut Workspace {
        self.workspace.get_or_insert_with(Workspace::new)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.pass_on(self.workspace.take());
        }
    }
}

#[cfg(test)]
mod tests;
