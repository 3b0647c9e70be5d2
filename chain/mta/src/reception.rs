//! Port 25: takes letters from other servers, for our own people only.

use std::sync::Arc;

use door::House;
use mail::seam::{Accept, Recipients};
use net::Stream;

/// The door on port 25.
#[derive(Clone)]
pub struct Reception {
    house: Arc<House>,
    recipients: Arc<dyn Recipients>,
    accept: Arc<dyn Accept>,
}

impl Reception {
    /// Letters for whom `recipients` knows go to `accept`.
    pub fn new(house: House, recipients: Arc<dyn Recipients>, accept: Arc<dyn Accept>) -> Self {
        Self { house: Arc::new(house), recipients, accept }
    }

    /// One dialogue, from greeting to goodbye.
    pub async fn converse(self, stream: Stream) {
        let _ = (&self.house, &self.recipients, &self.accept);
        drop(stream);
    }
}
