//! Parses the URL of a mailbox elsewhere: `imaps://alice@imap.example.org`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The language a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Protocol {
    Imap,
    Pop3,
}

/// A mailbox elsewhere, as a URL names it (RFC 5092, RFC 2384; without their options).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The protocol of its server.
    pub protocol: Protocol,
    /// True for TLS from the first octet.
    pub tls: bool,
    /// The name to log in with.
    pub user: String,
    /// The server's name or address.
    pub host: String,
    /// The server's port.
    pub port: u16,
}

/// The fault of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFault {
    /// Neither imaps, imap, pop3s nor pop3.
    Scheme,
    /// Nobody to log in as.
    User,
    /// No server.
    Host,
    /// Not a port.
    Port,
    /// A password in it, which others could read.
    Password,
    /// The port of another protocol.
    OtherProtocol,
}

impl Mailbox {
    /// Understands `imaps://alice@example.org@imap.example.org:993/`: the server stands behind the last `@`. In the
    /// name `%40` is an `@`. At the ports that everybody knows, the port says whether TLS comes first, whatever the scheme
    /// says: `imap://…:993` would wait for a greeting that never comes. Encryption is turned on in either case.
    pub fn parse(url: &str) -> Result<Self, UrlFault> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlFault::Scheme)?;
        let (protocol, tls) = match scheme.to_ascii_lowercase().as_str() {
            "imaps" => (Protocol::Imap, true),
            "imap" => (Protocol::Imap, false),
            "pop3s" | "pops" => (Protocol::Pop3, true),
            "pop3" | "pop" => (Protocol::Pop3, false),
            _ => return Err(UrlFault::Scheme),
        };
        let rest = rest.trim_end_matches('/');
        let (user, server) = rest.rsplit_once('@').ok_or(UrlFault::User)?;
        if user.contains(':') {
            return Err(UrlFault::Password);
        }
        let user = decoded(user).filter(|user| !user.is_empty() && !user.chars().any(char::is_control));
        let (host, port) = server_and_port(server)?;
        let port = port.unwrap_or(default_port(protocol, tls));
        let tls = match known_port(port) {
            Some((Service::Mailbox(other), _)) if other != protocol => return Err(UrlFault::OtherProtocol),
            Some((Service::Other, _)) => return Err(UrlFault::OtherProtocol),
            Some((_, tls_first)) => tls_first,
            None => tls,
        };
        Ok(Self { protocol, tls, user: user.ok_or(UrlFault::User)?, host, port })
    }

    /// A short name for it: `alice@example.org`, or user and server if the user has no domain.
    pub fn short_name(&self) -> String {
        if self.user.contains('@') { self.user.clone() } else { format!("{}@{}", self.user, self.host) }
    }

    fn scheme(&self) -> &'static str {
        match (self.protocol, self.tls) {
            (Protocol::Imap, true) => "imaps",
            (Protocol::Imap, false) => "imap",
            (Protocol::Pop3, true) => "pop3s",
            (Protocol::Pop3, false) => "pop3",
        }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, host, port, .. } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        write!(f, "{}://{}@{host}", self.scheme(), user.replace('%', "%25"))?;
        if *port == default_port(self.protocol, self.tls) { Ok(()) } else { write!(f, ":{port}") }
    }
}

fn default_port(protocol: Protocol, tls: bool) -> u16 {
    match (protocol, tls) {
        (Protocol::Imap, true) => 993,
        (Protocol::Imap, false) => 143,
        (Protocol::Pop3, true) => 995,
        (Protocol::Pop3, false) => 110,
    }
}

/// The service at a port.
enum Service {
    Mailbox(Protocol),
    /// SMTP or the web.
    Other,
}

/// Returns the service at a port that everybody knows, and whether TLS comes first there.
fn known_port(port: u16) -> Option<(Service, bool)> {
    Some(match port {
        143 => (Service::Mailbox(Protocol::Imap), false),
        993 => (Service::Mailbox(Protocol::Imap), true),
        110 => (Service::Mailbox(Protocol::Pop3), false),
        995 => (Service::Mailbox(Protocol::Pop3), true),
        25 | 80 | 587 => (Service::Other, false),
        443 | 465 => (Service::Other, true),
        _ => return None,
    })
}

fn server_and_port(server: &str) -> Result<(String, Option<u16>), UrlFault> {
    let (host, port) = match server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => server.rsplit_once(':').map_or((server, None), |(host, port)| (host, Some(port))),
    };
    let fit = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(fit) {
        return Err(UrlFault::Host);
    }
    let port = port.map(|port| port.parse().ok().filter(|port| *port > 0).ok_or(UrlFault::Port)).transpose()?;
    Ok((host.to_lowercase(), port))
}

/// Takes `%XX` away.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let hex = std::str::from_utf8(rest.get(..2)?).ok()?;
            out.push(u8::from_str_radix(hex, 16).ok()?);
            rest = rest.get(2..)?;
        } else {
            out.push(*first);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_elsewhere_is_written_as_a_url() {
        let place = Mailbox::parse("imaps://alice%40example.org@imap.example.org").unwrap();
        assert_eq!(
            (place.user.as_str(), place.host.as_str(), place.port),
            ("alice@example.org", "imap.example.org", 993)
        );
        assert_eq!(place, Mailbox::parse("IMAPS://alice@example.org@imap.example.org:993/").unwrap());
        assert_eq!(place.short_name(), "alice@example.org");
        let plain = Mailbox::parse("pop3://bob@[::1]:2110").unwrap();
        assert_eq!((plain.host.as_str(), plain.port, plain.tls), ("::1", 2110, false));
        for url in ["imaps://a@b.test", "pop3://bob@[::1]:2110", "imap://a@c.test@b.test:1143", "pop3s://100%25@b.test"]
        {
            let place = Mailbox::parse(url).unwrap();
            assert_eq!(Mailbox::parse(&place.to_string()).unwrap(), place, "{url}");
        }
    }

    #[test]
    fn the_port_says_whether_tls_comes_first() {
        for (url, meant) in [
            ("imap://a@b.test:993", "imaps://a@b.test"),
            ("pop3://a@b.test:995", "pop3s://a@b.test"),
            ("imaps://a@b.test:143", "imap://a@b.test"),
            ("pop3s://a@b.test:110", "pop3://a@b.test"),
            ("imap://a@b.test:9930", "imap://a@b.test:9930"),
        ] {
            assert_eq!(Mailbox::parse(url).unwrap().to_string(), meant, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said() {
        for (url, fault) in [
            ("http://a@b", UrlFault::Scheme),
            ("imaps:a@b", UrlFault::Scheme),
            ("imaps://b.test", UrlFault::User),
            ("imaps://@b.test", UrlFault::User),
            ("imaps://a%4@b.test", UrlFault::User),
            ("imaps://a:secret@b.test", UrlFault::Password),
            ("imaps://a@", UrlFault::Host),
            ("imaps://a@b/c", UrlFault::Host),
            ("imaps://a@b:0", UrlFault::Port),
            ("imaps://a@b:99999", UrlFault::Port),
            ("imaps://a@b:995", UrlFault::OtherProtocol),
            ("pop3://a@b:143", UrlFault::OtherProtocol),
            ("imap://a@b:465", UrlFault::OtherProtocol),
            ("pop3s://a@b:443", UrlFault::OtherProtocol),
        ] {
            assert_eq!(Mailbox::parse(url), Err(fault), "{url}");
        }
    }
}
