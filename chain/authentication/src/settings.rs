//! The choices of the postmaster.

use mail::Domain;
use net::{Network, Proxies};

/// The use that is made of what the checks find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Letters that nothing proves become junk, or are refused where the policy allows it.
    #[default]
    On,
    /// The findings stand in the history and before the letter, and nothing follows from them.
    Note,
    /// Nothing is checked.
    Off,
}

/// The choices of the postmaster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The use that is made of the findings.
    pub mode: Mode,
    /// The domains of forwarders whose chains are believed (RFC 8617).
    pub forwarders: Vec<Domain>,
    /// The networks of servers in front of this one: the address of such a peer says nothing about the sender.
    pub fronts: Proxies,
    /// The names by which trusted servers sign their Authentication-Results (RFC 8601 §2.5).
    pub believed: Vec<Domain>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { mode: Mode::On, forwarders: Vec::new(), fronts: nearby(), believed: Vec::new() }
    }
}

/// The networks that no stranger comes from: this machine, and private networks.
const NEARBY: [&str; 9] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1",
    "fc00::/7",
    "fe80::/10",
];

/// Returns the networks that are in front where the postmaster names none: this machine and private networks.
pub fn nearby() -> Proxies {
    Proxies::new(NEARBY.iter().filter_map(|network| network.parse::<Network>().ok()).collect())
}

impl Settings {
    /// Returns true if the postmaster has named this forwarder.
    pub(crate) fn trusts(&self, forwarder: &str) -> bool {
        self.forwarders.iter().any(|named| named.as_str().eq_ignore_ascii_case(forwarder))
    }

    /// Returns true if the postmaster believes the results of this server.
    pub(crate) fn believes(&self, server: &str) -> bool {
        self.believed.iter().any(|named| named.as_str().eq_ignore_ascii_case(server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_in_front_and_nobody_else() {
        let fronts = Settings::default().fronts;
        for near in ["127.0.0.1", "::1", "192.168.1.7", "::ffff:10.0.0.1", "fd00::1"] {
            assert!(fronts.trust(near.parse().unwrap()), "{near}");
        }
        for far in ["192.0.2.1", "2001:db8::1", "172.32.0.1"] {
            assert!(!fronts.trust(far.parse().unwrap()), "{far}");
        }
    }
}
