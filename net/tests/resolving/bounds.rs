//! The questions that one letter causes are bounded in number and in time.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use facteur_net::{Answer, Lookups, Resolver, Table};
use hickory_server::proto::op::{Message, ResponseCode};
use hickory_server::proto::rr::rdata::{A, NS, TXT};
use hickory_server::proto::rr::{RData, Record};
use mail::Domain;
use tokio::time::Instant;

use crate::server::{NameServer, Wire, alias, asked_for, name, nothing, records};

const TEXT: &[u8] = b"v=spf1 -all";

fn table() -> Table {
    let here = Answer::found(vec![Ipv4Addr::new(192, 0, 2, 1).into()]);
    Table::new().txt("Alpha.test.", Ok(Answer::found(vec![TEXT.to_vec()]))).addresses("mail.alpha.test", Ok(here))
}

#[tokio::test]
async fn a_letter_is_answered_until_its_questions_are_used_up() {
    let lookups = Lookups::new(Arc::new(table()), 6, Duration::from_secs(20));
    assert_eq!(lookups.txt("alpha.test").await.unwrap().records(), Some(vec![TEXT.to_vec()]));
    assert!(lookups.addresses("mail.alpha.test").await.is_ok());
    assert_eq!(lookups.left(), 3, "addresses are asked for in two families");
    assert_eq!(lookups.ptr(Ipv4Addr::LOCALHOST.into()).await.unwrap(), Answer::NoSuchDomain);
    assert_eq!(lookups.mx(&Domain::parse("alpha.test").unwrap()).await.unwrap(), Answer::NoSuchDomain);
    assert!(lookups.addresses("mail.alpha.test").await.is_err(), "one is left, and it takes two");
    assert!(lookups.tlsa("_25._tcp.alpha.test").await.is_ok());
    let fault = lookups.txt("alpha.test").await.unwrap_err();
    assert!(fault.to_string().contains("too many"), "{fault}");
    assert_eq!(lookups.left(), 0);
}

#[tokio::test(start_paused = true)]
async fn all_questions_of_a_letter_end_in_its_time_however_slow_the_servers_are() {
    let server = NameServer::saying(|_, _| Vec::new()).await;
    let lookups = Lookups::new(Arc::new(server.dns.clone()), 1000, Duration::from_secs(5));
    let begun = Instant::now();
    for n in 0..10 {
        assert!(lookups.txt(&format!("slow{n}.test")).await.is_err());
    }
    let took = begun.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(6)).contains(&took), "{took:?}");
    assert_eq!(lookups.left(), 0, "its time is over");
    assert!(Lookups::new(Arc::new(table()), 9, Duration::ZERO).txt("alpha.test").await.is_err());
}

/// Answers with a text of so many octets for `small`, `large` and an alias of it, with thousands of addresses, and with
/// nothing but very many name servers.
fn weigh(question: &Message) -> Message {
    let (asked, _) = asked_for(question);
    let text = |octets: usize| {
        let pieces = vec!["x".repeat(250); octets.div_ceil(250)];
        [(name(&asked), RData::TXT(TXT::new(pieces)))]
    };
    match asked.as_str() {
        "small.test." => records(question, text(3_000)),
        "alias.test." => alias(question, "alias.test.", "large.test."),
        "large.test." => records(question, text(60_000)),
        "crowd.test." => {
            let one = |n: u16| (name(&asked), RData::A(A(Ipv4Addr::from(u32::from(n)))));
            records(question, (0..1_500).map(one))
        }
        _ => {
            let mut none = nothing(question, ResponseCode::NoError);
            let server = |n: usize| Record::from_rdata(name(&asked), 60, RData::NS(NS(name(&format!("n{n}.test.")))));
            (0..400).for_each(|n| {
                none.add_authority(server(n));
            });
            none
        }
    }
}

#[tokio::test]
async fn answers_are_remembered_unless_they_take_much_memory() {
    let server = NameServer::saying(|question, wire| {
        let mut answer = weigh(question);
        if wire == Wire::Udp && answer.to_vec().unwrap().len() > 1200 {
            answer = nothing(question, ResponseCode::NoError);
            answer.metadata.truncation = true;
        }
        vec![answer.to_vec().unwrap()]
    })
    .await;
    let asked = async |what: &str| {
        let before = server.asked();
        let answer = match what {
            "crowd.test" => server.dns.ipv4(what).await.unwrap().records().map(|all| all.len()),
            _ => server.dns.txt(what).await.unwrap().records().map(|all| all[0].len()),
        };
        (server.asked() - before, answer)
    };
    let (first, answer) = asked("small.test").await;
    assert!(first > 0 && answer == Some(3_000));
    assert_eq!(asked("small.test").await, (0, Some(3_000)), "it is remembered");
    for (what, expected) in [("large.test", Some(60_000)), ("alias.test", Some(60_000)), ("crowd.test", Some(256))] {
        assert_eq!(asked(what).await.1, expected, "{what}");
        let (again, answer) = asked(what).await;
        assert!(again > 0 && answer == expected, "{what} is asked for again");
    }
    // An alias of a heavy answer leaves nothing behind, under its target neither.
    asked("alias.test").await;
    assert!(asked("large.test").await.0 > 0);
    assert_eq!(asked("small.test").await.0, 0, "the others are still remembered");
    assert_eq!(asked("none.test").await.1, None);
    assert!(asked("none.test").await.0 > 0, "a heavy answer that there is nothing is asked for again");
}
