//! The limits on the hosts that a request may reach. A stranger who chooses an address for us must not reach through us
//! any host that they cannot reach themselves: this machine, its neighbours, the drawers of a cloud (server-side
//! request forgery).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::interfaces::is_beside;

/// The hosts that requests may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To every host and port. For addresses that the administrator has written down.
    Anywhere,
    /// To hosts of the public internet, at ports 80 and 443. For addresses that strangers choose.
    Public,
    /// To the public internet, and to these addresses besides. For tests, whose servers are on this machine.
    PublicAnd(Vec<SocketAddr>),
}

impl Reach {
    /// Returns true if a request may go there.
    pub fn allows(&self, to: SocketAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::PublicAnd(besides) if besides.contains(&to) => true,
            Self::Public | Self::PublicAnd(_) => is_of_the_web(to.port()) && is_elsewhere(to.ip()),
        }
    }

    /// Returns true for an address whose owner matters.
    pub(crate) fn asks_who(&self, to: SocketAddr) -> bool {
        match self {
            Self::Anywhere => false,
            Self::Public => true,
            Self::PublicAnd(besides) => !besides.contains(&to),
        }
    }

    /// Returns true if a request may go to this port of some host. A host with a forbidden port need not be resolved.
    pub fn allows_port(&self, port: u16) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Public => is_of_the_web(port),
            Self::PublicAnd(besides) => is_of_the_web(port) || besides.iter().any(|place| place.port() == port),
        }
    }
}

/// Other ports are other services, which might take a request for something else.
fn is_of_the_web(port: u16) -> bool {
    matches!(port, 80 | 443)
}

/// Returns true for a host of the public internet that is neither this machine nor beside it.
fn is_elsewhere(ip: IpAddr) -> bool {
    let there = final_address(ip);
    is_public(ip) && !is_ours(there) && !is_beside(there)
}

/// Returns the address that a packet to this address reaches in the end: an address may contain another one.
pub(crate) fn final_address(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => translated(ip).map_or(IpAddr::V6(ip), IpAddr::V4),
        v4 => v4,
    }
}

/// Returns true for an address of one host of the public internet. An address that contains another (IPv4 in IPv6)
/// counts as the inner one. The registries of RFC 6890 decide, as they stand now.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// Blocks that contain no host of the public internet, with the length of their prefix.
const RESERVED_V4: [([u8; 4], u32); 18] = [
    ([0, 0, 0, 0], 8),       // this network (RFC 791)
    ([10, 0, 0, 0], 8),      // private (RFC 1918)
    ([100, 64, 0, 0], 10),   // shared, behind the NAT of a provider (RFC 6598)
    ([127, 0, 0, 0], 8),     // loopback (RFC 1122)
    ([169, 254, 0, 0], 16),  // link-local (RFC 3927), and where clouds tell their machines secrets
    ([172, 16, 0, 0], 12),   // private (RFC 1918)
    ([192, 0, 0, 0], 24),    // protocol assignments (RFC 6890)
    ([192, 0, 2, 0], 24),    // documentation (RFC 5737)
    ([192, 31, 196, 0], 24), // AS112 (RFC 7535)
    ([192, 52, 193, 0], 24), // AMT relays (RFC 7450)
    ([192, 88, 99, 0], 24),  // relays of 6to4 (RFC 7526)
    ([192, 168, 0, 0], 16),  // private (RFC 1918)
    ([192, 175, 48, 0], 24), // AS112 (RFC 7534)
    ([198, 18, 0, 0], 15),   // benchmarks (RFC 2544)
    ([198, 51, 100, 0], 24), // documentation (RFC 5737)
    ([203, 0, 113, 0], 24),  // documentation (RFC 5737)
    ([224, 0, 0, 0], 4),     // multicast (RFC 5771)
    ([240, 0, 0, 0], 4),     // reserved (RFC 1112), and broadcast
];

/// The same inside 2000::/3, the only block from which hosts get public addresses (RFC 4291 §2.4).
const RESERVED_V6: [([u16; 8], u32); 5] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments (RFC 2928), Teredo among them
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation (RFC 3849)
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4, which leads to the IPv4 address in it (RFC 7526)
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), // AS112 (RFC 7534)
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation (RFC 9637)
];

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let bits = ip.to_bits();
    !RESERVED_V4.iter().any(|(block, length)| (bits ^ Ipv4Addr::from(*block).to_bits()) >> (32 - length) == 0)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(inside) = ip.to_ipv4_mapped().or_else(|| translated(ip)) {
        return is_public_v4(inside);
    }
    let bits = ip.to_bits();
    let is_unicast = bits >> 125 == 0b001;
    let is_reserved =
        RESERVED_V6.iter().any(|(block, length)| (bits ^ Ipv6Addr::from(*block).to_bits()) >> (128 - length) == 0);
    is_unicast && !is_reserved && !is_isatap(ip)
}

/// Returns the IPv4 address in a NAT64 address with the well-known prefix 64:ff9b::/96 (RFC 6052 §2.1): hosts without
/// IPv4 reach it in this way.
fn translated(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = ip.to_bits();
    (bits >> 32 == 0x0064_ff9b_u128 << 64).then(|| Ipv4Addr::from_bits((bits & 0xffff_ffff) as u32))
}

/// Returns true for an address that leads to the IPv4 address in it, under any prefix (RFC 5214 §6.1).
fn is_isatap(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [_, _, _, _, 0 | 0x200, 0x5efe, _, _])
}

/// Returns true for an address of this machine, even if it looks public. Services that listen there may be meant for
/// this server alone.
fn is_ours(ip: IpAddr) -> bool {
    // The system sends from an address to itself only if the address is its own; connecting a UDP socket sends nothing.
    let from: SocketAddr = match ip {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let local = UdpSocket::bind(from).and_then(|socket| {
        socket.connect((ip, 9))?;
        socket.local_addr()
    });
    local.is_ok_and(|local| local.ip() == ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(ip: &str) -> bool {
        is_public(ip.parse().unwrap())
    }

    #[test]
    fn hosts_of_the_internet_are_public() {
        for ip in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2001:db7:ffff::1",
            "2606:4700:4700::1111",
            "2a01:e0a::1",
            "3ffe::1",
            "64:ff9b::1.1.1.1",
            "::ffff:1.1.1.1",
        ] {
            assert!(public(ip), "{ip}");
        }
    }

    #[test]
    fn this_machine_its_neighbours_and_what_is_nobody_are_not() {
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.99.1",
            "192.168.1.1",
            "192.175.48.42",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::1.1.1.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:1.1.1.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.1.2.3",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2620:4f:8000::1",
            "2001:3::1",
            "2001:20::1",
            "2001:4:112::1",
            "64:ff9b:1:2::10.0.0.1",
            "64:ff9b::100.64.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b::192.168.1.1",
            "2002:7f00:1::1",
            "2002:101:101::1",
            "2a01:e0a::5efe:10.0.0.1",
            "2a01:e0a::200:5efe:10.0.0.1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(ip), "{ip}");
        }
    }

    #[test]
    fn strangers_send_us_to_the_ports_of_the_web_only_and_tests_say_where_else() {
        let to = |text: &str| text.parse::<SocketAddr>().unwrap();
        for (place, allowed) in
            [("1.1.1.1:443", true), ("1.1.1.1:80", true), ("1.1.1.1:25", false), ("127.0.0.1:80", false)]
        {
            assert_eq!(Reach::Public.allows(to(place)), allowed, "{place}");
        }
        let here = Reach::PublicAnd(vec![to("127.0.0.1:8000")]);
        assert!(here.allows(to("127.0.0.1:8000")) && here.allows(to("1.1.1.1:443")));
        assert!(!here.allows(to("127.0.0.1:8001")) && !here.allows(to("127.0.0.1:80")));
        assert!(Reach::Anywhere.allows(to("10.0.0.1:8080")));
    }

    #[test]
    fn addresses_that_hold_another_are_what_that_one_is() {
        for (ip, there) in [
            ("::ffff:93.184.216.34", "93.184.216.34"),
            ("64:ff9b::93.184.216.34", "93.184.216.34"),
            ("93.184.216.34", "93.184.216.34"),
            ("2606:4700::5db8:d822", "2606:4700::5db8:d822"),
        ] {
            assert_eq!(final_address(ip.parse().unwrap()), there.parse::<IpAddr>().unwrap(), "{ip}");
        }
        assert!(is_elsewhere("93.184.216.34".parse().unwrap()));
        assert!(!is_elsewhere("64:ff9b::127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn this_machine_knows_itself() {
        assert!(is_ours("127.0.0.1".parse().unwrap()));
        assert!(!is_ours("1.1.1.1".parse().unwrap()));
    }
}
