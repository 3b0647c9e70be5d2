//! Memory that letters on their way share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A number of octets; the thread that reads takes them, and the thread that files gives them back.
pub struct Budget {
    state: Mutex<State>,
    room: Condvar,
    most: usize,
}

struct State {
    taken: usize,
    closed: bool,
}

impl Budget {
    /// Makes a budget of `most` octets.
    pub fn new(most: usize) -> Self {
        Self { state: Mutex::new(State { taken: 0, closed: false }), room: Condvar::new(), most }
    }

    /// Waits until there is room. One letter larger than all of it goes alone. False: nobody files any more.
    pub fn take(&self, size: usize) -> bool {
        let mut state = self.lock();
        while !state.closed && state.taken > 0 && state.taken + size > self.most {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.taken += size;
        !state.closed
    }

    /// Gives room back.
    pub fn give_back(&self, size: usize) {
        let mut state = self.lock();
        state.taken = state.taken.saturating_sub(size);
        drop(state);
        self.room.notify_all();
    }

    /// Lets nobody wait any more.
    pub fn close(&self) {
        self.lock().closed = true;
        self.room.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
