//! What one request holds of the memory for all of them.

use net::{NoMemory, Share};

use crate::limits;

/// A share that grows with what the request needs; given back when dropped.
pub struct Memory {
    share: Share,
    octets: usize,
}

impl Memory {
    /// Holds nothing yet of what `share` is a part of.
    pub fn new(share: Share) -> Self {
        Self { share, octets: 0 }
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
