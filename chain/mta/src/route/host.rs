//! A server that a route names.

use std::net::{IpAddr, Ipv6Addr};

use mail::Domain;

/// A host to deliver to, by name or address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostName {
    /// Looked up as A and AAAA.
    Name(Domain),
    /// Connected to as it is.
    Ip(IpAddr),
}

impl std::fmt::Display for HostName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Ip(ip) => write!(f, "{ip}"),
        }
    }
}

/// The protocol of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// RFC 5321
    Smtp,
    /// RFC 2033
    Lmtp,
}

/// A server, its port, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The protocol.
    pub protocol: Protocol,
    /// The host.
    pub name: HostName,
    /// Its port.
    pub port: u16,
    /// TLS from the first byte (`smtps:`, RFC 8314 §3.3), not by STARTTLS.
    pub implicit_tls: bool,
}

impl Host {
    /// `host`, `host:port`, `[IPv6]:port`; for SMTP with `smtp:` or `smtps:` before it if wanted. LMTP has no port of
    /// its own (RFC 2033 §5); 24 is what everybody takes.
    pub fn parse(text: &str, protocol: Protocol) -> Option<Self> {
        let (implicit_tls, rest) = match (protocol, text.split_once(':')) {
            (Protocol::Smtp, Some(("smtp", rest))) => (false, rest),
            (Protocol::Smtp, Some(("smtps", rest))) => (true, rest),
            _ => (false, text),
        };
        let (name, port) = host_and_port(rest)?;
        let usual = match (protocol, implicit_tls) {
            (Protocol::Lmtp, _) => 24,
            (Protocol::Smtp, true) => 465,
            (Protocol::Smtp, false) => 25,
        };
        let port = port.unwrap_or(usual);
        // The port decides, whatever the scheme says: a client that waits for a greeting at 465 waits for ever, and
        // 25 and 587 begin without TLS.
        let implicit_tls = match (protocol, port) {
            (Protocol::Smtp, 465) => true,
            (Protocol::Smtp, 25 | 587) => false,
            _ => implicit_tls,
        };
        Some(Self { protocol, name, port, implicit_tls })
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.protocol == Protocol::Lmtp { "lmtp:" } else { "" };
        write!(f, "{scheme}{}:{}", self.name, self.port)
    }
}

fn host_and_port(text: &str) -> Option<(HostName, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (ip, after) = rest.split_once(']')?;
        let ip = ip.strip_prefix("IPv6:").unwrap_or(ip).parse::<IpAddr>().ok()?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port.parse().ok().filter(|port| *port != 0)?),
            None if after.is_empty() => None,
            None => return None,
        };
        return Some((HostName::Ip(ip), port));
    }
    if let Ok(ip) = text.parse::<Ipv6Addr>() {
        return Some((HostName::Ip(ip.into()), None));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port != 0)?)),
        None => (text, None),
    };
    let host = match host.parse::<IpAddr>() {
        Ok(ip) => HostName::Ip(ip),
        Err(_) => HostName::Name(Domain::parse(host).ok()?),
    };
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_says_whether_tls_comes_first() {
        let read = |text: &str| Host::parse(text, Protocol::Smtp).map(|host| (host.port, host.implicit_tls)).unwrap();
        for (text, meant) in [
            ("smtp.x.test:465", (465, true)),
            ("smtp:smtp.x.test:465", (465, true)),
            ("smtps:smtp.x.test", (465, true)),
            ("smtps:smtp.x.test:587", (587, false)),
            ("smtps:smtp.x.test:25", (25, false)),
            ("smtp.x.test:587", (587, false)),
            ("smtps:smtp.x.test:2465", (2465, true)),
            ("[2001:db8::1]:465", (465, true)),
        ] {
            assert_eq!(read(text), meant, "{text}");
        }
        assert!(!Host::parse("x.test:465", Protocol::Lmtp).unwrap().implicit_tls);
    }
}
