//! How many may come in, in all and from one place.

use crate::Places;

/// What a door allows.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at one time.
    pub total: usize,
    /// Connections at one time from one address (for IPv6, one /64: a household has that many; a /48 may have four times
    /// as many).
    pub per_address: usize,
    /// Are connections from this machine itself counted per address? Webmail, proxies and tests come from there.
    pub count_loopback: bool,
    /// What who is turned away hears, line end included: `421 4.7.0 too many connections\r\n`. Not said on doors
    /// that begin with TLS.
    pub full: &'static str,
    /// The places that all doors of the program share: clone one into every door.
    pub places: Places,
}

impl Default for Limits {
    /// For one door alone.
    fn default() -> Self {
        Self { total: 10_000, per_address: 50, count_loopback: false, full: "", places: Places::new(10_000) }
    }
}
