//! A watcher is woken by the topics that concern them, once, and after the commit.

mod common;

use std::time::Duration;

use common::{add, open, write_note};
use facteur_store::{Error, Key, Store, Topic, Watch};

const MINE: Topic = Topic { kind: "mailbox", id: 1 };
const OTHER: Topic = Topic { kind: "mailbox", id: 2 };
const LAST: Topic = Topic { kind: "mailbox", id: 3 };

async fn announce(store: &Store, topics: &'static [Topic]) {
    store
        .write(Key::Everything, move |tx| {
            topics.iter().for_each(|topic| tx.announce(*topic));
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
}

async fn wakes(watch: &mut Watch) -> bool {
    tokio::time::timeout(Duration::from_millis(200), watch.changed()).await.is_ok()
}

#[tokio::test]
async fn a_watch_wakes_for_its_own_topic_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (mut mine, mut other) = (store.watch(MINE), store.watch(OTHER));
    announce(&store, &[MINE]).await;
    assert!(wakes(&mut mine).await);
    assert!(!wakes(&mut other).await);
    assert!(!wakes(&mut mine).await, "once is once");
}

#[tokio::test]
async fn many_notices_before_a_look_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut watch = store.watch(MINE);
    for _ in 0..10 {
        announce(&store, &[MINE, OTHER, MINE]).await;
    }
    // Notices follow the answers in the same order, so that none of these is on its way when this one has come.
    let mut last = store.watch(LAST);
    announce(&store, &[LAST]).await;
    last.changed().await;
    assert!(wakes(&mut watch).await);
    assert!(!wakes(&mut watch).await);
}

#[tokio::test]
async fn a_failed_write_announces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut watch = store.watch(MINE);
    let outcome: Result<(), Error> = store
        .write(Key::Everything, |tx| {
            tx.announce(MINE);
            Err(common::refused())
        })
        .await;
    assert!(outcome.is_err());
    assert!(!wakes(&mut watch).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_waits_is_woken_and_one_dropped_while_waiting_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut watch = store.watch(MINE);
    assert!(!wakes(&mut watch).await);
    let waiting = tokio::spawn(async move {
        watch.changed().await;
        watch
    });
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(20)).await;
    announce(&store, &[MINE]).await;
    let mut watch = tokio::time::timeout(Duration::from_secs(5), waiting).await.expect("woken").unwrap();
    let _ = tokio::time::timeout(Duration::from_millis(1), watch.changed()).await;
    announce(&store, &[MINE]).await;
    assert!(wakes(&mut watch).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_writes_wakes_everybody_within_about_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    write_note(&store, "ours").await.unwrap();
    let mut watch = store.watch(MINE);
    // A second store on the same folder has its own connections, as another process has.
    let other = open(folder.path());
    write_note(&other, "theirs").await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), watch.changed()).await.expect("woken");
    // The store looks for others' writes once a second.
    // time passes: a clock has to move
    tokio::time::sleep(Duration::from_millis(1500)).await;
    watch.take();
    store.write(Key::Everything, |tx| add(tx, "ours again")).await.unwrap();
    // time passes: a clock has to move
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!watch.take(), "our own writes wake nobody without an announcement");
}

#[tokio::test]
async fn ten_thousand_idle_watches_cost_little_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert!(std::mem::size_of::<Watch>() <= 64);
    let mut watches: Vec<Watch> = (0..10_000).map(|id| store.watch(Topic { kind: "mailbox", id })).collect();
    announce(&store, &[MINE]).await;
    let woken = |watches: &mut Vec<Watch>| watches.iter_mut().map(Watch::take).filter(|woken| *woken).count();
    assert_eq!(waiting::found("one is woken", async || Some(woken(&mut watches)).filter(|n| *n > 0)).await, 1);
    assert_eq!(woken(&mut watches), 0);
}
