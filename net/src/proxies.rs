//! The proxies in front of this server, which may say where a client comes from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::Peer;

/// The addresses of trusted proxies. Nobody is trusted unless named: not even this machine. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Arc<[Network]>);

/// One address, or all addresses with one prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

/// The reason why a text names no network of proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    /// Neither an address nor a network.
    #[error("it is neither an IP address nor a network such as 10.0.0.0/8")]
    Shape,
    /// The text is an address with a length: it lies in this network.
    #[error("the network is written {0}")]
    Within(Network),
    /// Everybody.
    #[error("it holds everybody")]
    Everybody,
}

impl Proxies {
    /// Makes the proxies at these addresses.
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks.into())
    }

    /// Returns true if a proxy at this address is trusted.
    pub fn trust(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.0.iter().any(|network| network.0.contains(&ip))
    }

    /// Returns true if the other end of a connection is trusted. A peer on a Unix socket has no address by which it
    /// could be named.
    pub(crate) fn trust_peer(&self, peer: Peer) -> bool {
        matches!(peer, Peer::Net(address) if self.trust(address.ip()))
    }

    /// Returns true if nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    /// Reads `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`. IPv4 in IPv6 counts as IPv4.
    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self(ip.to_canonical().into()));
        }
        let network: IpNet = text.parse().map_err(|_| NotANetwork::Shape)?;
        if network.prefix_len() == 0 {
            return Err(NotANetwork::Everybody);
        }
        if network != network.trunc() {
            return Err(NotANetwork::Within(Self(network.trunc())));
        }
        Ok(Self(network))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(texts: &[&str]) -> Proxies {
        Proxies::new(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn only_who_is_named_is_believed() {
        let named = proxies(&["192.0.2.1", "10.0.0.0/8", "2001:db8:1::/48", "::ffff:203.0.113.7"]);
        for ip in ["192.0.2.1", "10.255.0.1", "::ffff:10.1.1.1", "2001:db8:1:ffff::1", "203.0.113.7"] {
            assert!(named.trust(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["192.0.2.2", "11.0.0.1", "2001:db8:2::1", "127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(!named.trust(ip.parse().unwrap()), "{ip}");
        }
        assert!(!Proxies::default().trust_peer(Peer::Unix) && !proxies(&["127.0.0.1"]).trust_peer(Peer::Unix));
    }

    #[test]
    fn what_is_no_network_is_told_with_what_it_should_be() {
        let wrong = |text: &str| text.parse::<Network>().unwrap_err();
        for text in ["", "proxy", "10.0.0.0/33", "10.0.0/8", "10.0.0.1 ", "::/129", "10.0.0.1:80", "[::1]"] {
            assert_eq!(wrong(text), NotANetwork::Shape, "{text}");
        }
        assert_eq!(wrong("0.0.0.0/0"), NotANetwork::Everybody);
        assert_eq!(wrong("::/0"), NotANetwork::Everybody);
        assert_eq!(wrong("10.1.2.3/8").to_string(), "the network is written 10.0.0.0/8");
        assert_eq!("192.0.2.1/32".parse::<Network>().unwrap().to_string(), "192.0.2.1");
    }
}
