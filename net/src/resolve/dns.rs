//! Answers from name servers, through hickory.

mod proof;
mod records;
mod weight;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Resolver as Hickory, ResolverBuilder};
use mail::Domain;

use self::proof::AskingForProof;
use self::records::{exchange, host_name, service, text, tlsa};
use super::{
    AddressAnswer, Answer, Asked, DnsFault, Exchange, Exchanges, MxAnswer, Resolver, Service, Tlsa, Validation,
};

/// A question takes no longer than this, with all its repetitions.
const DEADLINE: Duration = Duration::from_secs(20);
/// Further hosts or addresses are ignored.
const MOST: usize = 32;
/// The most texts of a name, and addresses of one family, that are read: names of large domains have dozens, in any
/// order.
const MOST_OF_ONE: usize = 256;
/// Answers remembered (as long as their owners allow, and a day at most). Each takes at most [`weight::HEAVIEST`] octets, so
/// that all of them take 64 MB at most, whatever hostile zones say.
const REMEMBERED: u64 = 4096;

/// Asks the system's name servers, or given ones. Cheap to clone.
///
/// Their statement that records are validated counts only if all of them are on this machine: a reply that crossed a
/// network may come from anybody.
#[derive(Clone)]
pub struct Dns {
    resolver: Hickory<AskingForProof>,
    is_trusted: bool,
}

impl Dns {
    /// Asks the servers that `/etc/resolv.conf` names.
    pub fn system() -> Result<Self, DnsFault> {
        let (config, options) = read_system_conf().map_err(|error| DnsFault(error.to_string()))?;
        let is_trusted = are_here(&config);
        let builder = Hickory::builder_with_config(config, AskingForProof::default()).with_options(options);
        Self::build(builder, is_trusted)
    }

    /// Asks these: `127.0.0.1:5353`, or an address alone for port 53. None at all means the system's.
    pub fn new<S: AsRef<str>>(servers: &[S]) -> Result<Self, DnsFault> {
        if servers.is_empty() {
            return Self::system();
        }
        let servers: Result<Vec<_>, _> = servers.iter().map(|server| name_server(server.as_ref())).collect();
        let config = ResolverConfig::from_name_servers(servers?);
        let is_trusted = are_here(&config);
        Self::build(Hickory::builder_with_config(config, AskingForProof::default()), is_trusted)
    }

    fn build(mut builder: ResolverBuilder<AskingForProof>, is_trusted: bool) -> Result<Self, DnsFault> {
        let options = builder.options_mut();
        options.timeout = Duration::from_secs(4);
        options.attempts = 2;
        options.cache_size = REMEMBERED;
        options.positive_max_ttl = Some(Duration::from_secs(24 * 3600));
        // A domain that is set up now must not be "unknown" for the rest of the day.
        options.negative_max_ttl = Some(Duration::from_secs(300));
        options.try_tcp_on_error = true;
        let resolver = builder.build().map_err(fault)?;
        Ok(Self { resolver, is_trusted })
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Answer<Vec<RData>>, DnsFault> {
        // A name with its last dot is looked up as it is, never with the search list of this machine.
        let Ok(name) = Name::from_ascii(format!("{}.", name.strip_suffix('.').unwrap_or(name))) else {
            return Ok(Answer::NoSuchDomain);
        };
        let asked = tokio::time::timeout(DEADLINE, self.ask_in_time(&name, kind)).await;
        asked.map_err(|_| DnsFault(format!("no answer within {} seconds", DEADLINE.as_secs())))?
    }

    /// Looks a name up, and sees that a heavy answer is not remembered.
    async fn look_up(&self, name: &Name, kind: RecordType) -> Result<Lookup, NetError> {
        let found = self.resolver.lookup(name.clone(), kind).await;
        if weight::is_heavy(&found) {
            match &found {
                Ok(found) => {
                    weight::names(name, found).for_each(|name| self.resolver.clear_lookup_cache(name.clone(), kind));
                }
                // It does not tell which aliases led to it.
                Err(_) => self.resolver.clear_cache(),
            }
        }
        found
    }

    async fn ask_in_time(&self, name: &Name, kind: RecordType) -> Result<Answer<Vec<RData>>, DnsFault> {
        let found = match self.look_up(name, kind).await {
            Ok(found) => found,
            Err(error) => return self.without_records(error).await,
        };
        let is_plenty = matches!(kind, RecordType::TXT | RecordType::A | RecordType::AAAA);
        let most = if is_plenty { MOST_OF_ONE } else { MOST };
        let records = found.answers().iter().filter(|record| record.record_type() == kind).take(most);
        let records: Vec<RData> = records.map(|record| record.data.clone()).collect();
        if records.is_empty() {
            return Ok(Answer::NoRecord);
        }
        // If a chain of aliases took several questions, this is the answer to the last one, and it says nothing about
        // the earlier links.
        let is_whole = found.query().name() == name;
        let is_validated = self.is_trusted && is_whole && found.message().metadata.authentic_data;
        let validation = if is_validated { Validation::Validated } else { Validation::Unvalidated };
        Ok(Answer::Records(records, validation))
    }

    /// Returns the meaning of a reply without records: there are none, or nobody could say.
    async fn without_records(&self, error: NetError) -> Result<Answer<Vec<RData>>, DnsFault> {
        let NetError::Dns(DnsError::NoRecordsFound(none)) = &error else { return Err(fault(error)) };
        match none.response_code {
            ResponseCode::NXDomain => Ok(Answer::NoSuchDomain),
            // RFC 2308 §2.2: an answer without records that names other servers, and no SOA, sends us on to those.
            ResponseCode::NoError if none.soa.is_none() && none.ns.is_some() => {
                Err(DnsFault("the name server does not look for answers elsewhere".to_owned()))
            }
            // A chain of aliases that is followed no further looks like a name without records, and has no authorities.
            ResponseCode::NoError if none.authorities.is_none() && self.is_alias(none.query.name()).await? => {
                Err(DnsFault(format!("the aliases of {} do not end", none.query.name())))
            }
            ResponseCode::NoError => Ok(Answer::NoRecord),
            _ => Err(fault(error)),
        }
    }

    async fn is_alias(&self, name: &Name) -> Result<bool, DnsFault> {
        match self.look_up(name, RecordType::CNAME).await {
            Ok(found) => Ok(found.answers().iter().any(|record| record.record_type() == RecordType::CNAME)),
            Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Ok(false),
            Err(error) => Err(fault(error)),
        }
    }

    /// Returns all records of a kind, read.
    async fn ask_all<T>(
        &self,
        name: &str,
        kind: RecordType,
        read: fn(&RData) -> Option<T>,
    ) -> Result<Answer<Vec<T>>, DnsFault> {
        let answer = self.ask(name, kind).await?;
        Ok(answer.read(|records| {
            let read: Vec<T> = records.iter().filter_map(read).collect();
            Some(read).filter(|read| !read.is_empty())
        }))
    }

    async fn ask_mx(&self, domain: &Domain) -> Result<MxAnswer, DnsFault> {
        let answer = self.ask_all(domain.as_str(), RecordType::MX, exchange).await?;
        Ok(answer.read(|mut hosts| {
            // RFC 7505 §3: a single record whose host is the root. Among others, such a record names no host (§4.1).
            hosts.retain(|exchange| !exchange.host.is_empty());
            if hosts.is_empty() {
                return Some(Exchanges::Null);
            }
            shuffle(&mut hosts);
            hosts.sort_by_key(|exchange| exchange.preference);
            Some(Exchanges::Hosts(hosts))
        }))
    }

    async fn ask_services(&self, name: &str) -> Result<Answer<Vec<Service>>, DnsFault> {
        let answer = self.ask_all(name, RecordType::SRV, service).await?;
        Ok(answer.read(|mut services| {
            services.sort_by_key(|service| (service.priority, u16::MAX - service.weight));
            Some(services)
        }))
    }

    async fn ask_addresses(&self, host: &str) -> Result<AddressAnswer, DnsFault> {
        if let Some(known) = without_asking(host) {
            return Ok(Answer::found(known));
        }
        let ask = |kind| self.ask_all(host, kind, RData::ip_addr);
        let (six, four) = tokio::join!(ask(RecordType::AAAA), ask(RecordType::A));
        match (six, four) {
            // One of them is enough to continue.
            (Err(fault), Ok(other)) | (Ok(other), Err(fault)) => match other {
                Answer::Records(..) => Ok(other),
                Answer::NoRecord | Answer::NoSuchDomain => Err(fault),
            },
            (six, four) => Ok(both(six?, four?)),
        }
    }

    async fn ask_names(&self, ip: IpAddr) -> Result<Answer<Vec<String>>, DnsFault> {
        let name = Name::from(ip.to_canonical()).to_ascii();
        self.ask_all(&name, RecordType::PTR, host_name).await
    }
}

impl Resolver for Dns {
    fn mx<'a>(&'a self, domain: &'a Domain) -> Asked<'a, Exchanges> {
        Box::pin(self.ask_mx(domain))
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<IpAddr>> {
        Box::pin(self.ask_addresses(host))
    }

    fn ipv4<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv4Addr>> {
        Box::pin(self.ask_all(host, RecordType::A, |record| match record {
            RData::A(address) => Some(address.0),
            _ => None,
        }))
    }

    fn ipv6<'a>(&'a self, host: &'a str) -> Asked<'a, Vec<Ipv6Addr>> {
        Box::pin(self.ask_all(host, RecordType::AAAA, |record| match record {
            RData::AAAA(address) => Some(address.0),
            _ => None,
        }))
    }

    fn services<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Service>> {
        Box::pin(self.ask_services(name))
    }

    fn txt<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Vec<u8>>> {
        Box::pin(self.ask_all(name, RecordType::TXT, text))
    }

    fn ptr(&self, ip: IpAddr) -> Asked<'_, Vec<String>> {
        Box::pin(self.ask_names(ip))
    }

    fn tlsa<'a>(&'a self, name: &'a str) -> Asked<'a, Vec<Tlsa>> {
        Box::pin(self.ask_all(name, RecordType::TLSA, tlsa))
    }
}

/// Joins the addresses of both families: they are validated if both are.
fn both(six: AddressAnswer, four: AddressAnswer) -> AddressAnswer {
    match (six, four) {
        (Answer::Records(six, of_six), Answer::Records(four, of_four)) => {
            Answer::Records(take_turns(six, four), if of_six == of_four { of_six } else { Validation::Unvalidated })
        }
        (Answer::Records(mut only, validation), _) | (_, Answer::Records(mut only, validation)) => {
            only.truncate(MOST);
            Answer::Records(only, validation)
        }
        (Answer::NoSuchDomain, Answer::NoSuchDomain) => Answer::NoSuchDomain,
        _ => Answer::NoRecord,
    }
}

/// Returns true if all name servers are on this machine.
fn are_here(config: &ResolverConfig) -> bool {
    !config.name_servers.is_empty() && config.name_servers.iter().all(|server| server.ip.to_canonical().is_loopback())
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
