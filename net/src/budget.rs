//! The memory that letters and uploads on their way in may take, all together.

mod machine;
mod state;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::state::{State, Ticket, Wish};

/// A number of octets that all conversations share. Cheap to clone.
///
/// Nobody takes all of it: each [`Owner`] has a quarter (or one letter beside an eighth, if that is more), and an
/// eighth is kept for small shares. If there is too little, small wishes are served before large ones, and otherwise in
/// the order they came.
#[derive(Clone)]
pub struct Budget(Arc<Mutex<State>>);

/// The owner of a part of the budget: the parts of one owner are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A peer: an address, or a /64 (see [`mail::peer_network`]).
    Network(IpAddr),
    /// A person, by the number of their mailbox.
    Person(i64),
    /// A mailbox elsewhere that letters are fetched from, by its number.
    Source(i64),
}

impl Owner {
    /// Returns the peer with this address.
    pub fn at(ip: IpAddr) -> Self {
        Self::Network(mail::peer_network(ip))
    }
}

/// A part of the budget; returned on drop.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    owner: Option<Owner>,
    octets: usize,
}

impl Budget {
    /// Makes a budget of `octets` for all owners together.
    pub fn new(octets: usize) -> Self {
        Self(Arc::new(Mutex::new(State::new(octets))))
    }

    /// Returns an eighth of the memory that this process may use: of the machine, or of its control group. It is never
    /// less than one large letter needs, and never more than a gibibyte.
    pub fn of_this_machine() -> Self {
        Self::new(machine::budget(machine::memory()))
    }

    /// Returns an empty share of the server's own, which no owner is charged for.
    pub fn share(&self) -> Share {
        Share { budget: self.clone(), owner: None, octets: 0 }
    }

    /// Returns an empty share of `owner`.
    pub fn share_of(&self, owner: Owner) -> Share {
        Share { budget: self.clone(), owner: Some(owner), octets: 0 }
    }

    /// Returns the number of octets that nobody holds now.
    pub fn free(&self) -> usize {
        self.state().free()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Budget")
    }
}

impl Share {
    /// Makes the share at least `octets` large. It waits for others to finish, but not longer than `patience`: without
    /// a limit, several that each have a part of what they need would wait for each other for ever.
    pub async fn grow_to(&mut self, octets: usize, patience: Duration) -> Result<(), NoMemory> {
        let Some(more) = octets.checked_sub(self.octets).filter(|more| *more > 0) else { return Ok(()) };
        let asked = self.budget.state().ask(Wish { owner: self.owner, more, whole: octets });
        let Some(ticket) = asked else {
            self.octets = octets;
            return Ok(());
        };
        let mut waiting = Waiting { budget: &self.budget, ticket: Some(ticket) };
        let granted = tokio::time::timeout(patience, waiting.granted()).await;
        granted.map_err(|_| NoMemory)?;
        waiting.ticket = None;
        self.octets = octets;
        Ok(())
    }

    /// Returns an empty share of the same owner.
    pub fn empty(&self) -> Self {
        Self { budget: self.budget.clone(), owner: self.owner, octets: 0 }
    }

    /// Returns the number of octets that it holds.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// Takes over another share of the same owner.
    pub fn join(&mut self, mut other: Self) {
        self.octets += std::mem::take(&mut other.octets);
    }

    /// Returns the octets beyond `octets`.
    pub fn shrink_to(&mut self, octets: usize) {
        let less = self.octets.saturating_sub(octets);
        self.octets -= less;
        self.budget.state().give_back(self.owner, less);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

/// A place in the queue; left on drop, whether it was granted meanwhile or not.
struct Waiting<'a> {
    budget: &'a Budget,
    ticket: Option<Ticket>,
}

impl Waiting<'_> {
    async fn granted(&self) {
        if let Some(ticket) = &self.ticket {
            ticket.granted().await;
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.budget.state().withdraw(&ticket);
        }
    }
}

/// Too much is on its way in: the sender should try later (SMTP: 452 4.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no memory for another letter now")]
pub struct NoMemory;

#[cfg(test)]
mod tests;
