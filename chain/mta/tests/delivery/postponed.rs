//! Letters that wait for the time their author wants (RFC 4865).

use std::time::Duration;

use mail::trace::Event;
use mail::{LetterId, Timestamp};
use mta::queue::{self, Terms, Which};

use crate::support::office::{Office, beta, now};
use crate::support::server::Server;
use crate::support::until;

const BOB: &str = "bob@beta.test";
const CAROL: &str = "carol@alpha.test";

async fn recall(office: &Office, id: LetterId) -> bool {
    office.store.write(store::Key::Everything, move |tx| queue::recall(tx, id, 1, now())).await.unwrap()
}

fn in_ms(ms: u64) -> Timestamp {
    now().after(Duration::from_millis(ms))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postponed_letter_leaves_at_its_time_and_not_before_also_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| None).await;
    let mut first = Office::open(folder.path(), beta(), server.port());
    let due = in_ms(5000);
    first.postpone(&[BOB, CAROL], due).await;
    first.queue(&["dave@beta.test"]).await;
    first.start();
    // Others for the same domain go their way.
    until("the other letter has left", || first.counts().letters == 1).await;
    assert_eq!((server.count(), first.counts().postponed), (1, 2));
    first.crash().await;
    let mut second = Office::open(folder.path(), beta(), server.port());
    second.start();
    until("it has left", || second.is_empty()).await;
    assert!(now() >= due, "it left before its time");
    assert_eq!((server.count(), second.filed().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_was_taken_back_never_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| None).await;
    let mut office = Office::open(folder.path(), beta(), server.port());
    let id = office.postpone(&[BOB, CAROL], in_ms(4000)).await;
    office.postpone(&["dave@beta.test"], in_ms(4300)).await;
    office.start();
    assert!(recall(&office, id).await);
    assert!(!recall(&office, id).await, "there is nothing left of it");
    assert_eq!(office.counts().letters, 1);
    until("the letter whose time comes later has left", || office.is_empty()).await;
    assert_eq!((server.count(), office.filed().len()), (1, 0));
    let told = office.read(|view| trace::follow(view, 0, 100, |_| Ok(true)));
    assert!(told.steps.contains(&(id, vec![Event::Recalled { account: 1 }])), "{:?}", told.steps);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_letting_go_and_taking_back_exactly_one_happens() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| None).await;
    let mut office = Office::open(folder.path(), beta(), server.port());
    let due = in_ms(700);
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.push(office.postpone(&[BOB], due).await);
    }
    office.start();
    // time passes: a clock has to move
    tokio::time::sleep(Duration::from_millis(u64::try_from((due.0 - now().0).max(0)).unwrap())).await;
    let mut recalled = 0;
    for id in ids {
        recalled += usize::from(recall(&office, id).await);
        // time passes: at any moment
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    until("the others have left", || office.is_empty()).await;
    assert_eq!(server.count() + recalled, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_postmaster_may_drop_a_postponed_letter_and_retry_lets_it_wait() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| None).await;
    let mut office = Office::open(folder.path(), beta(), server.port());
    let id = office.postpone(&[BOB], in_ms(3_600_000)).await;
    office.start();
    let store = office.store.clone();
    let touched = tokio::task::spawn_blocking(move || {
        let retried = queue::retry(&store, &Which::All, now()).unwrap();
        (retried, queue::drop_letters(&store, &Which::Letters(vec![id]), now()).unwrap())
    });
    let (retried, dropped) = touched.await.unwrap();
    assert_eq!((retried.len(), dropped.len()), (0, 1));
    assert!(office.is_empty());
    assert_eq!(server.count(), 0);
}

#[test]
fn the_time_of_a_postponed_letter_begins_when_it_is_let_go() {
    let schedule = mta::backoff::Schedule::default();
    let (now, until) = (Timestamp(1_000), Timestamp(9_000_000));
    let terms = Terms::postponed(now, until, &schedule);
    assert_eq!((terms.arrived, terms.not_before), (now, Some(until)));
    assert_eq!(terms.expires, until.after(schedule.lifetime));
}
