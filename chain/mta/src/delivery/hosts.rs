//! Finds the hosts that take letters for a domain (RFC 5321 §5.1).

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use mail::{Domain, Enhanced};
use net::{Answer, Exchange, Exchanges};

use super::means::Means;
use crate::queue::Said;
use crate::route::{Credentials, Demand, HostName, Program, Protocol, Route, RunAs, Target, Template};

/// The way in which letters reach a site.
#[derive(Clone, Debug)]
pub enum Way {
    /// They are for our own people.
    Local,
    /// Over SMTP or LMTP.
    Smtp(Arc<SmtpWay>),
    /// Through a program, or into a Maildir.
    Here(Arc<HereWay>),
}

/// The way to a site over SMTP or LMTP.
#[derive(Clone, Debug)]
pub struct SmtpWay {
    /// The protocol of the site.
    pub protocol: Protocol,
    /// The Unix socket it listens on; else it has hosts.
    pub socket: Option<PathBuf>,
    /// Its hosts; the smallest preference is tried first.
    pub hosts: Vec<Exchange>,
    /// Their port.
    pub port: u16,
    /// TLS before anything is said.
    pub implicit_tls: bool,
    /// The demand on the security of the connection.
    pub demand: Demand,
    /// The log-in they want.
    pub login: Option<Credentials>,
    /// A server that has our own name is ourselves: not so where the configuration names the host.
    pub may_be_us: bool,
    /// Only some letters for a domain go there, by their sender or recipient: if it fails, the others go on.
    pub for_some: bool,
}

/// The way in which letters are handed on on this machine: each recipient's by itself.
#[derive(Clone, Debug)]
pub enum HereWay {
    /// The letters go to a program, which runs as this user.
    Program(Program, Option<RunAs>),
    /// Into a Maildir, which this user owns.
    Maildir(Template, Option<RunAs>),
}

/// The reason why a domain cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The fault in words.
    pub said: Said,
    /// It will not be better later.
    pub for_good: bool,
    /// The amount that it tells about the reason.
    pub tells: Tells,
}

/// The amount that a fault tells about why a site cannot be reached, the least first: of several addresses' faults
/// the one that tells most is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tells {
    /// There is no way there from here (a machine without IPv6, mostly), or no time was left to try.
    NoWay,
    /// The name of the host leads nowhere.
    NoAddress,
    /// The host is silent.
    Silence,
    /// The host turns the connection away, or breaks it off.
    Broken,
    /// The server has said why.
    Words,
}

impl Fault {
    /// Better later, perhaps.
    pub fn for_now(said: Said) -> Self {
        let Enhanced(_, subject, detail) = said.status;
        let tells = if said.by.is_some() { Tells::Words } else { Tells::Broken };
        Self { said: Said { status: Enhanced(4, subject, detail), ..said }, for_good: false, tells }
    }

    /// Never.
    pub fn for_good(said: Said) -> Self {
        Self { said, for_good: true, tells: Tells::Words }
    }

    /// Returns the fault, as telling as this.
    #[must_use]
    pub fn telling(self, tells: Tells) -> Self {
        Self { tells, ..self }
    }

    /// The fault of a site, of which both are seen: it is for good where both are, and else the more telling one of those
    /// that are not.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self.for_good, other.for_good) {
            (true, false) => other,
            (false, true) => self,
            _ if other.tells > self.tells => other,
            _ => self,
        }
    }
}

/// A site's name and the way to it.
pub type Found = (String, Way);

/// The same way for some letters of a domain only: a site of its own, whose failures are not the domain's.
pub fn for_some((name, way): Found) -> Found {
    match way {
        Way::Smtp(way) => {
            (format!("{name} for some"), Way::Smtp(Arc::new(SmtpWay { for_some: true, ..SmtpWay::clone(&way) })))
        }
        other => (name, other),
    }
}

/// The way of a route in the configuration.
pub fn by_route(route: &Route) -> Found {
    let name = name_of(route);
    let to_server = |protocol, socket, hosts, port, implicit_tls| {
        let (demand, login) = (route.demand, route.login.clone());
        let (may_be_us, for_some) = (true, false);
        let way = SmtpWay { protocol, socket, hosts, port, implicit_tls, demand, login, may_be_us, for_some };
        Way::Smtp(Arc::new(way))
    };
    let way = match &route.to {
        Target::Host(host) => {
            let name = match &host.name {
                HostName::Name(name) => name.to_string(),
                HostName::Ip(ip) => ip.to_string(),
            };
            let hosts = vec![Exchange { preference: 0, host: name }];
            to_server(host.protocol, None, hosts, host.port, host.implicit_tls)
        }
        Target::Socket(path) => to_server(Protocol::Lmtp, Some(path.clone()), Vec::new(), 0, false),
        Target::Program(program) => Way::Here(Arc::new(HereWay::Program(program.clone(), route.run_as.clone()))),
        Target::Maildir(path) => Way::Here(Arc::new(HereWay::Maildir(path.clone(), route.run_as.clone()))),
    };
    (name, way)
}

/// Two routes are one site only where they lead there in the same way: never as another user, or with less TLS.
fn name_of(route: &Route) -> String {
    let user = route.login.as_ref().map(|login| format!("{}:{:x}@", login.user, mark(login))).unwrap_or_default();
    let how = match &route.to {
        Target::Host(host) => format!("{:?} {:?}", host.implicit_tls, route.demand),
        Target::Socket(_) => String::new(),
        Target::Program(program) => format!("{:?} {:?}", program.from_line, route.run_as),
        Target::Maildir(_) => format!("{:?}", route.run_as),
    };
    format!("route {user}{route} {how}")
}

/// Returns a mark of a log-in that is another one after a change of the password, and tells nothing about it: it is another one
/// in each process.
fn mark(login: &Credentials) -> u64 {
    static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    STATE.hash_one((login.user.as_str(), login.password.reveal()))
}

/// The way that the domain itself publishes.
pub async fn by_name(means: &Means, domain: &Domain) -> Result<Found, Fault> {
    if domain.is_literal() {
        return by_literal(means, domain);
    }
    let answer = means.resolver.mx(domain).await;
    match answer.map_err(|fault| Fault::for_now(Said::ours(Enhanced(4, 4, 3), fault.to_string())))? {
        Answer::Records(Exchanges::Hosts(hosts), _) => by_exchanges(means, domain, hosts),
        // RFC 7505 §4.2
        Answer::Records(Exchanges::Null, _) => Err(Fault::for_good(Said::ours(
            Enhanced(5, 1, 10),
            format!("{domain} takes no mail (it has a null MX record)"),
        ))),
        Answer::NoRecord => by_address(means, domain).await,
        Answer::NoSuchDomain => {
            Err(Fault::for_good(Said::ours(Enhanced(5, 1, 2), format!("the domain {domain} does not exist"))))
        }
    }
}

/// RFC 5321 §5.1: when we are one of the hosts ourselves, we and all less preferred ones are left out, or two servers
/// would send the letter to each other for ever.
fn by_exchanges(means: &Means, domain: &Domain, hosts: Vec<Exchange>) -> Result<Found, Fault> {
    let us = hosts.iter().filter(|host| host.host.eq_ignore_ascii_case(&means.office.hostname));
    let before = us.map(|host| host.preference).min();
    let hosts: Vec<Exchange> =
        hosts.into_iter().filter(|host| before.is_none_or(|before| host.preference < before)).collect();
    if hosts.is_empty() {
        let text = format!("the mail server of {domain} is this server, which does not know the domain");
        return Err(Fault::for_good(Said::ours(Enhanced(5, 4, 6), text)));
    }
    let mut names: Vec<&str> = hosts.iter().map(|host| host.host.as_str()).collect();
    names.sort_unstable();
    Ok((format!("mx {}", names.join(" ")), published(means, hosts)))
}

/// RFC 5321 §5.1: without any MX the domain is its own host.
async fn by_address(means: &Means, domain: &Domain) -> Result<Found, Fault> {
    let answer = means.resolver.addresses(domain.as_str()).await;
    match answer.map_err(|fault| Fault::for_now(Said::ours(Enhanced(4, 4, 3), fault.to_string())))? {
        Answer::Records(..) => {
            let host = Exchange { preference: 0, host: domain.as_str().to_owned() };
            Ok((format!("mx {domain}"), published(means, vec![host])))
        }
        Answer::NoRecord | Answer::NoSuchDomain => Err(Fault::for_good(Said::ours(
            Enhanced(5, 1, 2),
            format!("the domain {domain} has neither a mail server nor an address"),
        ))),
    }
}

/// RFC 5321 §4.1.3
fn by_literal(means: &Means, domain: &Domain) -> Result<Found, Fault> {
    let inside = domain.as_str().trim_matches(['[', ']']);
    let ip = inside.strip_prefix("ipv6:").unwrap_or(inside).parse::<IpAddr>();
    let ip = ip.map_err(|_| Fault::for_good(Said::ours(Enhanced(5, 1, 2), format!("{domain} is no address"))))?;
    let host = Exchange { preference: 0, host: ip.to_string() };
    Ok((format!("ip {ip}"), published(means, vec![host])))
}

fn published(means: &Means, hosts: Vec<Exchange>) -> Way {
    Way::Smtp(Arc::new(SmtpWay {
        protocol: Protocol::Smtp,
        socket: None,
        hosts,
        port: means.port,
        implicit_tls: false,
        demand: Demand::Opportunistic,
        login: None,
        may_be_us: false,
        for_some: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_that_tells_most_is_shown_and_a_site_fails_for_good_when_all_of_it_does() {
        let no_way = Fault::for_now(Said::ours(Enhanced(4, 4, 1), "network unreachable")).telling(Tells::NoWay);
        let refused = Fault::for_now(Said::ours(Enhanced(4, 4, 1), "connection refused"));
        let words = Fault::for_now(Said::by(Enhanced(4, 3, 2), "554 no", "mx.beta.test"));
        let gone = Fault::for_good(Said::ours(Enhanced(5, 4, 4), "no such host")).telling(Tells::NoAddress);
        let shown = |faults: &[&Fault]| faults.iter().copied().cloned().reduce(Fault::or).unwrap();
        assert_eq!(shown(&[&no_way, &refused]), refused);
        assert_eq!(shown(&[&refused, &no_way]), refused);
        assert_eq!(shown(&[&no_way, &words, &refused]), words);
        assert_eq!(shown(&[&gone, &no_way]), no_way);
        assert!(shown(&[&gone, &gone]).for_good);
    }

    #[test]
    fn the_same_program_as_another_user_is_another_site() {
        let name = |to: &str, user: Option<&str>| {
            let route = Route::parse(to).unwrap();
            by_route(&user.map_or(Ok(route.clone()), |user| route.run_as(user)).unwrap()).0
        };
        for to in ["command:/bin/x", "maildir:/srv/$USER"] {
            assert_eq!(name(to, Some("vmail")), name(to, Some("vmail")));
            assert_ne!(name(to, Some("vmail")), name(to, Some("$USER")));
            assert_ne!(name(to, Some("vmail")), name(to, None));
        }
        let verified = Route::parse("lmtp:a.test").unwrap().with_demand(Demand::Verified);
        assert_ne!(by_route(&verified).0, name("lmtp:a.test", None));
    }
}
