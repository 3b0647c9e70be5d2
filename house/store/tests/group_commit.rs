//! Writes share commits, and nothing else.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::{MIGRATIONS, add, all_texts, open, options, refused, write_note};
use facteur_store::{Error, Key, Store, Topic, params};

const TOPIC: Topic = Topic { kind: "note", id: 0 };

#[tokio::test]
async fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    write_note(&store, "one").await.unwrap();
    assert_eq!(all_texts(&store).await, ["one"]);
}

#[tokio::test]
async fn an_attempt_that_fails_is_undone_alone_and_the_write_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut watch = store.watch(TOPIC);
    let outcome = store
        .write(Key::Everything, |tx| {
            add(tx, "before")?;
            let failed = tx.attempt(|tx| {
                add(tx, "undone")?;
                tx.announce(TOPIC);
                let inner = tx.attempt(|tx| add(tx, "undone with it"))?;
                assert!(inner.is_ok());
                Err::<(), Error>(refused())
            })?;
            assert!(failed.is_err());
            tx.attempt(|tx| add(tx, "attempted"))??;
            add(tx, "behind")?;
            Ok::<_, Error>(())
        })
        .await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(all_texts(&store).await, ["before", "attempted", "behind"]);
    let woken = tokio::time::timeout(Duration::from_millis(50), watch.changed()).await;
    assert!(woken.is_err(), "what was undone is not announced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_panics_in_an_attempt_is_undone_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (released, holder) = hold(&store).await;
    let writes = [0, 1, 2].map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(Key::Everything, move |tx| {
                    add(tx, &format!("write {number}"))?;
                    tx.attempt(|tx| match number {
                        1 => panic!("in an attempt"),
                        _ => add(tx, &format!("attempt {number}")),
                    })?
                })
                .await
        })
    });
    waiting::until("all three wait", || store.statistics().waiting == 3).await;
    released.store(true, Ordering::Release);
    holder.await.unwrap();
    let mut failed = 0;
    for write in writes {
        failed += usize::from(write.await.unwrap().is_err());
    }
    assert_eq!(failed, 1);
    let mut texts = all_texts(&store).await;
    texts.sort();
    assert_eq!(texts, ["attempt 0", "attempt 2", "write 0", "write 2"]);
}

/// Holds the writer until `release`, so that what is sent meanwhile is one group.
async fn hold(store: &Store) -> (Arc<AtomicBool>, tokio::task::JoinHandle<()>) {
    let (started, released) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (its_started, its_released, its_store) = (started.clone(), released.clone(), store.clone());
    let holder = tokio::spawn(async move {
        let _ = its_store
            .write(Key::Everything, move |_| {
                its_started.store(true, Ordering::Release);
                waiting::wait_until("the writer is let go", || its_released.load(Ordering::Acquire));
                Ok::<(), Error>(())
            })
            .await;
    });
    waiting::until("the writer is held", || started.load(Ordering::Acquire)).await;
    (released, holder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_or_panicking_write_never_harms_its_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (released, holder) = hold(&store).await;
    let before = store.statistics().commits;
    let writes = (0..60).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(Key::Everything, move |tx| {
                    add(tx, &format!("note {number}"))?;
                    tx.announce(TOPIC);
                    match number % 3 {
                        0 => Ok(number),
                        1 => Err(refused()),
                        _ => panic!("write {number} panics"),
                    }
                })
                .await
        })
    });
    let writes: Vec<_> = writes.collect();
    waiting::until("all of them wait", || store.statistics().waiting == writes.len() as u64).await;
    released.store(true, Ordering::Release);
    holder.await.unwrap();
    for (number, write) in writes.into_iter().enumerate() {
        match (number % 3, write.await.unwrap()) {
            (0, Ok(given)) => assert_eq!(given, number),
            (1, Err(error)) => assert_eq!(error, refused()),
            (2, Err(Error::Panicked(why))) => assert_eq!(why, format!("write {number} panics")),
            (_, other) => panic!("write {number} gave {other:?}"),
        }
    }
    let expected: Vec<String> = (0..60).step_by(3).map(|number| format!("note {number}")).collect();
    let mut found = all_texts(&store).await;
    found.sort();
    let mut expected = expected;
    expected.sort();
    assert_eq!(found, expected);
    assert!(store.statistics().commits - before <= 3, "they shared commits");
}

/// The engine undoes the whole transaction of a group: some closures of it are run again, those that panicked never.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_panicked_is_not_run_again_when_its_group_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (released, holder) = hold(&store).await;
    let runs: Arc<[AtomicUsize; 3]> = Arc::default();
    let mut writes = Vec::new();
    for number in 0..3 {
        let (its_store, runs) = (store.clone(), runs.clone());
        let mut write = Box::pin(async move {
            its_store
                .write(Key::Everything, move |tx| {
                    runs[number].fetch_add(1, Ordering::SeqCst);
                    add(tx, &format!("write {number}"))?;
                    match number {
                        1 => panic!("half done"),
                        // SQLite itself does this on some failures of the disk: all of the transaction is gone.
                        2 => tx.execute("ROLLBACK", params![]).and(Err(refused())),
                        _ => Ok(()),
                    }
                })
                .await
        });
        // Looked at once, it stands in the queue behind those before it.
        assert!(tokio::time::timeout(Duration::ZERO, &mut write).await.is_err());
        writes.push(write);
    }
    released.store(true, Ordering::Release);
    holder.await.unwrap();
    let mut outcomes = Vec::new();
    for write in writes {
        outcomes.push(write.await);
    }
    assert_eq!(outcomes[0], Ok(()));
    assert_eq!(outcomes[1], Err(Error::Panicked("half done".to_owned())));
    assert_eq!(outcomes[2], Err(refused()));
    assert_eq!(all_texts(&store).await, ["write 0"]);
    let runs: Vec<usize> = runs.iter().map(|runs| runs.load(Ordering::SeqCst)).collect();
    assert_eq!(runs, [2, 1, 1], "only the one that did nothing wrong is run again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_never_precedes_the_sync_and_a_notice_never_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let synced = Arc::new(AtomicBool::new(false));
    let its_synced = synced.clone();
    let mut options = options(folder.path());
    options.faults.sync_delay = Some(Duration::from_millis(100));
    options.faults.after_commit = Some(Arc::new(move || its_synced.store(true, Ordering::SeqCst)));
    let store = Store::open(options, MIGRATIONS).unwrap();
    let mut watch = store.watch(TOPIC);
    let write = store.write(Key::Everything, |tx| {
        tx.announce(TOPIC);
        add(tx, "slow")
    });
    let mut write = std::pin::pin!(write);
    let early = tokio::time::timeout(Duration::from_millis(60), &mut write).await;
    assert!(early.is_err(), "no answer before the sync");
    assert!(!watch.take(), "no notice before the sync");
    assert!(all_texts(&store).await.is_empty(), "nothing can be seen before the sync");
    write.await.unwrap();
    assert!(synced.load(Ordering::SeqCst), "answered after the sync");
    tokio::time::timeout(Duration::from_secs(5), watch.changed()).await.expect("the notice comes");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_commit_is_refused_every_waiter_gets_an_error_and_the_next_commit_works() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Arc::new(AtomicBool::new(true));
    let its_broken = broken.clone();
    let mut options = options(folder.path());
    options.faults.before_commit = Some(Arc::new(move || match its_broken.load(Ordering::SeqCst) {
        true => Err(Error::Full("played".to_owned())),
        false => Ok(()),
    }));
    let store = Store::open(options, MIGRATIONS).unwrap();
    let mut watch = store.watch(TOPIC);
    let writes: Vec<_> = (0..10)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .write(Key::Everything, move |tx| {
                        tx.announce(TOPIC);
                        add(tx, &format!("lost {number}"))
                    })
                    .await
            })
        })
        .collect();
    for write in writes {
        assert_eq!(write.await.unwrap(), Err(Error::Full("played".to_owned())));
    }
    assert!(!watch.take(), "nothing is announced of a commit that failed");
    broken.store(false, Ordering::SeqCst);
    write_note(&store, "kept").await.unwrap();
    assert_eq!(all_texts(&store).await, ["kept"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_answers_busy_and_does_not_grow() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    options.queue = 4;
    let store = Store::open(options, MIGRATIONS).unwrap();
    let (released, holder) = hold(&store).await;
    let busy = Arc::new(AtomicUsize::new(0));
    let writes: Vec<_> = (0..20)
        .map(|number| {
            let (store, busy) = (store.clone(), busy.clone());
            tokio::spawn(async move {
                if let Err(error) = write_note(&store, &number.to_string()).await {
                    assert!(matches!(error, Error::Busy(_)), "{error}");
                    busy.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    waiting::until("16 are turned away", || busy.load(Ordering::SeqCst) >= 16).await;
    released.store(true, Ordering::Release);
    holder.await.unwrap();
    for write in writes {
        write.await.unwrap();
    }
    assert_eq!(all_texts(&store).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_caller_went_away_before_its_turn_does_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (released, holder) = hold(&store).await;
    let its_store = store.clone();
    let gone = tokio::spawn(async move { write_note(&its_store, "gone").await });
    waiting::until("it waits for its turn", || store.statistics().waiting == 1).await;
    gone.abort();
    let _ = gone.await;
    released.store(true, Ordering::Release);
    holder.await.unwrap();
    write_note(&store, "stays").await.unwrap();
    assert_eq!(all_texts(&store).await, ["stays"]);
}

#[tokio::test]
async fn after_closing_everything_is_there_and_other_handles_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let other = store.clone();
    write_note(&store, "one").await.unwrap();
    store.close().await;
    assert_eq!(write_note(&other, "two").await, Err(Error::Closed));
    let log = std::fs::metadata(folder.path().join("facteur.db-wal")).map_or(0, |file| file.len());
    assert_eq!(log, 0, "the log has been carried into the database");
    let store = open(folder.path());
    assert_eq!(all_texts(&store).await, ["one"]);
}

#[test]
fn the_command_line_needs_no_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.write_blocking(Key::Everything, |tx| add(tx, "one")).unwrap();
    let count: i64 =
        store.read_blocking(|view| view.query_one("SELECT count(*) FROM note", params![], |row| row.get(0))).unwrap();
    assert_eq!(count, 1);
    store.close_blocking();
}
