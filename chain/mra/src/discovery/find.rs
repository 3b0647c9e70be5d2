//! Finds the server of an address, trying one way after the other.

use std::sync::Arc;
use std::time::Duration;

use https::{Client, HeaderMap, Url};
use mail::{Address, Domain};
use net::{Answer, Exchanges, Resolver};

use super::config::{self, Server};
use super::trial;
use crate::place::Mailbox;
use crate::{Fault, Protocol};

/// The bounds of asking for a provider's file.
pub const FILE: https::Limits =
    https::Limits { time: Duration::from_secs(10), body: config::LARGEST as u64, redirects: 3 };
/// Servers that are knocked at, of each way.
const MOST: usize = 8;
/// Domains above an MX host whose file is asked for.
const ABOVE_MX: usize = 2;
/// Thunderbird's list of providers.
const LIST: &str = "https://autoconfig.thunderbird.net/v1.1/";

/// The authority that says that the mailboxes of the domain are at a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The domain itself: over HTTPS, or by a server whose name is in the domain and which has a certificate for it.
    Domain,
    /// The domain name system (SRV), for which anybody on the way could answer: RFC 6186 §6 wants a person to agree.
    Names,
    /// Thunderbird's list.
    Thunderbird,
    /// The provider that takes the domain's letters (MX): also by the domain name system.
    Exchange,
}

/// A server that has answered inside TLS, with a certificate for its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The server, and the name to log in with.
    pub mailbox: Mailbox,
    /// The authority that says that it is the right one.
    pub source: Source,
    /// The name to log in with is the whole address, as most want it; some want the part before the `@` (RFC 6186 §4).
    pub user_is_guessed: bool,
    /// It takes tokens (OAuth 2) and no passwords.
    pub wants_token: bool,
}

impl Offer {
    /// Returns true if a person must agree before a password goes there. Nobody need where the domain itself has proved
    /// it.
    pub fn must_be_confirmed(&self) -> bool {
        self.source != Source::Domain
    }
}

/// No server was found. These were named, and this is why each is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotFound(pub Vec<(Mailbox, Fault)>);

/// Ports of the servers whose names are guessed.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Ports {
    pub imaps: u16,
    pub imap: u16,
    pub pop3s: u16,
    pub pop3: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { imaps: 993, imap: 143, pop3s: 995, pop3: 110 }
    }
}

/// Finds servers.
pub struct Finder {
    web: Client,
    /// The text before the name of a host in the address of a file, and the text behind it.
    around_host: (&'static str, String),
    resolver: Arc<dyn Resolver>,
    /// Certificates to trust besides the system's, as PEM.
    ca: Option<String>,
    ports: Ports,
    ask_thunderbird: bool,
}

/// The ways, the one that proves most first.
#[derive(Clone, Copy)]
enum FoundBy {
    OwnFile,
    Services,
    Thunderbird,
    UsualNames,
    Exchange,
}

impl Finder {
    /// Asks the domain's own servers. Thunderbird's list learns which domain it is asked for, so that a person agrees first.
    pub fn new(tls: net::ClientTls, resolver: Arc<dyn Resolver>, ask_thunderbird: bool) -> Self {
        // The person has written the domain down, and it may be one of their own network.
        let web = Client::new(tls, resolver.clone(), https::Reach::Anywhere, FILE).over_tls_only();
        let around_host = ("https://", String::new());
        Self { web, around_host, resolver, ca: None, ports: Ports::default(), ask_thunderbird }
    }

    /// Servers may also have certificates of these authorities (PEM).
    #[must_use]
    pub fn trusting(self, ca: Option<String>) -> Self {
        Self { ca, ..self }
    }

    /// Looks for guessed servers at these ports, and for files without TLS at this one; for tests.
    #[must_use]
    pub fn at(self, web: Client, web_port: u16, ports: Ports) -> Self {
        Self { web, around_host: ("http://", format!(":{web_port}")), ports, ..self }
    }

    /// The first server that answers, of the first way that names one.
    pub async fn find(&self, address: &Address) -> Result<Offer, NotFound> {
        let mut tried = NotFound::default();
        for way in [FoundBy::OwnFile, FoundBy::Services, FoundBy::Thunderbird, FoundBy::UsualNames, FoundBy::Exchange] {
            for offer in self.named_by(way, address).await.into_iter().take(MOST) {
                match trial::knock(&offer.mailbox, self.ca.clone(), &self.resolver).await {
                    Ok(()) => return Ok(offer),
                    // A guessed name that is nobody's says nothing.
                    Err(Fault::Unreachable(_)) if matches!(way, FoundBy::UsualNames) => {}
                    Err(fault) => tried.0.push((offer.mailbox, fault)),
                }
            }
        }
        Err(tried)
    }

    async fn named_by(&self, way: FoundBy, address: &Address) -> Vec<Offer> {
        let domain = address.domain().as_str();
        match way {
            FoundBy::OwnFile => offers(self.file_of(domain, address).await, Source::Domain, address),
            FoundBy::Services => self.services(address).await,
            FoundBy::Thunderbird if self.ask_thunderbird => self.listed(domain, address).await,
            FoundBy::Thunderbird => Vec::new(),
            FoundBy::UsualNames => self.usual_names(address),
            FoundBy::Exchange => self.of_exchange(address).await,
        }
    }

    /// The file of a provider, at the two places where it may lie.
    async fn file_of(&self, domain: &str, address: &Address) -> Vec<Server> {
        let (before, behind) = &self.around_host;
        let whole: String = url::form_urlencoded::byte_serialize(address.to_string().as_bytes()).collect();
        for place in [
            format!("{before}autoconfig.{domain}{behind}/mail/config-v1.1.xml?emailaddress={whole}"),
            format!("{before}{domain}{behind}/.well-known/autoconfig/mail/config-v1.1.xml"),
        ] {
            let servers = self.file(&place, address).await;
            if !servers.is_empty() {
                return servers;
            }
        }
        Vec::new()
    }

    async fn file(&self, place: &str, address: &Address) -> Vec<Server> {
        let Ok(place) = Url::parse(place) else { return Vec::new() };
        let Ok(answer) = self.web.get(&place, &HeaderMap::new()).await else { return Vec::new() };
        if answer.status != 200 {
            return Vec::new();
        }
        let file = answer.whole().await.unwrap_or_default();
        config::servers(&file, address)
    }

    async fn listed(&self, domain: &str, address: &Address) -> Vec<Offer> {
        offers(self.file(&format!("{LIST}{domain}"), address).await, Source::Thunderbird, address)
    }

    /// RFC 6186 §3.2 and §3.3; those with TLS from the first octet come first (RFC 8314 §3).
    async fn services(&self, address: &Address) -> Vec<Offer> {
        let domain = address.domain();
        let mut found = Vec::new();
        for scheme in ["imaps", "imap", "pop3s", "pop3"] {
            let name = format!("_{scheme}._tcp.{domain}");
            // A host that is nothing but the root says that the domain has no such service.
            let services = self.resolver.services(&name).await.ok().and_then(Answer::records).unwrap_or_default();
            for service in services.into_iter().filter(|service| !service.host.is_empty()) {
                let source = if is_within(&service.host, domain) { Source::Domain } else { Source::Names };
                found.extend(guessed(scheme, &service.host, service.port, source, address));
            }
        }
        found
    }

    /// The names that most servers have.
    fn usual_names(&self, address: &Address) -> Vec<Offer> {
        let Ports { imaps, imap, pop3s, pop3 } = self.ports;
        let usual = [
            ("imaps", "imap", imaps),
            ("imaps", "mail", imaps),
            ("imap", "imap", imap),
            ("imap", "mail", imap),
            ("pop3s", "pop", pop3s),
            ("pop3s", "pop3", pop3s),
            ("pop3s", "mail", pop3s),
            ("pop3", "pop", pop3),
        ];
        let offer = |(scheme, name, port)| {
            guessed(scheme, &format!("{name}.{}", address.domain()), port, Source::Domain, address)
        };
        usual.into_iter().filter_map(offer).collect()
    }

    /// Asks the provider that takes the letters of the domain: it is mostly the one that keeps them.
    async fn of_exchange(&self, address: &Address) -> Vec<Offer> {
        let answer = self.resolver.mx(address.domain()).await;
        let Ok(Answer::Records(Exchanges::Hosts(hosts), _)) = answer else { return Vec::new() };
        let Some(host) = hosts.first().map(|exchange| exchange.host.as_str()) else { return Vec::new() };
        for above in domains_above(host).filter(|above| *above != address.domain().as_str()).take(ABOVE_MX) {
            let mut servers = self.file_of(above, address).await;
            if servers.is_empty() && self.ask_thunderbird {
                servers = self.file(&format!("{LIST}{above}"), address).await;
            }
            if !servers.is_empty() {
                return offers(servers, Source::Exchange, address);
            }
        }
        Vec::new()
    }
}

/// Servers of a file: IMAP before POP3, and TLS from the first octet before STARTTLS (RFC 8314 §3).
fn offers(mut servers: Vec<Server>, source: Source, address: &Address) -> Vec<Offer> {
    servers.sort_by_key(|server| (server.wants_token, server.mailbox.protocol == Protocol::Pop3, !server.mailbox.tls));
    let offer = |Server { mailbox, wants_token }| Offer {
        user_is_guessed: mailbox.user.is_empty(),
        mailbox: Mailbox { user: named_or(mailbox.user, address), ..mailbox },
        source,
        wants_token,
    };
    servers.into_iter().map(offer).collect()
}

fn named_or(user: String, address: &Address) -> String {
    if user.is_empty() { address.to_string() } else { user }
}

fn guessed(scheme: &str, host: &str, port: u16, source: Source, address: &Address) -> Option<Offer> {
    // The address is judged as if a person had written it: a name that no host can have, or the port of something
    // else, is none.
    let place = Mailbox::parse(&format!("{scheme}://user@{host}:{port}")).ok()?;
    let mailbox = Mailbox { user: address.to_string(), ..place };
    Some(Offer { mailbox, source, user_is_guessed: true, wants_token: false })
}

/// Returns true if the host is in the domain, or is its very name.
fn is_within(host: &str, domain: &Domain) -> bool {
    host.strip_suffix(domain.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// `mail.ovh.example` and `ovh.example` for `mx1.mail.ovh.example`; never a name without a dot.
fn domains_above(host: &str) -> impl Iterator<Item = &str> {
    host.match_indices('.').map(|(at, _)| &host[at + 1..]).filter(|name| name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_in_a_domain_by_whole_labels() {
        let domain = Domain::parse("provider.example").unwrap();
        for (host, within) in [
            ("imap.provider.example", true),
            ("provider.example", true),
            ("evilprovider.example", false),
            ("provider.example.evil.test", false),
            ("example", false),
        ] {
            assert_eq!(is_within(host, &domain), within, "{host}");
        }
    }

    #[test]
    fn the_provider_of_an_mx_host_has_a_domain_above_it() {
        let above: Vec<&str> = domains_above("mx1.mail.ovh.example").collect();
        assert_eq!(above, ["mail.ovh.example", "ovh.example"]);
        assert_eq!(domains_above("localhost").count() + domains_above("mx.test").count(), 0);
    }
}
