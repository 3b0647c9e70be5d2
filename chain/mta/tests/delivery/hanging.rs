//! Nobody waits for another: sites that hang, and senders of many letters.

use std::time::Duration;

use net::{Exchange, MxAnswer, Table};

use crate::support::office::{Office, mx};
use crate::support::server::{Act, Server};
use crate::support::until;

/// Sites that hang; the office has fewer rooms than that.
const HANGING: usize = 60;
const ROOMS: usize = 15;

/// Every site has an address of its own on this machine, and all listen on one port.
fn names(hosts: impl Iterator<Item = (String, String)>) -> Table {
    hosts.fold(Table::new(), |names, (domain, ip)| {
        let host = format!("mx.{domain}");
        mx(names, &domain, &[(10, host.as_str(), ip.as_str())])
    })
}

fn hanging(number: usize) -> (String, String) {
    (format!("hanging{number}.test"), format!("127.0.3.{number}"))
}

/// The letter for a healthy site arrives although every room was taken by sites that hang.
async fn a_healthy_site_is_served(office: &mut Office, healthy: &Server, sites: usize, taken: impl AsyncFnOnce()) {
    office.means.limits.connections = ROOMS;
    office.means.waits.crowded = Duration::from_millis(200);
    for wait in [
        &mut office.means.waits.connect,
        &mut office.means.waits.greeting,
        &mut office.means.waits.command,
        &mut office.means.waits.data,
        &mut office.means.waits.dot,
    ] {
        *wait = Duration::from_secs(300);
    }
    office.means.schedule.first = Duration::from_secs(1000);
    office.means.schedule.most = Duration::from_secs(1000);
    for number in 1..=sites {
        office.queue(&[&format!("bob@{}", hanging(number).0)]).await;
    }
    office.start();
    taken().await;
    office.queue(&["bob@healthy.test"]).await;
    until("the healthy site has its letter", || healthy.count() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sites_that_hang_do_not_keep_a_healthy_one_waiting_wherever_they_hang() {
    for at in ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT"] {
        // A server that has the whole letter is not left early, so that it does not get it twice: such conversations
        // lend their rooms, once each.
        let sites = if at == "DOT" { 2 * ROOMS - 5 } else { HANGING };
        let healthy = Server::start_at("127.0.0.1:0", None, |_| None).await;
        let all = (1..=sites).map(hanging).chain([("healthy.test".to_owned(), "127.0.0.1".to_owned())]);
        let mut servers = Vec::new();
        for number in 1..=sites {
            let place = format!("{}:{}", hanging(number).1, healthy.port());
            servers.push(
                Server::start_at(&place, None, move |turn| turn.said.starts_with(at).then_some(Act::Silence)).await,
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let mut office = Office::open(folder.path(), names(all), healthy.port());
        let taken = async || {
            let connections = || servers.iter().map(Server::connections).sum::<usize>();
            until("all rooms are taken", || connections() >= ROOMS).await;
        };
        a_healthy_site_is_served(&mut office, &healthy, sites, taken).await;
        let again = servers.iter().filter(|server| server.seen().len() > 1).count();
        assert_eq!(again, 0, "{at}: a letter went twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sites_that_do_not_even_accept_do_not_keep_a_healthy_one_waiting() {
    let healthy = Server::start_at("127.0.0.1:0", None, |_| None).await;
    let mut backlogs = Vec::new();
    for number in 1..=HANGING {
        backlogs.push(std::net::TcpListener::bind(format!("{}:{}", hanging(number).1, healthy.port())).unwrap());
    }
    let all = (1..=HANGING).map(hanging).chain([("healthy.test".to_owned(), "127.0.0.1".to_owned())]);
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), names(all), healthy.port());
    // Nobody can count connections that nobody accepts.
    let taken = async || {
        // time passes: nothing may happen meanwhile
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    a_healthy_site_is_served(&mut office, &healthy, HANGING, taken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_hangs_gives_way_to_the_next_one_of_its_site() {
    let good = Server::start(|_| None).await;
    let hangs = std::net::TcpListener::bind(format!("127.0.4.1:{}", good.port())).unwrap();
    let hosts = [(10, "mx1.beta.test", "127.0.4.1"), (20, "mx2.beta.test", "127.0.0.1")];
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), mx(Table::new(), "beta.test", &hosts), good.port());
    office.means.waits.greeting = Duration::from_millis(300);
    office.means.limits.letters_per_connection = 1;
    for _ in 0..20 {
        office.queue(&["bob@beta.test"]).await;
    }
    office.start();
    until("all have left", || office.is_empty()).await;
    drop(hangs);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_s_thousands_do_not_stop_another_person_s_letter() {
    const MANY: usize = 4000;
    let slow = Server::start(|turn| {
        if turn.said == "DOT" {
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_millis(3));
        }
        None
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let host = || Ok(MxAnswer::hosts(vec![Exchange { preference: 1, host: "mx.beta.test".into() }]));
    let names = mx(Table::new(), "beta.test", &[(1, "mx.beta.test", "127.0.0.1")]).mx("gamma.test", host());
    let mut office = Office::open(folder.path(), names, slow.port());
    office.queue_many(MANY, "bob@beta.test", b"Subject: to all\r\n\r\n").await;
    office.start();
    until("the first are on their way", || slow.count() > 20).await;
    office.queue_from("carol@alpha.test", &["bob@beta.test"], b"Subject: from Carol\r\n\r\n").await;
    office.queue_from("dora@alpha.test", &["bob@gamma.test"], b"Subject: from Dora\r\n\r\n").await;
    let before = slow.count();
    let arrived = |from: &str| slow.taken().iter().any(|letter| letter.mail.contains(from));
    until("the others have left", || arrived("carol@") && arrived("dora@")).await;
    assert!(slow.count() < before + MANY / 2, "after {} of {MANY}", slow.count());
}
