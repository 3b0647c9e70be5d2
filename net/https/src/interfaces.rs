//! The networks of this machine. A host in one of them is a neighbour, even if its address is public: it may let in
//! clients that come from here and nobody else.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::SockaddrStorage;

/// The time that the addresses found remain valid, as they change.
const GOOD: Duration = Duration::from_secs(10);
/// A home gets a /56 at least (RIPE-690) and makes /64s of it, so any address within that prefix is at home.
const HOME_V6: u8 = 56;
/// A network that claims to be wider than this does not count: tunnels claim it for their only address.
const WIDEST_V4: u8 = 8;

/// Returns true for the address of a neighbour, or of this machine. If the system does not tell its neighbours, every
/// address counts as one.
pub fn is_beside(ip: IpAddr) -> bool {
    match networks() {
        Ok(networks) => networks.iter().any(|network| network.contains(&ip)),
        Err(error) => {
            tracing::warn!(%error, "the networks of this machine are unknown, so that nothing is fetched from elsewhere");
            true
        }
    }
}

/// Returns the networks of all interfaces, as they were a moment ago.
fn networks() -> io::Result<Arc<[IpNet]>> {
    static FOUND: Mutex<Option<(Instant, Arc<[IpNet]>)>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, networks)) = &*found
        && at.elapsed() < GOOD
    {
        return Ok(networks.clone());
    }
    let networks: Arc<[IpNet]> = look()?.into();
    *found = Some((Instant::now(), networks.clone()));
    Ok(networks)
}

fn look() -> io::Result<Vec<IpNet>> {
    let mut networks = Vec::new();
    for interface in getifaddrs()? {
        let mask = interface.netmask.as_ref().and_then(address);
        networks.extend(interface.address.as_ref().and_then(address).map(|ip| network(ip, mask)));
        // The other end of a line, such as the provider's.
        networks.extend(interface.destination.as_ref().and_then(address).map(IpNet::from));
    }
    Ok(networks)
}

fn address(socket: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = socket.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| socket.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}

/// Returns the network of an interface with this address and mask.
fn network(ip: IpAddr, mask: Option<IpAddr>) -> IpNet {
    match (ip, mask) {
        (IpAddr::V4(ip), Some(IpAddr::V4(mask))) => network_v4(ip, mask).into(),
        (IpAddr::V6(ip), Some(IpAddr::V6(mask))) => network_v6(ip, mask).into(),
        (IpAddr::V6(ip), _) => network_v6(ip, Ipv6Addr::UNSPECIFIED).into(),
        (ip, _) => ip.into(),
    }
}

fn network_v4(ip: Ipv4Addr, mask: Ipv4Addr) -> Ipv4Net {
    let network = Ipv4Net::with_netmask(ip, mask).ok().filter(|network| network.prefix_len() >= WIDEST_V4);
    network.unwrap_or_else(|| ip.into())
}

fn network_v6(ip: Ipv6Addr, mask: Ipv6Addr) -> Ipv6Net {
    let told = Ipv6Net::with_netmask(ip, mask).map_or(0, |network| network.prefix_len());
    let length = if (16..HOME_V6).contains(&told) { told } else { HOME_V6 };
    Ipv6Net::new(ip, length).unwrap_or_else(|_| ip.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_told_from_the_rest_of_the_world() {
        let beside = |own: &str, mask: &str, other: &str| {
            network(own.parse().unwrap(), mask.parse().ok()).contains(&other.parse::<IpAddr>().unwrap())
        };
        let (slash_64, slash_128) = ("ffff:ffff:ffff:ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        for (own, mask, other, is) in [
            ("93.184.216.34", "255.255.255.0", "93.184.216.1", true),
            ("93.184.216.34", "255.255.255.0", "93.184.217.1", false),
            ("93.184.216.34", "255.255.255.255", "93.184.216.35", false),
            ("93.184.216.34", "0.0.0.0", "8.8.8.8", false),
            ("93.184.216.34", "255.0.255.0", "93.184.216.35", false),
            ("93.184.216.34", "", "93.184.216.34", true),
            ("2a01:e0a:1:2::10", slash_64, "2a01:e0a:1:2:aaaa::1", true),
            // A machine gets one address by DHCPv6, of a network that it learns elsewhere.
            ("2a01:e0a:1:2::10", slash_128, "2a01:e0a:1:2:aaaa::1", true),
            ("2a01:e0a:1:2::10", slash_64, "2a01:e0a:1:3::1", true),
            ("2a01:e0a:1:2::10", "ffff:ffff:ffff::", "2a01:e0a:1:ffff::1", true),
            ("2a01:e0a:1:2::10", "::", "2606:4700::1", false),
            ("2a01:e0a:1:2::10", "", "2a01:e0a:1:2::11", true),
            ("2a01:e0a:1:2::10", slash_64, "2a01:e0a:2:2::10", false),
        ] {
            assert_eq!(beside(own, mask, other), is, "{own} {mask} {other}");
        }
    }

    #[test]
    fn this_machine_knows_its_interfaces() {
        assert!(is_beside("127.0.0.1".parse().unwrap()) && is_beside("127.1.2.3".parse().unwrap()));
        assert!(!is_beside("1.1.1.1".parse().unwrap()));
        for interface in getifaddrs().unwrap() {
            if let Some(ip) = interface.address.as_ref().and_then(address) {
                assert!(is_beside(ip), "{ip}");
            }
        }
    }
}
