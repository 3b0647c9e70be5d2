//! The memory that one request holds of the budget for all requests.

use mail::seam::AccountId;
use net::{NoMemory, Owner, Share};

use crate::limits;
use crate::server::Server;

/// A share that grows with what the request needs; given back when dropped.
pub struct Memory {
    share: Share,
    octets: usize,
}

impl Memory {
    /// Of a request of this person. It holds nothing yet.
    pub fn of(server: &Server, person: AccountId) -> Self {
        Self { share: server.requesting.share_of(Owner::Person(person.0)), octets: 0 }
    }

    /// Takes more, and waits for others to finish where there is too little. What is small in all takes nothing.
    pub async fn more(&mut self, octets: usize) -> Result<(), NoMemory> {
        let octets = self.octets.saturating_add(octets);
        if octets > limits::SMALL {
            self.share.grow_to(octets, limits::MEMORY_PATIENCE).await?;
        }
        self.octets = octets;
        Ok(())
    }
}
