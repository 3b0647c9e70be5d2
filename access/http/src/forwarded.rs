//! Reads the client's address and scheme that a proxy in front reports in `X-Forwarded-For` and `X-Forwarded-Proto`.
//!
//! The fields are read only from proxies that the settings name ([`Proxies`]). Each proxy appends the address that it
//! got the request from, so the list is read from its end: the first address that is not one of our proxies belongs to
//! the client. The client itself wrote everything before that address, so those entries prove nothing.
//!
//! `Forwarded` (RFC 7239) is not read: a proxy that writes one of the two fields passes the other on as the client sent
//! it, so reading both would mean believing the client.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use net::Proxies;
use tokio::time::Instant;

use crate::peer::{Peer, Via};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The most proxies in a chain that are followed.
const MOST_HOPS: usize = 16;
/// The shortest time between two complaints about a proxy that writes nonsense.
const PAUSE: Duration = Duration::from_secs(60);

/// Finds the client that a request came from.
#[derive(Clone, Default)]
pub struct Gatekeeper {
    proxies: Proxies,
    complained: Arc<Mutex<Option<Instant>>>,
}

impl Gatekeeper {
    pub fn new(proxies: Proxies) -> Self {
        Self { proxies, complained: Arc::default() }
    }

    /// Returns the client that sent a request with this header over a connection of `peer`.
    pub fn who_asks(&self, peer: &Peer, headers: &HeaderMap) -> Peer {
        let says_something = headers.contains_key(FOR) || headers.contains_key(PROTO);
        if !says_something {
            return peer.clone();
        }
        if !self.proxies.trust(peer.ip) {
            if peer.ip.is_loopback() {
                self.complain(peer.ip, "it is not named in [proxy] trusted, so that all whom it serves count as one");
            }
            return peer.clone();
        }
        let (ip, clean) = self.client(peer.ip, headers);
        if !clean {
            self.complain(peer.ip, "the last entry of X-Forwarded-For is no address");
        }
        let (tls, via) = match scheme(headers) {
            Some("https") => (Some(format!("ends at the proxy {}", peer.ip).into()), Via::Proxy),
            Some(_) => (None, Via::Proxy),
            None => (peer.tls.clone(), Via::SilentProxy),
        };
        Peer { ip, tls, via }
    }

    /// Returns the client's address, and true if all entries up to it were addresses. An entry that is no address ends
    /// the search at the proxy that wrote it.
    fn client(&self, proxy: IpAddr, headers: &HeaderMap) -> (IpAddr, bool) {
        let mut nearest = proxy;
        for entry in entries(headers).take(MOST_HOPS) {
            // A client cannot be at the loopback address of this machine, unless the proxy is there too.
            match address(entry).filter(|ip| !ip.is_unspecified() && (!ip.is_loopback() || nearest.is_loopback())) {
                Some(ip) if self.proxies.trust(ip) => nearest = ip,
                Some(ip) => return (ip, true),
                None => return (nearest, false),
            }
        }
        (nearest, true)
    }

    fn complain(&self, proxy: IpAddr, why: &str) {
        let mut complained = self.complained.lock().unwrap_or_else(PoisonError::into_inner);
        if complained.is_none_or(|last| last.elapsed() >= PAUSE) {
            *complained = Some(Instant::now());
            tracing::warn!(%proxy, "a proxy in front does not say who asks: {why}");
        }
    }
}

/// Returns the entries of all lines of the field, the last one first.
fn entries(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(FOR).iter().rev();
    lines.flat_map(|line| line.as_bytes().rsplit(|octet| *octet == b',').map(<[u8]>::trim_ascii))
}

/// Reads `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`, and no `unknown`.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?;
    let bare = || entry.parse::<IpAddr>().ok();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().ok().map(IpAddr::V6);
    bare().or_else(with_port).or_else(bracketed).map(|ip| ip.to_canonical())
}

/// Returns the scheme that the nearest proxy was asked with: the last entry of the last line. Proxies write it in lower
/// case.
fn scheme(headers: &HeaderMap) -> Option<&str> {
    let last = headers.get_all(PROTO).iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const PROXY: &str = "127.0.0.1";

    fn keeper() -> Gatekeeper {
        let named = ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"];
        Gatekeeper::new(Proxies::new(named.iter().map(|text| text.parse().unwrap()).collect()))
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn asks(from: &str, lines: &[(&'static str, &str)]) -> Peer {
        keeper().who_asks(&Peer::in_clear(from.parse().unwrap()), &headers(lines))
    }

    #[test]
    fn the_last_address_that_is_no_proxy_of_ours_is_the_clients() {
        for (lines, client) in [
            (&["198.51.100.7"][..], "198.51.100.7"),
            (&["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            (&["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            (&["203.0.113.9, 198.51.100.7, 10.1.2.3"], "198.51.100.7"),
            (&["203.0.113.9,198.51.100.7", "10.1.2.3 , 10.0.0.1"], "198.51.100.7"),
            (&["198.51.100.7:4711"], "198.51.100.7"),
            (&["2001:db8::7"], "2001:db8::7"),
            (&["[2001:db8::7]"], "2001:db8::7"),
            (&["[2001:db8::7]:4711"], "2001:db8::7"),
            (&["::ffff:198.51.100.7"], "198.51.100.7"),
            (&["198.51.100.7, [2001:db8:1::1]:443"], "198.51.100.7"),
            // The client is itself in the trusted network.
            (&["10.9.9.9"], "10.9.9.9"),
            (&["10.9.9.9, 10.0.0.1"], "10.9.9.9"),
            // Nothing is known beyond an entry that is nonsense.
            (&["unknown"], PROXY),
            (&["198.51.100.7, unknown"], PROXY),
            (&["198.51.100.7, unknown, 10.0.0.1"], "10.0.0.1"),
            (&["198.51.100.7,"], PROXY),
            (&[""], PROXY),
            (&["_hidden"], PROXY),
            (&["198.51.100.7\u{e9}"], PROXY),
            (&["198.51.100.7 203.0.113.9"], PROXY),
            (&["0.0.0.0"], PROXY),
            (&["198.51.100.7, 127.0.0.1, 10.0.0.1"], "10.0.0.1"),
        ] {
            let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            assert_eq!(asks(PROXY, &lines).ip, client.parse::<IpAddr>().unwrap(), "{lines:?}");
        }
        assert_eq!(
            asks(PROXY, &[("x-forwarded-for", "127.0.0.1")]).ip.to_string(),
            PROXY,
            "on the proxy's own machine"
        );
        let endless = "10.0.0.1,".repeat(10_000) + "10.0.0.2";
        assert_eq!(asks(PROXY, &[("x-forwarded-for", &endless)]).ip.to_string(), "10.0.0.1");
    }

    #[test]
    fn who_is_no_proxy_of_ours_is_not_believed() {
        let lines = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "https")];
        for stranger in ["192.0.2.1", "::1", "2001:db8:2::1"] {
            assert_eq!(asks(stranger, &lines), Peer::in_clear(stranger.parse().unwrap()));
        }
        let nobody = Gatekeeper::default();
        let here = Peer::in_clear(PROXY.parse().unwrap());
        assert_eq!(nobody.who_asks(&here, &headers(&lines)), here, "this machine is no proxy unless it is named");
        let forwarded = [("forwarded", "for=198.51.100.7;proto=https")];
        assert_eq!(asks(PROXY, &forwarded), here, "a client may have sent it");
    }

    #[test]
    fn a_request_is_private_where_the_proxy_says_that_the_client_speaks_tls() {
        let asks = |proto: &[&str]| {
            let mut lines = vec![("x-forwarded-for", "198.51.100.7")];
            lines.extend(proto.iter().map(|proto| ("x-forwarded-proto", *proto)));
            asks(PROXY, &lines)
        };
        for (proto, private) in [
            (&["https"][..], true),
            (&["http, https"], true),
            (&["http", "https"], true),
            (&["http"], false),
            (&["https, http"], false),
            (&["https", "http"], false),
            (&["HTTPS "], false),
            (&[""], false),
        ] {
            let peer = asks(proto);
            assert_eq!((peer.is_private(), peer.speaks_tls(), peer.via), (private, private, Via::Proxy), "{proto:?}");
        }
        assert_eq!((asks(&[]).is_private(), asks(&[]).via), (false, Via::SilentProxy));
        // A proxy on this machine speaks for a client elsewhere, whatever it says of the client.
        let unknown = super::tests::asks(PROXY, &[("x-forwarded-for", "unknown")]);
        assert!(unknown.ip.is_loopback() && !unknown.is_private());
        assert!(super::tests::asks(PROXY, &[]).is_private(), "and a person on this machine for themselves");
    }
}
