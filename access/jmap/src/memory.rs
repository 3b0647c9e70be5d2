//! The memory that one request holds of the budget for all requests.

use mail::seam::AccountId;
use net::{NoMemory, Owner, Share};

use crate::limits;
use crate::server::Server;

/// A share that grows as the request needs more; it is returned on drop.
pub struct Memory {
    share: Share,
    octets: usize,
}

impl Memory {
    /// Makes the share of a request of this person. It is empty at first.
    pub fn of(server: &Server, person: AccountId) -> Self {
        Self { share: server.requesting.share_of(Owner::Person(person.0)), octets: 0 }
    }

    /// Takes more, and waits for others to finish if there is too little. A request that is small in all takes nothing.
    pub async fn more(&mut self, octets: usize) -> Result<(), NoMemory> {
        let octets = self.octets.saturating_add(octets);
        if octets > limits::SMALL {
            self.share.grow_to(octets, limits::MEMORY_PATIENCE).await?;
        }
        self.octets = octets;
        Ok(())
    }
}
