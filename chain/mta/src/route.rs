//! Where letters for a domain go: to a host the configuration names, or to the domain's own (MX).

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use mail::{Domain, Password};

/// What a line of `[[route]]` got wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// `domain` is neither a domain nor `*`.
    #[error("\"{0}\" is neither a domain nor \"*\" (every other domain)")]
    Domain(String),
    /// `to` is not a host with or without a port.
    #[error("\"{0}\" is not a host: write \"mail.example.org\", \"192.0.2.1:2525\" or \"[2001:db8::1]:25\"")]
    Host(String),
    /// `lmtp:` and `command:` are kept for roles to come.
    #[error("routes over \"{0}\" are not there yet: write a host, which is reached over SMTP")]
    Scheme(String),
    /// `tls` is not a demand.
    #[error("\"{0}\" is no demand on TLS: write \"opportunistic\", \"encrypted\" or \"verified\"")]
    Tls(String),
}

/// What a route asks of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Demand {
    /// TLS where the server offers it, whatever its certificate; else in clear (RFC 7435).
    Opportunistic,
    /// TLS always, whatever the certificate.
    Encrypted,
    /// TLS always, with a certificate that fits the host's name.
    Verified,
}

impl std::str::FromStr for Demand {
    type Err = RouteError;
    fn from_str(text: &str) -> Result<Self, RouteError> {
        match text {
            "opportunistic" => Ok(Self::Opportunistic),
            "encrypted" => Ok(Self::Encrypted),
            "verified" => Ok(Self::Verified),
            other => Err(RouteError::Tls(other.to_owned())),
        }
    }
}

/// A name and a password for a smarthost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The name to log in with.
    pub user: String,
    /// The password.
    pub password: Password,
}

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

/// Where the letters of a route go, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The host.
    pub host: HostName,
    /// Its port.
    pub port: u16,
    /// TLS from the first byte (`smtps:`, RFC 8314 §3.3), not by STARTTLS.
    pub implicit_tls: bool,
    /// What is asked of the connection.
    pub demand: Demand,
    /// The log-in, where the host wants one.
    pub login: Option<Credentials>,
}

impl Route {
    /// Reads the `to` of a route: `host`, `host:port`, `[IPv6]:port`, with `smtp:` or `smtps:` before it.
    /// Opportunistic, no log-in; see [`Route::with_login`] and [`Route::with_demand`].
    pub fn parse(to: &str) -> Result<Self, RouteError> {
        let (implicit_tls, rest) = match to.split_once(':') {
            Some(("smtp", rest)) => (false, rest),
            Some(("smtps", rest)) => (true, rest),
            Some((scheme @ ("lmtp" | "command" | "unix"), _)) => return Err(RouteError::Scheme(format!("{scheme}:"))),
            _ => (false, to),
        };
        let (host, port) = host_and_port(rest).ok_or_else(|| RouteError::Host(to.to_owned()))?;
        let port = port.unwrap_or(if implicit_tls { 465 } else { 25 });
        let demand = if implicit_tls { Demand::Encrypted } else { Demand::Opportunistic };
        Ok(Self { host, port, implicit_tls, demand, login: None })
    }

    /// With a log-in. A password goes only to a server that has shown who it is, unless `with_demand` says otherwise.
    #[must_use]
    pub fn with_login(self, login: Credentials) -> Self {
        Self { login: Some(login), demand: Demand::Verified, ..self }
    }

    /// With this demand on TLS.
    #[must_use]
    pub fn with_demand(self, demand: Demand) -> Self {
        Self { demand, ..self }
    }
}

/// `host:port`, as `facteur queue` and the logs show a route.
impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
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

/// All routes. The one that names the domain wins over `*`; without either, the domain's MX records decide.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    named: Vec<(Domain, Arc<Route>)>,
    every_other: Option<Arc<Route>>,
}

impl Routes {
    /// Adds a route for `domain` (`"*"`: every domain that has none of its own). A second one for the same domain
    /// takes the place of the first.
    pub fn add(&mut self, domain: &str, route: Route) -> Result<(), RouteError> {
        if domain == "*" {
            self.every_other = Some(Arc::new(route));
            return Ok(());
        }
        let domain = Domain::parse(domain).map_err(|_| RouteError::Domain(domain.to_owned()))?;
        self.named.retain(|(known, _)| *known != domain);
        self.named.push((domain, Arc::new(route)));
        Ok(())
    }

    /// The route of a domain.
    pub fn find(&self, domain: &Domain) -> Option<&Arc<Route>> {
        let named = self.named.iter().find(|(known, _)| known == domain).map(|(_, route)| route);
        named.or(self.every_other.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(to: &str) -> String {
        Route::parse(to).unwrap().to_string()
    }

    #[test]
    fn a_route_names_a_host_with_or_without_a_port() {
        assert_eq!(shown("mail.Beta.test"), "mail.beta.test:25");
        assert_eq!(shown("127.0.0.1:3525"), "127.0.0.1:3525");
        assert_eq!(shown("smtp:relay.test:2525"), "relay.test:2525");
        assert_eq!(shown("smtps:relay.test"), "relay.test:465");
        assert_eq!(shown("[::1]:26"), "[::1]:26");
        assert_eq!(shown("2001:db8::1"), "[2001:db8::1]:25");
    }

    #[test]
    fn what_is_not_a_host_is_said() {
        for bad in ["", ":25", "a b", "host:0", "host:99999", "[::1", "[::1]x", "host:25:26", "-x"] {
            assert_eq!(Route::parse(bad), Err(RouteError::Host(bad.to_owned())), "{bad}");
        }
        assert_eq!(Route::parse("lmtp:127.0.0.1:24"), Err(RouteError::Scheme("lmtp:".to_owned())));
        assert_eq!(
            Routes::default().add("no domain", Route::parse("x").unwrap()),
            Err(RouteError::Domain("no domain".into()))
        );
    }

    #[test]
    fn the_route_that_names_the_domain_wins_over_the_smarthost() {
        let mut routes = Routes::default();
        routes.add("*", Route::parse("relay.test").unwrap()).unwrap();
        routes.add("Beta.test", Route::parse("127.0.0.1:3525").unwrap()).unwrap();
        let to = |domain: &str| routes.find(&Domain::parse(domain).unwrap()).map(|route| route.to_string());
        assert_eq!(to("beta.test").as_deref(), Some("127.0.0.1:3525"));
        assert_eq!(to("gamma.test").as_deref(), Some("relay.test:25"));
        assert_eq!(Routes::default().find(&Domain::parse("beta.test").unwrap()), None);
    }

    #[test]
    fn a_password_is_only_for_a_server_that_has_shown_who_it_is() {
        let login = Credentials { user: "me".into(), password: Password::new("secret".into()) };
        let route = Route::parse("relay.test:587").unwrap().with_login(login);
        assert_eq!(route.demand, Demand::Verified);
        assert!(!format!("{route:?}").contains("secret"));
    }
}
