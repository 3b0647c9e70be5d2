//! Two lanes of reads: nobody waits behind a scan, nobody takes all threads, and no read outlives its caller or its time.

mod common;

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{MIGRATIONS, open, options, write_note};
use facteur_store::{Asker, Error, Result, Store, View, params};
use tokio::task::JoinHandle;

const ALICE: Asker = Asker(1);
const BOB: Asker = Asker(2);
const CAROL: Asker = Asker(3);

/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(60);
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, what).await.expect("it does not wait for ever")
}

async fn until(condition: impl Fn() -> bool) {
    waiting::until("it comes to that", condition).await;
}

fn look(view: &View) -> Result<i64> {
    view.query_one("SELECT count(*) FROM note", params![], |row| row.get(0))
}

/// Reads that stay on their threads until they are let go.
#[derive(Clone, Default)]
struct Held {
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
    free: Arc<AtomicBool>,
}

impl Held {
    fn stay(&self) -> impl FnOnce(&View) -> Result<()> + Send + 'static {
        let this = self.clone();
        move |view| {
            this.most.fetch_max(this.running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            while !this.free.load(Ordering::SeqCst) && view.check().is_ok() {
                // time passes: the peer is slow
                std::thread::sleep(Duration::from_millis(1));
            }
            this.running.fetch_sub(1, Ordering::SeqCst);
            this.done.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    fn read(&self, store: &Store, asker: Asker) -> JoinHandle<Result<()>> {
        let (store, stay) = (store.clone(), self.stay());
        tokio::spawn(async move { store.read_for(asker, stay).await })
    }

    fn scan(&self, store: &Store, asker: Asker) -> JoinHandle<Result<()>> {
        let (store, stay) = (store.clone(), self.stay());
        tokio::spawn(async move { store.scan_for(asker, stay).await })
    }

    fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    fn let_go(&self) {
        self.free.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn short_reads_never_wait_for_scans_and_each_has_one_scan_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (alices, bobs) = (Held::default(), Held::default());
    let scans: Vec<_> = (0..12).map(|_| alices.scan(&store, ALICE)).collect();
    until(|| alices.running() == 1).await;
    let bob = bobs.scan(&store, BOB);
    until(|| bobs.running() == 1).await;
    for asker in [ALICE, BOB, CAROL] {
        for _ in 0..50 {
            assert_eq!(soon(store.read_for(asker, look)).await, Ok(0));
        }
    }
    assert_eq!(soon(store.read(look)).await, Ok(0));
    assert_eq!(alices.done.load(Ordering::SeqCst), 0, "the scans ran all the while");
    alices.let_go();
    bobs.let_go();
    for scan in scans {
        assert_eq!(soon(scan).await.unwrap(), Ok(()));
    }
    assert_eq!(soon(bob).await.unwrap(), Ok(()));
    assert_eq!(alices.most.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_holds_at_most_half_of_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let held = Held::default();
    let reads: Vec<_> = (0..200).map(|_| held.read(&store, ALICE)).collect();
    until(|| held.running() == 2).await;
    for _ in 0..50 {
        assert_eq!(soon(store.read_for(BOB, look)).await, Ok(0));
        assert_eq!(soon(store.read(look)).await, Ok(0));
    }
    assert_eq!(held.running(), 2);
    held.let_go();
    for read in reads {
        assert_eq!(soon(read).await.unwrap(), Ok(()));
    }
    assert_eq!(held.most.load(Ordering::SeqCst), 2, "half of four");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_people_nor_the_house_hold_the_last_thread() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let people = Held::default();
    for asker in 0..8 {
        people.read(&store, Asker(asker));
    }
    until(|| people.running() == 3).await;
    assert_eq!(soon(store.read(look)).await, Ok(0), "the server is served beside them");
    people.let_go();
    until(|| people.done.load(Ordering::SeqCst) == 8).await;
    let fixture = Held::default();
    for _ in 0..8 {
        let (store, stay) = (store.clone(), fixture.stay());
        tokio::spawn(async move { store.read(stay).await });
    }
    until(|| fixture.running() == 3).await;
    assert_eq!(soon(store.read_for(ALICE, look)).await, Ok(0), "a person is served beside the house");
    fixture.let_go();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_once_is_served_before_the_rest_of_who_asks_often() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    // One thread for people.
    options.readers = 2;
    let store = Store::open(options, MIGRATIONS).unwrap();
    let held = Held::default();
    let first = held.read(&store, ALICE);
    until(|| held.running() == 1).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut reads = Vec::new();
    for asker in std::iter::repeat_n(ALICE, 100).chain([BOB, CAROL]) {
        let order = order.clone();
        let note = move |_: &View| {
            order.lock().unwrap().push(asker);
            Ok::<(), Error>(())
        };
        // Polled once, it stands in line.
        let mut read = Box::pin({
            let store = store.clone();
            async move { store.read_for(asker, note).await }
        });
        assert!(poll_once(&mut read).await.is_none());
        reads.push(read);
    }
    held.let_go();
    soon(first).await.unwrap().unwrap();
    for read in reads {
        assert_eq!(soon(read).await, Ok(()));
    }
    let order = order.lock().unwrap();
    let place = |asker| order.iter().position(|other| *other == asker).unwrap();
    assert!(place(BOB) < 4 && place(CAROL) < 4, "{:?}", &order[..8]);
}

/// Polls once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

type Endless = (&'static str, fn(&View) -> Result<()>);

/// The ways in which a read can go on for ever.
const WAYS: [Endless; 5] = [
    ("one statement", |view| view.query_one(ENDLESS, params![], |row| row.get::<i64>(0)).map(drop)),
    ("many statements", |view| {
        loop {
            look(view)?;
        }
    }),
    ("many statements whose errors nobody reads", |view| {
        loop {
            let _ = look(view);
            view.check()?;
        }
    }),
    ("rows with slow work for each", |view| {
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
        view.for_each(rows, params![], |_| {
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_millis(1));
            Ok(std::ops::ControlFlow::Continue(()))
        })
    }),
    ("a loop of its own", |view| {
        loop {
            view.check()?;
        }
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_every_kind_of_read_and_the_next_one_works() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    (options.readers, options.scanners) = (1, 1);
    (options.read_deadline, options.scan_deadline) = (Duration::from_millis(50), Duration::from_millis(50));
    let store = Store::open(options, MIGRATIONS).unwrap();
    write_note(&store, "one").await.unwrap();
    for (way, read) in WAYS {
        assert_eq!(soon(store.read(read)).await, Err(Error::Interrupted), "{way}");
        assert_eq!(soon(store.read(look)).await, Ok(1), "after {way}");
        assert_eq!(soon(store.scan_for(ALICE, read)).await, Err(Error::Interrupted), "{way}");
        assert_eq!(soon(store.scan_for(ALICE, look)).await, Ok(1), "after {way}");
    }
    assert!(Error::Interrupted.is_temporary());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_ends_when_its_caller_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    (options.readers, options.scanners) = (1, 1);
    (options.read_deadline, options.scan_deadline) = (LONG * 60, LONG * 60);
    let store = Store::open(options, MIGRATIONS).unwrap();
    for (way, read) in WAYS {
        for scan in [false, true] {
            let started = Arc::new(AtomicBool::new(false));
            let (its_store, its_started) = (store.clone(), started.clone());
            let endless = move |view: &View| {
                its_started.store(true, Ordering::SeqCst);
                read(view)
            };
            let caller = tokio::spawn(async move {
                match scan {
                    true => its_store.scan_for(ALICE, endless).await,
                    false => its_store.read_for(ALICE, endless).await,
                }
            });
            until(|| started.load(Ordering::SeqCst)).await;
            caller.abort();
            // Both threads are free again.
            assert_eq!(soon(store.read_for(BOB, look)).await, Ok(0), "after {way}");
            assert_eq!(soon(store.scan_for(BOB, look)).await, Ok(0), "after {way}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_bounded_for_each_and_others_still_get_in() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let held = Held::default();
    let first = held.scan(&store, ALICE);
    until(|| held.running() == 1).await;
    let scans: Vec<_> = (0..100).map(|_| held.scan(&store, ALICE)).collect();
    // The scans that find no place are told so at once, while the first still runs.
    until(|| scans.iter().filter(|scan| scan.is_finished()).count() == 100 - 16).await;
    assert_eq!(soon(store.scan_for(BOB, look)).await, Ok(0));
    // A caller that goes away makes room.
    scans.iter().for_each(JoinHandle::abort);
    for scan in scans {
        if let Ok(refused) = scan.await {
            assert!(matches!(refused, Err(Error::Busy(_))), "{refused:?}");
        }
    }
    let next = held.scan(&store, ALICE);
    held.let_go();
    for scan in [first, next] {
        assert_eq!(soon(scan).await.unwrap(), Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_the_scans_and_serves_the_short_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    options.scan_deadline = LONG * 60;
    let store = Store::open(options, MIGRATIONS).unwrap();
    let started = Arc::new(AtomicBool::new(false));
    let (its_store, its_started) = (store.clone(), started.clone());
    let scan = tokio::spawn(async move {
        let endless = move |view: &View| {
            its_started.store(true, Ordering::SeqCst);
            view.query_one(ENDLESS, params![], |row| row.get::<i64>(0))
        };
        its_store.scan_for(ALICE, endless).await
    });
    until(|| started.load(Ordering::SeqCst)).await;
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.scan_for(ALICE, look).await }
    });
    let other = store.clone();
    soon(store.close()).await;
    assert_eq!(soon(scan).await.unwrap(), Err(Error::Interrupted));
    assert_eq!(soon(waiting).await.unwrap(), Err(Error::Closed));
    assert_eq!(soon(other.read_for(ALICE, look)).await, Err(Error::Closed));
}

#[test]
fn a_read_within_a_read_is_refused_and_does_not_wait_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let inner = store.clone();
    let outcome = store.read_blocking(move |_| inner.read_blocking(look));
    assert!(matches!(outcome, Err(Error::Sql(_))), "{outcome:?}");
}
