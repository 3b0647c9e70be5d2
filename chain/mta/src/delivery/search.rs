//! The search for a host that takes one letter (RFC 5321 §5.1): each address of the site is tried once.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use mail::Enhanced;
use net::Exchange;

use super::hosts::Fault;
use super::rooms::Rooms;

/// More addresses of a site are not tried for one letter.
const MOST_ADDRESSES: usize = 10;

/// One address of a host.
pub struct HostAddress {
    /// The preference of the host.
    pub preference: u16,
    /// Its name.
    pub host: String,
    /// The address.
    pub ip: IpAddr,
}

impl HostAddress {
    /// `host` at this address.
    pub fn of(host: &Exchange, ip: IpAddr) -> Self {
        Self { preference: host.preference, host: host.host.clone(), ip }
    }
}

/// The knowledge of a site while one letter looks for a host there.
pub struct Search<'a> {
    /// The rooms for conversations.
    pub rooms: &'a Arc<Rooms>,
    /// The site failed before: others go first.
    pub suspect: bool,
    /// Addresses that failed lately are asked last.
    pub rests: HashSet<IpAddr>,
    /// The host to ask first, as [`super::line::Line::host`] names it.
    pub first: Option<String>,
    tried: HashSet<IpAddr>,
    socket_tried: bool,
    /// The faults in this call, each with the preference of its host.
    faults: Vec<(u16, Fault)>,
    /// Addresses that could not be opened, for the site to remember.
    pub unreached: Vec<IpAddr>,
    /// This machine is one of the hosts: only more preferred ones are asked.
    us: Option<(u16, Fault)>,
}

impl<'a> Search<'a> {
    /// Makes a search with nothing tried.
    pub fn new(rooms: &'a Arc<Rooms>, suspect: bool) -> Self {
        Self {
            rooms,
            suspect,
            rests: HashSet::new(),
            first: None,
            tried: HashSet::new(),
            socket_tried: false,
            faults: Vec::new(),
            unreached: Vec::new(),
            us: None,
        }
    }

    /// An address that the letter has been to.
    pub fn has_been_at(&mut self, ip: IpAddr) {
        self.tried.insert(ip);
        self.socket_tried = true;
    }

    /// Begins one more look for a host: the faults of an earlier one were told.
    pub fn begin(&mut self) {
        self.faults.clear();
    }

    /// Says whether the Unix socket should be tried now.
    pub fn takes_socket(&mut self) -> bool {
        !std::mem::replace(&mut self.socket_tried, true)
    }

    /// Says whether this address should be tried now.
    pub fn takes(&mut self, place: &HostAddress) -> bool {
        let preferred = self.us.as_ref().is_none_or(|(us, _)| place.preference < *us);
        preferred && self.tried.len() < MOST_ADDRESSES && self.tried.insert(place.ip)
    }

    /// An address could not be opened.
    pub fn failed_at(&mut self, place: &HostAddress, fault: Fault) {
        if fault.for_good && fault.said.status == Enhanced(5, 4, 6) {
            self.us = Some((place.preference, fault));
            return;
        }
        self.unreached.push(place.ip);
        self.failed(place.preference, fault);
    }

    /// A host could not be tried.
    pub fn failed(&mut self, preference: u16, fault: Fault) {
        self.faults.push((preference, fault));
    }

    /// Returns the reason why no host was found; `None` when none was left to try.
    pub fn fault(&mut self) -> Option<Fault> {
        let us = self.us.take();
        let before = us.as_ref().map(|(preference, _)| *preference);
        let faults = std::mem::take(&mut self.faults).into_iter();
        let counted = faults.filter(|(preference, _)| before.is_none_or(|us| *preference < us));
        let others = counted.map(|(_, fault)| fault).reduce(Fault::or);
        match (us, others) {
            (Some((_, us)), Some(others)) => Some(us.or(others)),
            (us, others) => us.map(|(_, fault)| fault).or(others),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Said;

    fn place(preference: u16, ip: [u8; 4]) -> HostAddress {
        HostAddress::of(&Exchange { preference, host: "mx.beta.test".into() }, ip.into())
    }

    fn away() -> Fault {
        Fault::for_now(Said::ours(Enhanced(4, 4, 1), "refused"))
    }

    fn us() -> Fault {
        Fault::for_good(Said::ours(Enhanced(5, 4, 6), "ourselves"))
    }

    #[test]
    fn each_address_is_tried_once_for_a_letter() {
        let rooms = Rooms::new(1, std::time::Duration::ZERO);
        let mut search = Search::new(&rooms, false);
        assert!(search.takes(&place(1, [192, 0, 2, 1])));
        assert!(!search.takes(&place(2, [192, 0, 2, 1])));
        assert!(search.takes(&place(2, [192, 0, 2, 2])));
        assert_eq!(search.fault(), None);
    }

    #[test]
    fn hosts_that_are_no_better_than_ourselves_do_not_count() {
        let rooms = Rooms::new(1, std::time::Duration::ZERO);
        for (other, fault) in [(5, away()), (10, us()), (20, us())] {
            let mut search = Search::new(&rooms, false);
            search.failed_at(&place(other, [192, 0, 2, 1]), away());
            search.failed_at(&place(10, [127, 0, 0, 1]), us());
            assert!(!search.takes(&place(10, [192, 0, 2, 3])));
            assert!(search.takes(&place(9, [192, 0, 2, 4])));
            assert_eq!(search.fault(), Some(fault), "{other}");
        }
    }
}
