//! The networks around an address, from a household to its provider.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The size of a network, named after the kind of owner that has one of that size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Size {
    /// An IPv4 address, or the /64 of an IPv6 one (see [`mail::peer_network`]): whoever has one address there has all.
    Household,
    /// A network that a provider gives to one customer: a /28, or an IPv6 /56.
    Customer,
    /// A network that a company or a rented rack has: a /24, or an IPv6 /48.
    Site,
    /// A provider's network, a /16 or an IPv6 /32: many people live in it who have nothing to do with one another.
    Provider,
}

impl Size {
    fn bits(self, of: IpAddr) -> u32 {
        match (self, of.is_ipv4()) {
            (Self::Household, true) => 32,
            (Self::Customer, true) => 28,
            (Self::Site, true) => 24,
            (Self::Provider, true) => 16,
            (Self::Household, false) => 64,
            (Self::Customer, false) => 56,
            (Self::Site, false) => 48,
            (Self::Provider, false) => 32,
        }
    }
}

/// A network: its first address, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    pub first: IpAddr,
    pub size: Size,
}

/// The network that a client connects from, at one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PeerNetwork(IpAddr);

impl PeerNetwork {
    pub fn of(ip: IpAddr) -> Self {
        Self(mail::peer_network(ip))
    }

    /// The network of this size that it lies in.
    pub fn network(self, size: Size) -> Network {
        let bits = size.bits(self.0);
        let first = match self.0 {
            IpAddr::V4(ip) => IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & (u32::MAX << (32 - bits)))),
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << (128 - bits)))),
        };
        Network { first, size }
    }

    /// The household.
    pub fn household(self) -> IpAddr {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_lies_in_ever_larger_networks() {
        for (ip, networks) in [
            ("2001:db8:1:2345::7", ["2001:db8:1:2345::", "2001:db8:1:2300::", "2001:db8:1::", "2001:db8::"]),
            ("192.0.2.77", ["192.0.2.77", "192.0.2.64", "192.0.2.0", "192.0.0.0"]),
            ("::ffff:192.0.2.77", ["192.0.2.77", "192.0.2.64", "192.0.2.0", "192.0.0.0"]),
        ] {
            let place = PeerNetwork::of(ip.parse().unwrap());
            let sizes = [Size::Household, Size::Customer, Size::Site, Size::Provider];
            assert_eq!(sizes.map(|size| place.network(size).first.to_string()), networks);
        }
    }
}
