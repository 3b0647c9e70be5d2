//! Submission (RFC 6409): takes letters from our own people, who have logged in, for anyone.

mod fix;

use std::sync::Arc;

use door::House;
use mail::seam::{Accept, Logins};
use net::Stream;

pub use fix::{Fixer, fix};

/// The doors on ports 587 and 465.
#[derive(Clone)]
pub struct Submission {
    house: Arc<House>,
    logins: Arc<dyn Logins>,
    accept: Arc<dyn Accept>,
    clear_logins: bool,
}

impl Submission {
    /// Letters of people whom `logins` knows go to `accept`.
    pub fn new(house: House, logins: Arc<dyn Logins>, accept: Arc<dyn Accept>) -> Self {
        Self { house: Arc::new(house), logins, accept, clear_logins: false }
    }

    /// Allows log-ins outside TLS: for tests on this machine only.
    pub fn with_clear_logins(mut self) -> Self {
        self.clear_logins = true;
        self
    }

    /// One dialogue, from greeting to goodbye.
    pub async fn converse(self, stream: Stream) {
        let _ = (&self.house, &self.logins, &self.accept, self.clear_logins);
        drop(stream);
    }
}
