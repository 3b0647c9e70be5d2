//! The books of the connections that are in, door by door and network by network.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use tokio::time::Instant;

use super::PATIENCE;
use super::seat::Silence;
use crate::{Limits, Peer};

/// The network that a provider gives to one customer of IPv6 (/48) has this many times the places of one household
/// (/64).
const SITE: usize = 4;

pub(super) struct Books {
    total: usize,
    inside: usize,
    /// The peers that have been asked to go and are still there.
    leaving: usize,
    doors: Vec<Door>,
    strangers: HashMap<u64, Stranger>,
    /// Strangers by network, at all doors.
    networks: HashMap<IpAddr, usize>,
    next: u64,
}

#[derive(Default)]
struct Door {
    inside: usize,
    /// The places by network: a household, and with IPv6 its provider's customer too.
    places: HashMap<IpAddr, usize>,
}

/// A client that has not logged in.
struct Stranger {
    door: usize,
    network: IpAddr,
    silence: Arc<Silence>,
}

/// The facts that returning a seat needs.
pub(super) struct Entered {
    pub number: u64,
    pub door: usize,
    counted: Vec<IpAddr>,
    pub silence: Arc<Silence>,
}

impl Books {
    pub fn new(total: usize) -> Self {
        let (doors, strangers, networks) = (Vec::new(), HashMap::new(), HashMap::new());
        Self { total, inside: 0, leaving: 0, doors, strangers, networks, next: 0 }
    }

    pub fn total(&self) -> usize {
        self.total
    }

    pub fn door(&mut self) -> usize {
        self.doors.push(Door::default());
        self.doors.len() - 1
    }

    /// Returns half of all places, which the doors keep in equal parts.
    fn kept(&self) -> usize {
        (self.total / (2 * self.doors.len().max(1))).max(1)
    }

    fn has_place(&self, door: usize) -> bool {
        let kept = self.kept();
        let own = self.doors.get(door).map_or(0, |door| door.inside);
        let taken: usize = self.doors.iter().map(|door| door.inside.max(kept)).sum();
        own < kept || taken < self.total
    }

    pub fn enter(&mut self, door: usize, limits: &Limits, peer: Peer) -> Option<Entered> {
        let counted = counted(limits, peer);
        let at_door = self.doors.get(door)?;
        let too_many = |(size, network): (usize, &IpAddr)| at_door.places.get(network).copied().unwrap_or(0) >= size;
        if [limits.per_address, SITE * limits.per_address].into_iter().zip(&counted).any(too_many) {
            return None;
        }
        let network = mail::peer_network(peer.ip());
        if (at_door.inside >= limits.total || !self.has_place(door)) && !self.make_place(door, network) {
            return None;
        }
        self.next += 1;
        let silence = Arc::<Silence>::default();
        self.strangers.insert(self.next, Stranger { door, network, silence: silence.clone() });
        *self.networks.entry(network).or_default() += 1;
        self.inside += 1;
        let at_door = self.doors.get_mut(door)?;
        at_door.inside += 1;
        counted.iter().for_each(|network| *at_door.places.entry(*network).or_default() += 1);
        Some(Entered { number: self.next, door, counted, silence })
    }

    /// Asks a stranger to go who has less of a claim than a newcomer from `network`. Only so many may be going at a
    /// time: until they have gone, they keep their places.
    fn make_place(&mut self, door: usize, network: IpAddr) -> bool {
        if self.leaving >= (self.total / 8).max(4) {
            return false;
        }
        let Some(number) = self.who_goes(door, network) else { return false };
        if let Some(stranger) = self.forget(number) {
            self.inside = self.inside.saturating_sub(1);
            if let Some(door) = self.doors.get_mut(stranger.door) {
                door.inside = door.inside.saturating_sub(1);
            }
            self.leaving += 1;
            stranger.silence.ask_to_go();
        }
        true
    }

    fn who_goes(&self, door: usize, network: IpAddr) -> Option<u64> {
        let (now, kept) = (Instant::now(), self.kept());
        let spares = |at: usize| at == door || self.doors.get(at).is_some_and(|at| at.inside > kept);
        let silent = self.strangers.iter().filter(|(_, stranger)| spares(stranger.door));
        let silent: Vec<_> = silent.filter_map(|(n, one)| Some((n, one.network, one.silence.since()?))).collect();
        let crowd = |network: &IpAddr| self.networks.get(network).copied().unwrap_or(0);
        let crowded = silent.iter().max_by_key(|(_, network, since)| (crowd(network), now - *since));
        if let Some((number, theirs, _)) = crowded
            && crowd(theirs) > crowd(&network) + 1
        {
            return Some(**number);
        }
        let longest = silent.iter().min_by_key(|(_, _, since)| *since);
        longest.filter(|(_, _, since)| now - *since >= PATIENCE).map(|(number, ..)| **number)
    }

    /// Forgets a stranger who is no longer one.
    fn forget(&mut self, number: u64) -> Option<Stranger> {
        let stranger = self.strangers.remove(&number)?;
        lower(&mut self.networks, stranger.network);
        Some(stranger)
    }

    /// Notes that a client has logged in, and stays: even if its place had just been given to another.
    pub fn know(&mut self, entered: &Entered) {
        if self.forget(entered.number).is_none() && entered.silence.may_stay() {
            self.leaving = self.leaving.saturating_sub(1);
            self.inside += 1;
            if let Some(door) = self.doors.get_mut(entered.door) {
                door.inside += 1;
            }
        }
    }

    pub fn leave(&mut self, entered: &Entered) {
        self.forget(entered.number);
        let Some(door) = self.doors.get_mut(entered.door) else { return };
        entered.counted.iter().for_each(|network| lower(&mut door.places, *network));
        if entered.silence.must_go() {
            // The place belongs to another client already.
            self.leaving = self.leaving.saturating_sub(1);
        } else {
            self.inside = self.inside.saturating_sub(1);
            door.inside = door.inside.saturating_sub(1);
        }
    }

    #[cfg(test)]
    fn remembers_nobody(&self) -> bool {
        let doors = self.doors.iter().all(|door| door.inside == 0 && door.places.is_empty());
        doors && self.strangers.is_empty() && self.networks.is_empty() && self.inside == 0 && self.leaving == 0
    }
}

fn lower(counts: &mut HashMap<IpAddr, usize>, network: IpAddr) {
    match counts.get_mut(&network) {
        Some(count) if *count > 1 => *count -= 1,
        _ => drop(counts.remove(&network)),
    }
}

/// Returns the networks under which a peer is counted: the smaller first. Programs behind a Unix socket count in the
/// total only.
fn counted(limits: &Limits, peer: Peer) -> Vec<IpAddr> {
    let Peer::Net(address) = peer else { return Vec::new() };
    let ip = address.ip().to_canonical();
    if !limits.count_loopback && ip.is_loopback() {
        return Vec::new();
    }
    let household = mail::peer_network(ip);
    match ip {
        IpAddr::V4(_) => vec![household],
        // Its lowest bit tells a /48 from the first /64 in it.
        IpAddr::V6(ip) => vec![household, IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 80 << 80 | 1))],
    }
}

#[cfg(test)]
mod tests;
