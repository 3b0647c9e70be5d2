//! Questions to a real name server, in this process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use facteur_net::{AddressAnswer, Answer, Dns, Exchanges, MxAnswer, Resolver, Table};
use hickory_server::Server;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::proto::rr::rdata::{A, AAAA, CNAME, MX, SOA, SRV, TXT};
use hickory_server::proto::rr::{Name, RData, Record};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use mail::Domain;
use tokio::net::{TcpListener, UdpSocket};

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn mx(preference: u16, host: &str) -> RData {
    RData::MX(MX::new(preference, name(host)))
}

fn records() -> Vec<(&'static str, RData)> {
    let mut records = vec![
        ("alpha.test.", mx(20, "backup.alpha.test.")),
        ("alpha.test.", mx(10, "Mail.Alpha.test.")),
        ("null.test.", mx(0, ".")),
        ("mixed.test.", mx(0, ".")),
        ("mixed.test.", mx(5, "mail.alpha.test.")),
        ("plain.test.", RData::A(A(Ipv4Addr::new(192, 0, 2, 7)))),
        ("_imaps._tcp.alpha.test.", RData::SRV(SRV::new(20, 0, 993, name("second.alpha.test.")))),
        ("_imaps._tcp.alpha.test.", RData::SRV(SRV::new(10, 1, 993, name("light.alpha.test.")))),
        ("_imaps._tcp.alpha.test.", RData::SRV(SRV::new(10, 9, 9993, name("Heavy.alpha.test.")))),
        ("_pop3s._tcp.alpha.test.", RData::SRV(SRV::new(0, 0, 0, name(".")))),
        ("text.test.", RData::TXT(TXT::new(vec!["hello".into()]))),
        ("alias.test.", RData::CNAME(CNAME(name("alpha.test.")))),
        ("mail.alpha.test.", RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))),
        ("mail.alpha.test.", RData::A(A(Ipv4Addr::new(192, 0, 2, 2)))),
        ("mail.alpha.test.", RData::AAAA(AAAA("2001:db8::1".parse().unwrap()))),
    ];
    records.extend((0..100).map(|n| ("many.test.", mx(n, &format!("mx{n}.test.")))));
    records
}

/// Starts a server for the zone `test.`; it refuses everything else.
async fn server() -> (SocketAddr, Server<Catalog>) {
    let mut zone =
        InMemoryZoneHandler::<TokioRuntimeProvider>::empty(name("test."), ZoneType::Primary, AxfrPolicy::Deny);
    let soa = SOA::new(name("ns.test."), name("hostmaster.test."), 1, 3600, 600, 86400, 60);
    zone.upsert_mut(Record::from_rdata(name("test."), 60, RData::SOA(soa)), 1);
    for (owner, data) in records() {
        zone.upsert_mut(Record::from_rdata(name(owner), 60, data), 1);
    }
    let mut catalog = Catalog::new();
    catalog.upsert(name("test.").into(), vec![Arc::new(zone)]);
    let mut server = Server::new(catalog);
    let (udp, tcp) = both_at_one_port().await;
    let address = udp.local_addr().unwrap();
    server.register_socket(udp);
    server.register_listener(tcp, Duration::from_secs(5), 4096);
    (address, server)
}

/// Opens sockets of both kinds at one port. The kernel gives a port that is free for one kind; some connection may have
/// the same port of the other kind, and then another port is tried.
async fn both_at_one_port() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both");
}

async fn dns() -> (Dns, Server<Catalog>) {
    let (address, server) = server().await;
    (Dns::new(&[address.to_string()]).unwrap(), server)
}

async fn ask_mx(dns: &Dns, domain: &str) -> MxAnswer {
    dns.mx(&Domain::parse(domain).unwrap()).await.unwrap()
}

fn hosts(answer: MxAnswer) -> Vec<String> {
    match answer {
        Answer::Records(Exchanges::Hosts(hosts), _) => hosts.into_iter().map(|exchange| exchange.host).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn hosts_come_in_the_order_of_their_preference() {
    let (dns, _server) = dns().await;
    assert_eq!(hosts(ask_mx(&dns, "alpha.test").await), ["mail.alpha.test", "backup.alpha.test"]);
}

#[tokio::test]
async fn an_alias_has_the_hosts_of_what_it_stands_for() {
    let (dns, _server) = dns().await;
    assert_eq!(hosts(ask_mx(&dns, "alias.test").await), ["mail.alpha.test", "backup.alpha.test"]);
}

#[tokio::test]
async fn a_domain_that_takes_no_mail_says_so() {
    let (dns, _server) = dns().await;
    assert_eq!(ask_mx(&dns, "null.test").await, MxAnswer::null());
}

#[tokio::test]
async fn a_null_record_among_others_is_no_host() {
    let (dns, _server) = dns().await;
    assert_eq!(hosts(ask_mx(&dns, "mixed.test").await), ["mail.alpha.test"]);
}

#[tokio::test]
async fn no_record_and_no_domain_are_two_things() {
    let (dns, _server) = dns().await;
    assert_eq!(ask_mx(&dns, "plain.test").await, MxAnswer::NoRecord);
    assert_eq!(ask_mx(&dns, "nobody.test").await, MxAnswer::NoSuchDomain);
    assert_eq!(dns.addresses("text.test").await.unwrap(), AddressAnswer::NoRecord);
    assert_eq!(dns.addresses("nobody.test").await.unwrap(), AddressAnswer::NoSuchDomain);
}

#[tokio::test]
async fn addresses_of_both_families_take_turns() {
    let (dns, _server) = dns().await;
    let AddressAnswer::Records(found, _) = dns.addresses("mail.alpha.test").await.unwrap() else { panic!() };
    assert_eq!(found.len(), 3);
    assert_eq!(found[0], "2001:db8::1".parse::<Ipv6Addr>().unwrap());
    assert!(found[1].is_ipv4() && found[2].is_ipv4());
}

#[tokio::test]
async fn ip_addresses_and_localhost_need_no_server() {
    let dns = Dns::new(&["127.0.0.1:1"]).unwrap();
    for (host, ip) in [("192.0.2.9", "192.0.2.9"), ("2001:db8::9", "2001:db8::9"), ("localhost", "127.0.0.1")] {
        let AddressAnswer::Records(found, _) = dns.addresses(host).await.unwrap() else { panic!() };
        assert_eq!(found[0], ip.parse::<IpAddr>().unwrap());
    }
}

#[tokio::test]
async fn a_refusal_or_no_server_at_all_is_a_fault_and_not_an_answer() {
    let (dns, _server) = dns().await;
    assert!(dns.mx(&Domain::parse("elsewhere.example").unwrap()).await.is_err());
    let nobody = Dns::new(&["127.0.0.1:1"]).unwrap();
    assert!(nobody.mx(&Domain::parse("alpha.test").unwrap()).await.is_err());
}

#[tokio::test]
async fn a_hundred_hosts_are_cut_to_what_is_reasonable() {
    let (dns, _server) = dns().await;
    let found = hosts(ask_mx(&dns, "many.test").await);
    assert!((1..=32).contains(&found.len()), "{}", found.len());
}

#[test]
fn a_server_that_is_no_address_is_said_so() {
    let error = Dns::new(&["dns.test"]).err().unwrap().to_string();
    assert!(error.contains("dns.test"), "{error}");
}

#[tokio::test]
async fn a_table_answers_what_it_was_told() {
    let table = Table::new().addresses("plain.test", Ok(AddressAnswer::NoRecord)).mx("null.test", Ok(MxAnswer::null()));
    let ask = |domain: &'static str| {
        let table = table.clone();
        async move { Resolver::mx(&table, &Domain::parse(domain).unwrap()).await.unwrap() }
    };
    assert_eq!(ask("plain.test").await, MxAnswer::NoRecord);
    assert_eq!(ask("null.test").await, MxAnswer::null());
    assert_eq!(ask("other.test").await, MxAnswer::NoSuchDomain);
}

#[tokio::test]
async fn who_offers_a_service_comes_in_the_order_of_priority_and_weight() {
    let (dns, _server) = dns().await;
    let services = dns.services("_imaps._tcp.alpha.test").await.unwrap().records().unwrap();
    let shown: Vec<_> = services.iter().map(|service| (service.host.as_str(), service.port)).collect();
    assert_eq!(shown, [("heavy.alpha.test", 9993), ("light.alpha.test", 993), ("second.alpha.test", 993)]);
    let none = dns.services("_pop3s._tcp.alpha.test").await.unwrap().records().unwrap();
    assert_eq!(none.first().map(|service| service.host.as_str()), Some(""), "the domain says that it has none");
    assert_eq!(dns.services("_imaps._tcp.nowhere.test").await.unwrap(), Answer::NoSuchDomain);
}
