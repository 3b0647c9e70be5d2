//! Says which records a domain needs, and what a person must know beside them.

use std::net::IpAddr;

use directory::domain_key::{Entry, State};
use mail::Domain;
use mta::route::Target;

use super::record::{Data, Purpose, Record, reverse_name};
use crate::config::{BindAddress, Config, Door, may_open_low_ports};
use crate::language::say;

/// The doors that mail programs look for by a record (RFC 6186, RFC 8314 §5.1, RFC 8620 §2.2).
const SERVICES: [(Door, &str); 6] = [
    (Door::Submissions, "_submissions"),
    (Door::Submission, "_submission"),
    (Door::Imaps, "_imaps"),
    (Door::Imap, "_imap"),
    (Door::Pop3s, "_pop3s"),
    (Door::Https, "_jmap"),
];

/// The records of a domain, and notes in the person's language.
#[derive(Debug, PartialEq, Eq)]
pub struct Needs {
    pub records: Vec<Record>,
    pub notes: Vec<String>,
}

/// Returns the records that the domain needs here: with the name of this machine, its addresses, its open doors and the keys.
pub fn of(domain: &Domain, config: &Config, addresses: &[IpAddr], keys: &[Entry]) -> Needs {
    let (mut records, mut notes) = (Vec::new(), Vec::new());
    let host = host(domain, config, &mut notes);
    let mut add = |name: &str, data, purpose| records.push(Record { name: name.to_owned(), data, purpose });
    let is_inside = host == domain.as_str() || host.ends_with(&format!(".{domain}"));
    add(domain.as_str(), Data::Mx { preference: 10, host: host.clone() }, Purpose::Exchange);
    for address in addresses.iter().filter(|_| is_inside) {
        add(&host, Data::Address(*address), Purpose::Host);
    }
    add(domain.as_str(), Data::Text(senders(config, &mut notes)), Purpose::Senders);
    if is_inside && host != domain.as_str() {
        add(&host, Data::Text("v=spf1 a -all".to_owned()), Purpose::HostSenders);
    }
    for key in keys {
        match key.record() {
            Ok(text) => add(&key.record_name(), Data::Text(text), Purpose::Key(key.state)),
            Err(_) => notes.push(damaged(key)),
        }
    }
    let policy = "v=DMARC1; p=quarantine";
    add(&format!("_dmarc.{domain}"), Data::Text(policy.to_owned()), Purpose::Policy);
    for (name, port) in services(config, may_open_low_ports()) {
        add(&format!("{name}._tcp.{domain}"), Data::Service { port, host: host.clone() }, Purpose::Program);
    }
    for ip in addresses {
        add(&reverse_name(*ip), Data::Pointer { ip: *ip, host: host.clone() }, Purpose::HostName);
    }
    if addresses.is_empty() {
        notes.push(say!(
            "{host} also needs A (and AAAA): the address at which the internet reaches this machine, and the PTR of that address: {host}",
            "il faut aussi à {host} un A (et AAAA) : l'adresse par laquelle l'internet atteint cette machine, et le PTR de cette adresse : {host}"
        ));
    }
    notes.push(say!(
        "a domain has one SPF record: where there is one already, add mx to it (--check shows the result)",
        "un domaine a un seul enregistrement SPF : s'il en existe déjà un, ajoutez-y mx (--check montre le résultat)"
    ));
    Needs { records, notes }
}

/// The name of this machine, as others call it.
fn host(domain: &Domain, config: &Config, notes: &mut Vec<String>) -> String {
    let named = config.hostname.as_str();
    if named.contains('.') {
        return named.to_owned();
    }
    let host = format!("mail.{domain}");
    notes.push(say!(
        "this machine has no name that others can look up: write hostname = \"{host}\" into the configuration",
        "cette machine n'a pas de nom que d'autres puissent résoudre : écrivez hostname = \"{host}\" dans la configuration"
    ));
    host
}

/// The text that says which machines send letters of the domain (RFC 7208).
fn senders(config: &Config, notes: &mut Vec<String>) -> String {
    let by_another = config.routes.iter().find(|route| route.domain.is_none()).and_then(|route| match &route.to.to {
        Target::Host(host) => Some(host.to_string()),
        Target::Socket(_) | Target::Program(_) | Target::Maildir(_) => None,
    });
    let Some(smarthost) = by_another else { return "v=spf1 mx -all".to_owned() };
    notes.push(say!(
        "letters leave through {smarthost}: put what its provider asks for into the SPF record (often include:…), before ?all",
        "les lettres partent par {smarthost} : mettez dans l'enregistrement SPF ce que son fournisseur demande (souvent un « include »), avant « ?all »"
    ));
    "v=spf1 mx ?all".to_owned()
}

fn damaged(key: &Entry) -> String {
    let Entry { domain, selector, .. } = key;
    match key.state {
        State::Old => say!("the old key {selector} is damaged", "l'ancienne clé {selector} est endommagée"),
        State::Active | State::Next => say!(
            "the key {selector} is damaged, and letters leave without its signature: facteur domain key rotate {domain}",
            "la clé {selector} est endommagée, et les lettres partent sans sa signature : facteur domain key rotate {domain}"
        ),
    }
}

/// The doors that programs elsewhere can come to, each with its port.
fn services(config: &Config, low_ports: bool) -> Vec<(&'static str, u16)> {
    let port = |door: Door| {
        if config.proxy.protocol.contains(&door) {
            return door.well_known_port();
        }
        config.places(door, low_ports).iter().find_map(|place| match place {
            BindAddress::Tcp(at) if !at.ip().is_loopback() => Some(at.port()),
            BindAddress::Tcp(_) | BindAddress::Unix(_) => None,
        })
    };
    SERVICES.iter().filter_map(|(door, name)| Some((*name, port(*door)?))).collect()
}

/// The addresses of this machine that the internet may reach.
pub fn public_addresses() -> Vec<IpAddr> {
    let Ok(all) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let address = |found: nix::ifaddrs::InterfaceAddress| {
        let address = found.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    };
    all.filter_map(address).filter(|address| is_public(*address)).collect()
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared)
        }
        // Global unicast, 2000::/3.
        IpAddr::V6(v6) => v6.segments()[0] >> 13 == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Route;

    fn domain() -> Domain {
        Domain::parse("alpha.test").unwrap()
    }

    fn config(host: &str) -> Config {
        let nowhere = Door::ALL.map(|door| (door, Vec::new())).into();
        Config { hostname: Domain::parse(host).unwrap(), listen: nowhere, ..Config::default() }
    }

    fn zone(config: &Config, addresses: &[IpAddr]) -> String {
        of(&domain(), config, addresses, &[]).records.iter().map(Record::zone_line).collect()
    }

    #[test]
    fn the_records_name_the_host_and_its_public_addresses() {
        let addresses = ["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
        let told = zone(&config("mail.alpha.test"), &addresses);
        for record in [
            "alpha.test. MX 10 mail.alpha.test.\n",
            "mail.alpha.test. A 192.0.2.7\n",
            "mail.alpha.test. AAAA 2001:db8::7\n",
            "alpha.test. TXT \"v=spf1 mx -all\"\n",
            "mail.alpha.test. TXT \"v=spf1 a -all\"\n",
            "_dmarc.alpha.test. TXT \"v=DMARC1; p=quarantine\"\n",
            "; 7.2.0.192.in-addr.arpa. PTR mail.alpha.test.\n",
        ] {
            assert!(told.contains(record), "{record} in {told}");
        }
        let elsewhere = zone(&config("mx.beta.test"), &addresses);
        assert!(elsewhere.contains("alpha.test. MX 10 mx.beta.test.\n"), "{elsewhere}");
        assert!(!elsewhere.contains(" A ") && !elsewhere.contains("spf1 a"), "they stand in another zone: {elsewhere}");
        let unnamed = of(&domain(), &config("laptop"), &[], &[]);
        assert!(unnamed.notes.iter().any(|note| note.contains("hostname = \"mail.alpha.test\"")));
    }

    #[test]
    fn only_doors_that_others_can_come_to_are_told() {
        let mut config = config("mail.alpha.test");
        config.listen.insert(Door::Imaps, vec![BindAddress::Tcp("[::]:993".parse().unwrap())]);
        config.listen.insert(Door::Submissions, vec![BindAddress::Tcp("127.0.0.1:465".parse().unwrap())]);
        let told = zone(&config, &[]);
        assert!(told.contains("_imaps._tcp.alpha.test. SRV 0 1 993 mail.alpha.test.\n"), "{told}");
        assert!(!told.contains("_submissions") && !told.contains("_jmap"), "{told}");
    }

    #[test]
    fn where_a_smarthost_carries_the_letters_no_record_says_that_nobody_else_does() {
        let mut config = config("mail.alpha.test");
        config.routes.push(Route { domain: None, to: mta::route::Route::parse("smtp.isp.test").unwrap(), login: None });
        let needs = of(&domain(), &config, &[], &[]);
        assert!(needs.records.iter().any(|record| record.data == Data::Text("v=spf1 mx ?all".to_owned())));
        assert!(needs.notes.iter().any(|note| note.contains("smtp.isp.test")));
    }

    #[test]
    fn addresses_of_a_network_at_home_are_not_public() {
        for (address, public) in [
            ("192.168.1.2", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("203.0.113.5", true),
            ("fe80::1", false),
            ("fd00::1", false),
            ("2001:db8::1", true),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
