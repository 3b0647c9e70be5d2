//! The letter that is coming in.

use std::time::Duration;

use bytes::Bytes;
use net::{NoMemory, Share};

/// Smaller steps would cost more than they save.
const FIRST: usize = 4096;

/// A letter's octets, which grow as they come: what a sender declares costs nothing.
pub(crate) struct Pile {
    octets: Vec<u8>,
    share: Share,
    patience: Duration,
}

impl Pile {
    /// Empty. `patience` is how long to wait for a place in the memory budget.
    pub fn new(share: Share, patience: Duration) -> Self {
        Self { octets: Vec::new(), share, patience }
    }

    /// Makes room for `more` octets.
    pub async fn make_room(&mut self, more: usize) -> Result<(), NoMemory> {
        // Two more, for the line end that the last line may lack.
        let wanted = self.octets.len() + more + 2;
        if wanted <= self.octets.capacity() {
            return Ok(());
        }
        let capacity = wanted.max(self.octets.capacity() * 3 / 2).max(FIRST);
        self.share.grow_to(capacity, self.patience).await?;
        self.octets.reserve_exact(capacity - self.octets.len());
        Ok(())
    }

    /// Adds octets for which there is room.
    pub fn add(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// The letter, its last line ended (chunks need not end with a line end; every letter in the house does), and the
    /// memory that it holds.
    pub fn finish(mut self) -> (Bytes, Share) {
        if !self.octets.ends_with(b"\r\n") {
            self.octets.extend_from_slice(b"\r\n");
        }
        (Bytes::from(self.octets), self.share)
    }
}
