//! The resolver reports each kind of answer: records, none, no such name, or later; and whether it was validated.

use std::net::{IpAddr, Ipv4Addr};

use facteur_net::{Answer, Dns, DnsFault, Exchanges, MxAnswer, Resolver, Tlsa, Validation};
use hickory_server::proto::op::{Message, ResponseCode};
use hickory_server::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use hickory_server::proto::rr::rdata::{A, CNAME, MX, NS, PTR, TLSA, TXT};
use hickory_server::proto::rr::{RData, Record, RecordType};
use mail::Domain;

use crate::server::{NameServer, alias, asked_for, name, nothing, records, reply};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn a() -> RData {
    RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))
}

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

/// Answers each kind of question about the names that say what is there.
fn whatever_it_says(question: &Message) -> Message {
    let (asked, kind) = asked_for(question);
    let data = match kind {
        RecordType::A => Some(a()),
        RecordType::MX => Some(RData::MX(MX::new(10, name("Mail.Test.")))),
        RecordType::TXT => Some(RData::TXT(TXT::from_bytes(vec![b"v=spf1 ", b"\xff\0-all"]))),
        RecordType::PTR => Some(RData::PTR(PTR(name("Mail.Test.")))),
        RecordType::TLSA => {
            let data = vec![7; 32];
            Some(RData::TLSA(TLSA::new(CertUsage::DaneEe, Selector::Spki, Matching::Sha256, data)))
        }
        _ => None,
    };
    match asked.as_str() {
        name if name.starts_with("none") => nothing(question, ResponseCode::NoError),
        name if name.starts_with("empty") => reply(question, ResponseCode::NoError),
        name if name.starts_with("nowhere") => nothing(question, ResponseCode::NXDomain),
        name if name.starts_with("fault") => reply(question, ResponseCode::ServFail),
        name if name.starts_with("refused") => reply(question, ResponseCode::Refused),
        name if name.starts_with("odd") => reply(question, ResponseCode::Unknown(3000)),
        referred if referred.starts_with("referred") => {
            let mut reply = reply(question, ResponseCode::NoError);
            reply.add_authority(Record::from_rdata(name("test."), 60, RData::NS(NS(name("ns.test.")))));
            reply
        }
        _ => match data {
            Some(data) => records(question, [(name(&asked), data)]),
            None => nothing(question, ResponseCode::NoError),
        },
    }
}

/// Returns the outcome of each kind of question about a name, in a word.
async fn words(dns: &Dns, host: &str) -> [&'static str; 4] {
    fn word<T>(answer: Result<Answer<T>, DnsFault>) -> &'static str {
        match answer {
            Ok(Answer::Records(..)) => "records",
            Ok(Answer::NoRecord) => "none",
            Ok(Answer::NoSuchDomain) => "no such name",
            Err(_) => "later",
        }
    }
    let mx = word(dns.mx(&domain(host)).await);
    [mx, word(dns.addresses(host).await), word(dns.txt(host).await), word(dns.tlsa(host).await)]
}

#[tokio::test]
async fn records_none_no_name_and_later_are_four_things_for_every_kind() {
    let server = NameServer::answering(whatever_it_says).await;
    for (host, word) in [
        ("there.test", "records"),
        ("none.test", "none"),
        ("empty.test", "none"),
        ("nowhere.test", "no such name"),
        ("fault.test", "later"),
        ("refused.test", "later"),
        ("odd.test", "later"),
        ("referred.test", "later"),
    ] {
        assert_eq!(words(&server.dns, host).await, [word; 4], "{host}");
    }
}

#[tokio::test]
async fn each_kind_is_read_as_what_it_is() {
    let server = NameServer::answering(whatever_it_says).await;
    let dns = &server.dns;
    let Ok(Answer::Records(Exchanges::Hosts(hosts), _)) = dns.mx(&domain("there.test")).await else { panic!() };
    assert_eq!((hosts.len(), hosts[0].preference, hosts[0].host.as_str()), (1, 10, "mail.test"));
    assert_eq!(dns.addresses("there.test").await.unwrap().records(), Some(vec![HERE]));
    let texts = dns.txt("there.test").await.unwrap().records();
    assert_eq!(texts, Some(vec![b"v=spf1 \xff\0-all".to_vec()]), "the strings of a record are one text, of any octets");
    let tlsa = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![7; 32] };
    assert_eq!(dns.tlsa("_25._tcp.there.test").await.unwrap().records(), Some(vec![tlsa]));
}

#[tokio::test]
async fn the_names_of_an_address_are_asked_for_by_its_digits() {
    let server = NameServer::answering(|question| {
        let (asked, _) = asked_for(question);
        let here =
            ["1.2.0.192.in-addr.arpa.", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."];
        let names = ["Mail.Test.", ".", "other.test."].map(|text| (name(&asked), RData::PTR(PTR(name(text)))));
        if here.contains(&asked.as_str()) {
            records(question, names)
        } else {
            nothing(question, ResponseCode::NXDomain)
        }
    })
    .await;
    for ip in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"] {
        let names = server.dns.ptr(ip.parse().unwrap()).await.unwrap().records().unwrap();
        assert_eq!(names, ["mail.test", "other.test"], "{ip}");
    }
    assert_eq!(server.dns.ptr("192.0.2.9".parse().unwrap()).await.unwrap(), Answer::NoSuchDomain);
}

#[tokio::test]
async fn a_name_is_the_same_with_its_last_dot_and_what_can_be_no_name_is_none() {
    let server = NameServer::answering(whatever_it_says).await;
    for name in ["there.test", "there.test.", "There.TEST."] {
        assert_eq!(server.dns.txt(name).await.unwrap().records().map(|texts| texts.len()), Some(1), "{name}");
    }
    let asked = server.asked();
    let long = "a".repeat(64);
    for name in ["there..test", "there.test..", &format!("{long}.test"), &format!("{}test", "abc.".repeat(80))] {
        assert_eq!(server.dns.txt(name).await.unwrap(), Answer::NoSuchDomain, "{name}");
    }
    assert_eq!(server.asked(), asked, "nobody needs to be asked for those");
}

/// Answers the questions about the end of a chain.
type End = fn(&Message) -> Message;

/// `hopN.test` is an alias of the next one, and each reply has one alias; `end` answers behind the fourth.
fn hops(question: &Message, end: End) -> Message {
    let (asked, _) = asked_for(question);
    let hop: Option<usize> = asked.strip_prefix("hop").and_then(|rest| rest.strip_suffix(".test.")?.parse().ok());
    match hop {
        Some(hop) if hop < 4 => alias(question, &asked, &format!("hop{}.test.", hop + 1)),
        _ => end(question),
    }
}

#[tokio::test]
async fn aliases_are_followed_in_one_reply_and_over_several_to_whatever_is_at_their_end() {
    let whole = NameServer::answering(|question| {
        let link = |from: &str, to: &str| (name(from), RData::CNAME(CNAME(name(to))));
        records(
            question,
            [link("one.test.", "two.test."), link("two.test.", "three.test."), (name("three.test."), a())],
        )
    })
    .await;
    assert_eq!(whole.dns.addresses("one.test").await.unwrap().records(), Some(vec![HERE]));
    let ends: [(End, [&str; 4]); 4] = [
        (|question| whatever_it_says(question), ["records"; 4]),
        (|question| nothing(question, ResponseCode::NoError), ["none"; 4]),
        (|question| nothing(question, ResponseCode::NXDomain), ["no such name"; 4]),
        (|question| reply(question, ResponseCode::ServFail), ["later"; 4]),
    ];
    for (end, expected) in ends {
        let server = NameServer::answering(move |question| hops(question, end)).await;
        assert_eq!(words(&server.dns, "hop1.test").await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_later_and_not_none() {
    let server = NameServer::saying(|_, _| Vec::new()).await;
    assert_eq!(words(&server.dns, "there.test").await, ["later"; 4]);
    assert!(server.dns.ptr(HERE).await.is_err());
}

/// Says of every answer that it is validated, if the question asks for that.
fn proved(question: &Message) -> Message {
    let mut reply = whatever_it_says(question);
    reply.metadata.authentic_data = question.metadata.authentic_data;
    reply
}

#[tokio::test]
async fn that_a_record_is_validated_is_asked_for_and_told() {
    let server = NameServer::answering(proved).await;
    let dns = &server.dns;
    assert!(dns.mx(&domain("there.test")).await.unwrap().is_validated());
    assert!(dns.tlsa("_25._tcp.there.test").await.unwrap().is_validated());
    assert!(dns.tlsa("_25._tcp.there.test").await.unwrap().is_validated(), "and remembered");
    assert!(dns.addresses("there.test").await.unwrap().is_validated());
    assert!(dns.txt("there.test").await.unwrap().is_validated() && dns.ptr(HERE).await.unwrap().is_validated());
    assert!(!dns.addresses("192.0.2.1").await.unwrap().is_validated(), "nobody was asked");
    let silent = NameServer::answering(whatever_it_says).await;
    let answer = silent.dns.tlsa("_25._tcp.there.test").await.unwrap();
    assert!(matches!(answer, Answer::Records(_, Validation::Unvalidated)), "{answer:?}");
}

#[tokio::test]
async fn a_chain_of_which_only_the_last_link_is_validated_is_not() {
    let server = NameServer::answering(|question| hops(question, proved)).await;
    for _ in 0..2 {
        let answer = server.dns.tlsa("hop1.test").await.unwrap();
        assert!(matches!(answer, Answer::Records(_, Validation::Unvalidated)), "{answer:?}");
    }
    assert!(server.dns.tlsa("hop4.test").await.unwrap().is_validated());
}

#[tokio::test]
async fn addresses_of_which_one_family_is_unsure_are_told_and_none_are_later() {
    let server = NameServer::answering(|question| match asked_for(question) {
        (_, RecordType::AAAA) => reply(question, ResponseCode::ServFail),
        (asked, _) if asked.starts_with("half") => records(question, [(name(&asked), a())]),
        _ => nothing(question, ResponseCode::NoError),
    })
    .await;
    assert_eq!(server.dns.addresses("half.test").await.unwrap().records(), Some(vec![HERE]));
    assert!(server.dns.addresses("whole.test").await.is_err(), "it may have an address of the other family");
}

#[test]
fn a_null_record_is_an_answer_and_not_none() {
    assert_eq!(MxAnswer::null().records(), Some(Exchanges::Null));
}
