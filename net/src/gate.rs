//! How many may come in, in all and from one place.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Peer;

/// What a door allows.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at one time.
    pub total: usize,
    /// Connections at one time from one address (for IPv6, one /64: a household has that many).
    pub per_address: usize,
    /// Are connections from this machine itself counted per address? Webmail, proxies and tests come from there.
    pub count_loopback: bool,
    /// What who is turned away hears, line end included: `421 4.7.0 too many connections\r\n`. Not said on doors
    /// that begin with TLS.
    pub full: &'static str,
}

impl Default for Limits {
    fn default() -> Self {
        Self { total: 10_000, per_address: 50, count_loopback: false, full: "" }
    }
}

/// Counts who is in.
#[derive(Clone)]
pub(crate) struct Gate {
    limits: Limits,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Default)]
struct Inside {
    total: usize,
    places: HashMap<IpAddr, usize>,
}

/// Lets its holder be inside; gives the place back when dropped.
pub(crate) struct Pass {
    place: Option<IpAddr>,
    inside: Arc<Mutex<Inside>>,
}

impl Gate {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, inside: Arc::default() }
    }

    pub(crate) fn enter(&self, peer: Peer) -> Option<Pass> {
        let place = self.place(peer);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.total >= self.limits.total {
            return None;
        }
        if let Some(place) = place {
            let from_there = inside.places.get(&place).copied().unwrap_or(0);
            if from_there >= self.limits.per_address {
                return None;
            }
            inside.places.insert(place, from_there + 1);
        }
        inside.total += 1;
        Some(Pass { place, inside: self.inside.clone() })
    }

    /// Where the peer is counted, if its place is. Programs behind a Unix socket count in the total only.
    fn place(&self, peer: Peer) -> Option<IpAddr> {
        let Peer::Net(address) = peer else { return None };
        let ip = address.ip();
        (self.limits.count_loopback || !ip.to_canonical().is_loopback()).then(|| mail::peer_network(ip))
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.total = inside.total.saturating_sub(1);
        let Some(place) = self.place else { return };
        match inside.places.get_mut(&place) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(inside.places.remove(&place)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(total: usize, per_address: usize) -> Gate {
        Gate::new(Limits { total, per_address, count_loopback: false, full: "" })
    }

    fn at(ip: &str) -> Peer {
        Peer::Net((ip.parse::<IpAddr>().unwrap(), 1234).into())
    }

    #[test]
    fn no_more_than_the_total_come_in_and_a_place_comes_back() {
        let gate = gate(2, 10);
        let first = gate.enter(at("192.0.2.1"));
        let second = gate.enter(at("192.0.2.2"));
        assert!(first.is_some() && second.is_some());
        assert!(gate.enter(at("192.0.2.3")).is_none());
        drop(first);
        assert!(gate.enter(at("192.0.2.3")).is_some());
    }

    #[test]
    fn one_ipv6_household_counts_as_one_address() {
        let gate = gate(10, 1);
        let _first = gate.enter(at("2001:db8:0:1::1")).unwrap();
        assert!(gate.enter(at("2001:db8:0:1:ffff::2")).is_none());
        assert!(gate.enter(at("2001:db8:0:2::1")).is_some());
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_the_same_address() {
        let gate = gate(10, 1);
        let _first = gate.enter(at("::ffff:192.0.2.1")).unwrap();
        assert!(gate.enter(at("192.0.2.1")).is_none());
    }

    #[test]
    fn this_machine_is_not_counted_per_address() {
        let gate = gate(3, 1);
        let passes: Vec<_> = (0..4).map(|_| gate.enter(at("127.0.0.1"))).collect();
        assert_eq!(passes.iter().flatten().count(), 3);
    }

    #[test]
    fn who_comes_by_a_unix_socket_counts_in_the_total_only() {
        let gate = Gate::new(Limits { total: 3, per_address: 1, count_loopback: true, full: "" });
        let passes: Vec<_> = (0..4).map(|_| gate.enter(Peer::Unix)).collect();
        assert_eq!(passes.iter().flatten().count(), 3);
    }

    #[test]
    fn nothing_is_remembered_of_who_has_left() {
        let gate = gate(10, 2);
        let passes: Vec<_> = (0..2).map(|_| gate.enter(at("192.0.2.1"))).collect();
        drop(passes);
        assert!(gate.inside.lock().unwrap().places.is_empty());
    }
}
