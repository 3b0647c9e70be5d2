//! Measures the cost of the history of each letter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ::trace::{Page, Scope, What, find, note_all};
use bytes::Bytes;
use mail::seam::{AccountId, Wire};
use mail::trace::{Arrival, Event, Link};
use mail::{Address, BodyKind, Envelope, Letter, LetterId, LetterWishes, ReturnPath, Timestamp};
use mailbox::{Access, Error, FlagSet, FolderId};
use store::{Key, Options, Store};
use tests::generated_letter;

use crate::report::table;

const ACCESS: Access = Access::own(AccountId(1));

/// Letters of one run.
const LETTERS: u32 = 20_000;
const SIZE: usize = 10_000;
/// Runs with and without, by turns: a machine is not equally fast all the time.
const ROUNDS: usize = 5;

/// The result of one run.
struct Run {
    per_second: f64,
    syncs_per_letter: f64,
    bytes_per_letter: f64,
}

/// Measures filing with and without a history, the space it takes, and how soon it is found.
pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut rows = Vec::new();
    for sessions in [1, 8, 64] {
        let letters = if sessions == 1 { LETTERS / 10 } else { LETTERS };
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            without.push(runtime.block_on(file(sessions, letters, false)));
            with.push(runtime.block_on(file(sessions, letters, true)));
        }
        let (with, without) = (median(with), median(without));
        rows.push(vec![
            sessions.to_string(),
            format!("{:.0}", without.per_second),
            format!("{:.0}", with.per_second),
            format!("{:.3}x", with.per_second / without.per_second),
            format!("{:.3}", without.syncs_per_letter),
            format!("{:.3}", with.syncs_per_letter),
            format!("{:.0}", with.bytes_per_letter - without.bytes_per_letter),
        ]);
    }
    let heads =
        ["sessions", "letters/s without", "with", "ratio", "syncs a letter without", "with", "bytes a letter more"];
    let title =
        "The trace (letters of 10 kB filed in this process, without SMTP; medians of 5; the index is filled meanwhile)";
    table(title, &heads, &rows);
    runtime.block_on(search());
}

/// The run in the middle, by speed.
fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    runs.swap_remove(ROUNDS / 2)
}

async fn file(sessions: u32, letters: u32, traced: bool) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let migrations = [mailbox::MIGRATIONS, ::trace::MIGRATIONS].concat();
    let store = Store::open(Options::new(folder.path()), &migrations).expect("the store opens");
    let inbox = settle(&store).await;
    let raw: Arc<Vec<Bytes>> = Arc::new(
        (0..64)
            .map(|n| generated_letter(&format!("t{n}"), "bench@elsewhere.test", "alice@alpha.test", SIZE).into())
            .collect(),
    );
    let next = Arc::new(AtomicU32::new(0));
    let background = tokio::spawn(::trace::run(store.clone(), || Timestamp(1), std::future::pending()));
    let before = store.statistics();
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..sessions {
        let (store, raw, next) = (store.clone(), raw.clone(), next.clone());
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= letters {
                    break;
                }
                one(&store, inbox, &raw, number, traced).await;
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let took = start.elapsed();
    let after = store.statistics();
    background.abort();
    ::trace::catch_up(&store, Timestamp(1)).await.expect("caught up");
    store.close().await;
    let database = std::fs::metadata(folder.path().join("facteur.db")).expect("the database").len();
    Run {
        per_second: f64::from(letters) / took.as_secs_f64(),
        syncs_per_letter: (after.syncs - before.syncs) as f64 / f64::from(letters),
        bytes_per_letter: database as f64 / f64::from(letters),
    }
}

async fn settle(store: &Store) -> FolderId {
    let make = |tx: &mut store::Tx| {
        mailbox::account::create(tx, AccountId(1), None)?;
        Ok(mailbox::folder::by_name(tx, ACCESS, "INBOX")?.expect("an INBOX").id)
    };
    store.write::<_, Error, _>(Key::Everything, make).await.expect("the account is made")
}

/// A letter as the post office files it: every one differs, and so does its Message-ID.
async fn one(store: &Store, inbox: FolderId, raw: &[Bytes], number: u32, traced: bool) {
    let pattern = &raw[number as usize % raw.len()];
    let raw: Bytes = [format!("X-Number: {number}\r\n").as_bytes(), pattern].concat().into();
    let prepared = mailbox::prepare(store, raw.clone()).expect("prepared");
    let id = LetterId::from_random(random(number));
    let arrival = traced.then(|| arrival(id, raw, number));
    let write = move |tx: &mut store::Tx| {
        let filed = mailbox::letter::file(tx, ACCESS, inbox, &prepared, &FlagSet::default(), Timestamp(1))?;
        if let Some(arrival) = &arrival {
            let (recipient, folder) = ("alice@alpha.test".to_owned(), "INBOX".to_owned());
            let lies = Event::Filed { account: 1, key: filed.letter.0, recipient, folder };
            note_all(tx, id, Timestamp(1), vec![Event::Received(arrival.clone()), lies])?;
        }
        Ok(())
    };
    store.write::<_, Error, _>(Key::Everything, write).await.expect("filed");
}

fn arrival(id: LetterId, raw: Bytes, number: u32) -> Arrival {
    let address = |text: &str| Address::parse(text).expect("an address");
    let envelope = Envelope {
        return_path: ReturnPath::Address(address(&format!("sender{}@elsewhere.test", number % 5000))),
        recipients: vec![address("alice@alpha.test").into()],
        body: BodyKind::SevenBit,
        smtputf8: false,
        hold: None,
        wishes: LetterWishes::default(),
    };
    let wire = Wire {
        hello: "mail.elsewhere.test".to_owned(),
        tls: "TLSv1.3 TLS_AES_256_GCM_SHA384".to_owned(),
        ..Wire::new([192, 0, 2, 1].into())
    };
    let arrival = Arrival::of(Link::Mta, &Letter { id, raw }, &envelope).over(&wire);
    Arrival { message_id: format!("{number}.20261124@mail.elsewhere.test"), ..arrival }
}

/// Names lie anywhere among each other, as real ones do.
fn random(number: u32) -> [u8; 10] {
    let mixed = u128::from(number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let mut random = [0; 10];
    random.copy_from_slice(&mixed.to_be_bytes()[..10]);
    random
}

/// Measures how long it takes to find something among a million letters.
async fn search() {
    const MANY: u32 = 1_000_000;
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(Options::new(folder.path()), ::trace::MIGRATIONS).expect("the store opens");
    for from in (0..MANY).step_by(1000) {
        let write = move |tx: &mut store::Tx| {
            for number in from..from + 1000 {
                let id = LetterId::from_random(random(number));
                let arrival = arrival(id, Bytes::new(), number);
                note_all(tx, id, Timestamp(i64::from(number)), vec![Event::Received(arrival)])?;
            }
            Ok(())
        };
        store.write::<_, store::Error, _>(Key::Everything, write).await.expect("noted");
    }
    let start = Instant::now();
    ::trace::catch_up(&store, Timestamp(1)).await.expect("caught up");
    let indexed = f64::from(MANY) / start.elapsed().as_secs_f64();
    let asked = [
        ("by name", What::Letter(LetterId::from_random(random(MANY / 3)))),
        ("by Message-ID", What::MessageId(format!("{}.20261124@mail.elsewhere.test", MANY / 2))),
        ("by sender, 50 of 200", What::Address("sender77@elsewhere.test".to_owned())),
        ("by recipient, 50 of all", What::Address("alice@alpha.test".to_owned())),
    ];
    let mut row = vec![format!("{indexed:.0}")];
    let mut heads = vec!["indexed/s"];
    for (name, what) in asked {
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let (start, what) = (Instant::now(), what.clone());
            let look = move |view: &store::View| find(view, Scope::Everyone, &what, Page::default());
            let found = store.read(look).await.expect("found");
            assert!(!found.letters.is_empty());
            best = best.min(start.elapsed());
        }
        heads.push(name);
        row.push(format!("{:.2}", best.as_secs_f64() * 1000.0));
    }
    table("Finding among a million letters, ms (best of 5)", &heads, &[row]);
}
