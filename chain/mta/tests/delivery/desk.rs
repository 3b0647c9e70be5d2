//! The postmaster's commands.

use std::time::Duration;

use mail::Domain;
use mta::queue::{self, Filter, Page, State, Which};

use crate::support::office::{Office, address, beta, now};
use crate::support::server::{Act, Server, say};
use crate::support::until;

const BOB: &str = "bob@beta.test";

fn office(port: u16) -> (tempfile::TempDir, Office) {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path(), beta(), port);
    (folder, office)
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_does_not_wait_for_the_next_try() {
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |turn| match turn.said.split(' ').next() {
        Some("RCPT") if tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 => say("451 4.7.1 not now"),
        _ => None,
    })
    .await;
    let (_folder, mut office) = office(server.port());
    office.means.schedule.first = Duration::from_secs(1000);
    office.means.schedule.most = Duration::from_secs(1000);
    let id = office.queue(&[BOB]).await;
    office.start();
    until("it is refused for now", || !office.said_of(BOB).is_empty()).await;
    let store = office.store.clone();
    let retry = move || queue::retry(&store, &Which::Letters(vec![id]), now());
    let touched = tokio::task::spawn_blocking(retry).await.unwrap().unwrap();
    assert_eq!((touched[0].id, touched[0].address.clone()), (id, address(BOB)));
    until("it has left", || office.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_does_not_wait_for_a_dead_domain_either() {
    let (folder, mut first) = office(1);
    first.means.schedule.first = Duration::from_secs(1000);
    first.means.schedule.most = Duration::from_secs(1000);
    first.queue(&[BOB]).await;
    first.start();
    until("it cannot be reached", || first.said_of(BOB).contains("refused")).await;
    first.stop().await;
    first.crash().await;
    let server = Server::start(|_| None).await;
    let mut second = Office::open(folder.path(), beta(), server.port());
    second.start();
    // The wait is remembered over a restart.
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.connections(), 0);
    let store = second.store.clone();
    tokio::task::spawn_blocking(move || queue::retry(&store, &Which::All, now())).await.unwrap().unwrap();
    until("it has left", || second.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_ends_the_wait_of_a_dead_host_at_once() {
    let dead = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_dead = dead.clone();
    let server = Server::start(move |turn| {
        let dead = is_dead.load(std::sync::atomic::Ordering::SeqCst);
        (turn.said == "GREETING" && dead).then_some(Act::Close)
    })
    .await;
    let (_folder, mut office) = office(server.port());
    office.means.schedule.first = Duration::from_secs(1000);
    office.means.schedule.most = Duration::from_secs(1000);
    office.queue(&[BOB]).await;
    office.start();
    until("it cannot be reached", || !office.said_of(BOB).is_empty()).await;
    dead.store(false, std::sync::atomic::Ordering::SeqCst);
    // The letter waits with its host, in the store and in memory.
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.taken(), []);
    let store = office.store.clone();
    tokio::task::spawn_blocking(move || queue::retry(&store, &Which::All, now())).await.unwrap().unwrap();
    until("it has left", || office.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_stays_until_it_is_released() {
    let server = Server::start(|_| None).await;
    let (_folder, mut office) = office(server.port());
    office.queue(&[BOB]).await;
    office.queue(&["carl@gamma.test"]).await;
    let beta = Which::Domain(Domain::parse("beta.test").unwrap());
    let (store, which) = (office.store.clone(), beta.clone());
    tokio::task::spawn_blocking(move || queue::hold(&store, &which, net::now())).await.unwrap().unwrap();
    office.start();
    until("the other one was tried", || office.filed().len() == 1).await;
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.connections(), 0);
    assert_eq!(office.counts().held, 1);
    let store = office.store.clone();
    tokio::task::spawn_blocking(move || queue::release(&store, &beta, now())).await.unwrap().unwrap();
    until("it has left", || office.is_empty()).await;
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_is_gone_without_a_report() {
    let (_folder, mut office) = office(1);
    let id = office.queue(&[BOB, "carol@beta.test"]).await;
    let other = office.queue(&[BOB]).await;
    let store = office.store.clone();
    let drop = move || queue::drop_letters(&store, &Which::Letters(vec![id]), net::now());
    let dropped = tokio::task::spawn_blocking(drop).await.unwrap().unwrap();
    assert_eq!(dropped.len(), 2);
    assert_eq!(office.list().iter().map(|letter| letter.id).collect::<Vec<_>>(), [other]);
    office.start();
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(office.filed(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_read_page_by_page_and_can_be_narrowed() {
    let (_folder, office) = office(1);
    for number in 0..5 {
        office.queue(&[BOB, &format!("carl{number}@gamma.test")]).await;
    }
    let list = |filter: Filter, after, most| {
        let page = Page { after, most };
        office.read(move |view| queue::list(view, &filter, page))
    };
    let first = list(Filter::default(), 0, 3);
    assert_eq!((first.len(), first[0].recipients_in_all), (3, 2));
    assert_eq!(list(Filter::default(), first[2].row, 3).len(), 2);
    let of = |address_text: &str| Filter { address: Some(address(address_text)), ..Filter::default() };
    assert_eq!(list(of("carl3@gamma.test"), 0, 10).len(), 1);
    assert_eq!(list(of("alice@alpha.test"), 0, 10).len(), 5);
    assert_eq!(list(Filter { state: Some(State::Held), ..Filter::default() }, 0, 10).len(), 0);
    let gamma = Filter { domain: Some(Domain::parse("gamma.test").unwrap()), ..Filter::default() };
    assert_eq!(list(gamma, 0, 10).len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_worked_in_slices() {
    let (_folder, office) = office(1);
    let crowd: Vec<String> = (0..1200).map(|n| format!("person{n}@beta.test")).collect();
    office.queue(&crowd.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let store = office.store.clone();
    let held =
        tokio::task::spawn_blocking(move || queue::hold(&store, &Which::All, net::now())).await.unwrap().unwrap();
    assert_eq!((held.len() as u64, office.counts().held), (1200, 1200));
    let store = office.store.clone();
    let dropped = tokio::task::spawn_blocking(move || queue::drop_letters(&store, &Which::All, net::now()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(dropped.len(), 1200);
    assert!(office.is_empty());
}
