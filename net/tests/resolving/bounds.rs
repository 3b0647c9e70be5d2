//! The questions that one letter causes are bounded in number and in time.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use facteur_net::{Answer, Lookups, Resolver, Table};
use mail::Domain;
use tokio::time::Instant;

use crate::server::NameServer;

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
