//! Answers from name servers, through hickory.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use mail::Domain;
use mail::seam::Pending;

use super::{AddressAnswer, DnsFault, Exchange, MxAnswer, Resolver, Service};

/// A question takes no longer than this, with all its repetitions.
const DEADLINE: Duration = Duration::from_secs(20);
/// More hosts or addresses than these are not looked at.
const MOST: usize = 32;
/// Answers remembered (as long as their owners allow, and a day at most).
const REMEMBERED: u64 = 4096;

/// Asks the system's name servers, or given ones. Cheap to clone.
#[derive(Clone)]
pub struct Dns(TokioResolver);

impl Dns {
    /// Asks the servers that `/etc/resolv.conf` names.
    pub fn system() -> Result<Self, DnsFault> {
        let builder = TokioResolver::builder_tokio().map_err(fault)?;
        Self::build(builder)
    }

    /// Asks these: `127.0.0.1:5353`, or an address alone for port 53. None at all means the system's.
    pub fn new<S: AsRef<str>>(servers: &[S]) -> Result<Self, DnsFault> {
        if servers.is_empty() {
            return Self::system();
        }
        let servers: Result<Vec<_>, _> = servers.iter().map(|server| name_server(server.as_ref())).collect();
        let config = ResolverConfig::from_name_servers(servers?);
        Self::build(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
    }

    fn build(mut builder: hickory_resolver::ResolverBuilder<TokioRuntimeProvider>) -> Result<Self, DnsFault> {
        let options = builder.options_mut();
        options.timeout = Duration::from_secs(4);
        options.attempts = 2;
        options.cache_size = REMEMBERED;
        options.positive_max_ttl = Some(Duration::from_secs(24 * 3600));
        // A domain that is set up now must not be "unknown" for the rest of the day.
        options.negative_max_ttl = Some(Duration::from_secs(300));
        options.try_tcp_on_error = true;
        builder.build().map(Self).map_err(fault)
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Answer, DnsFault> {
        // A name with its last dot is asked as it is, never with the search list of this machine.
        let Ok(name) = Name::from_ascii(format!("{}.", name.trim_end_matches('.'))) else {
            return Ok(Answer::NoSuchDomain);
        };
        let asked = tokio::time::timeout(DEADLINE, self.0.lookup(name, kind)).await;
        match asked.map_err(|_| DnsFault(format!("no answer within {} seconds", DEADLINE.as_secs())))? {
            Ok(found) => {
                let records = found.answers().iter().filter(|record| record.record_type() == kind);
                Ok(Answer::Records(records.take(MOST).map(|record| record.data.clone()).collect()))
            }
            Err(error) if error.is_nx_domain() => Ok(Answer::NoSuchDomain),
            Err(error) if says_nothing_there(&error) => Ok(Answer::Records(Vec::new())),
            Err(error) => Err(fault(error)),
        }
    }

    async fn ask_mx(&self, domain: &Domain) -> Result<MxAnswer, DnsFault> {
        let records = match self.ask(domain.as_str(), RecordType::MX).await? {
            Answer::NoSuchDomain => return Ok(MxAnswer::NoSuchDomain),
            Answer::Records(records) => records,
        };
        let mut hosts: Vec<Exchange> = records.iter().filter_map(exchange).collect();
        if hosts.is_empty() {
            return Ok(MxAnswer::NoRecord);
        }
        // RFC 7505 §3: a single record whose host is the root. Among others, such a record names no host (§4.1).
        hosts.retain(|exchange| !exchange.host.is_empty());
        if hosts.is_empty() {
            return Ok(MxAnswer::Null);
        }
        shuffle(&mut hosts);
        hosts.sort_by_key(|exchange| exchange.preference);
        Ok(MxAnswer::Hosts(hosts))
    }

    async fn ask_services(&self, name: &str) -> Result<Vec<Service>, DnsFault> {
        let mut services: Vec<Service> = match self.ask(name, RecordType::SRV).await? {
            Answer::NoSuchDomain => Vec::new(),
            Answer::Records(records) => records.iter().filter_map(service).collect(),
        };
        services.sort_by_key(|service| (service.priority, u16::MAX - service.weight));
        Ok(services)
    }

    async fn ask_addresses(&self, host: &str) -> Result<AddressAnswer, DnsFault> {
        if let Some(known) = without_asking(host) {
            return Ok(AddressAnswer::Addresses(known));
        }
        let (six, four) = tokio::join!(self.ask(host, RecordType::AAAA), self.ask(host, RecordType::A));
        // One of them is enough to go on with.
        let (six, four) = match (six, four) {
            (Err(fault), Ok(other)) | (Ok(other), Err(fault)) => match other {
                Answer::Records(found) if !found.is_empty() => (Answer::Records(found), Answer::Records(Vec::new())),
                _ => return Err(fault),
            },
            (six, four) => (six?, four?),
        };
        if matches!((&six, &four), (Answer::NoSuchDomain, Answer::NoSuchDomain)) {
            return Ok(AddressAnswer::NoSuchDomain);
        }
        let found = take_turns(six.addresses(), four.addresses());
        Ok(if found.is_empty() { AddressAnswer::NoRecord } else { AddressAnswer::Addresses(found) })
    }
}

impl Resolver for Dns {
    fn mx<'a>(&'a self, domain: &'a Domain) -> Pending<'a, Result<MxAnswer, DnsFault>> {
        Box::pin(self.ask_mx(domain))
    }

    fn services<'a>(&'a self, name: &'a str) -> Pending<'a, Result<Vec<Service>, DnsFault>> {
        Box::pin(self.ask_services(name))
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Pending<'a, Result<AddressAnswer, DnsFault>> {
        Box::pin(self.ask_addresses(host))
    }
}

enum Answer {
    Records(Vec<RData>),
    NoSuchDomain,
}

impl Answer {
    fn addresses(&self) -> Vec<IpAddr> {
        match self {
            Self::NoSuchDomain => Vec::new(),
            Self::Records(records) => records.iter().filter_map(|record| record.ip_addr()).collect(),
        }
    }
}

/// "No error", and nothing of the kind that was asked for. Other codes (SERVFAIL, REFUSED) are not an answer.
fn says_nothing_there(error: &NetError) -> bool {
    use hickory_resolver::net::{DnsError, NoRecords};
    use hickory_resolver::proto::op::ResponseCode;
    matches!(error, NetError::Dns(DnsError::NoRecordsFound(NoRecords { response_code: ResponseCode::NoError, .. })))
}

fn exchange(record: &RData) -> Option<Exchange> {
    let RData::MX(mx) = record else { return None };
    let host = mx.exchange.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    Some(Exchange { preference: mx.preference, host })
}

fn service(record: &RData) -> Option<Service> {
    let RData::SRV(srv) = record else { return None };
    let host = srv.target.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    Some(Service { priority: srv.priority, weight: srv.weight, port: srv.port, host })
}

/// IP addresses are themselves, and localhost is here whatever a name server says (RFC 6761 §6.3).
fn without_asking(host: &str) -> Option<Vec<IpAddr>> {
    if let Ok(ip) = host.parse() {
        return Some(vec![ip]);
    }
    let host = host.trim_end_matches('.');
    let here = host.eq_ignore_ascii_case("localhost");
    here.then(|| vec![IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)])
}

/// Alternates the families: if one of them does not work, the second try is of the other.
fn take_turns(six: Vec<IpAddr>, four: Vec<IpAddr>) -> Vec<IpAddr> {
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let mut turns = Vec::new();
    loop {
        let before = turns.len();
        turns.extend(six.next());
        turns.extend(four.next());
        if turns.len() == before || turns.len() >= MOST {
            return turns;
        }
    }
}

/// RFC 5321 §5.1: hosts of the same preference are tried in random order, to share the load.
fn shuffle(hosts: &mut [Exchange]) {
    use std::hash::{BuildHasher, RandomState};
    let seed = RandomState::new();
    hosts.sort_by_cached_key(|exchange| seed.hash_one(&exchange.host));
}

fn name_server(text: &str) -> Result<NameServerConfig, DnsFault> {
    let address = text
        .parse::<SocketAddr>()
        .or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
        .map_err(|_| DnsFault(format!("[dns] servers: {text:?} is not an IP address, or one with a port")))?;
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    Ok(server)
}

fn fault(error: NetError) -> DnsFault {
    DnsFault(error.to_string())
}
