//! Does a folder of a million letters serve as gladly as one of ten?

use std::time::Instant;

use bytes::Bytes;
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::{Access, Error, FlagChange, FlagSet, FolderId, System, Uid, UidRange, Uids, Want};
use store::{Key, Options, Store};
use tests::generated_letter;

use crate::report::table;

const ACCESS: Access = Access::own(AccountId(1));

/// Letters a transaction while the folder is filled.
const BATCH: u32 = 500;

/// Measures filing, opening, the first page and the changes at three sizes.
pub fn run() {
    let rows = [10, 10_000, 1_000_000].map(measure).to_vec();
    let heads = [
        "letters",
        "filed/s",
        "indexed/s",
        "open ms",
        "last page of 50 ms",
        "flag one ms",
        "what changed ms",
        "file size MB",
    ];
    table("The folder grows (2 kB letters, 500 a commit; median of 21)", &heads, &rows);
}

fn measure(letters: u32) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(Options::new(folder.path()), mailbox::MIGRATIONS).expect("the store opens");
    let inbox = store
        .write_blocking::<_, Error, _>(Key::Everything, |tx| {
            mailbox::account::create(tx, AccountId(1), None)?;
            Ok(mailbox::folder::by_name(tx, ACCESS, "INBOX")?.expect("an INBOX").id)
        })
        .expect("the account is made");
    let rate = fill(&store, inbox, letters);
    let indexed = settle(&store, letters);
    let (uids, at) = store.read_blocking(move |view| Uids::load(view, ACCESS, inbox)).expect("opened");
    let open = median(|| {
        store.read_blocking(move |view| Uids::load(view, ACCESS, inbox)).expect("opened");
    });
    let page = median(|| {
        let first = Uid::new(letters.saturating_sub(49).max(1)).expect("a UID");
        let range = [UidRange::new(first, Uid::new(letters).expect("a UID"))];
        let rows =
            store.read_blocking(move |view| mailbox::fetch(view, ACCESS, inbox, &range, Want::ALL, 50)).expect("read");
        assert_eq!(rows.len() as u32, letters.min(50));
    });
    let mut seen = false;
    let flag = median(|| {
        seen = !seen;
        set_seen(&store, inbox, Uid::new(letters / 2).expect("a UID"), seen);
    });
    let changes = median(|| {
        let changes =
            store.read_blocking(move |view| mailbox::changes_since(view, ACCESS, inbox, at, 100)).expect("read");
        assert_eq!(changes.changed.len(), 1);
    });
    assert_eq!(uids.len(), letters);
    let milliseconds = |ms: f64| format!("{ms:.2}");
    let size = std::fs::read_dir(folder.path())
        .expect("listed")
        .flatten()
        .filter_map(|e| e.metadata().ok())
        .map(|m| m.len())
        .sum::<u64>();
    vec![
        letters.to_string(),
        format!("{rate:.0}"),
        format!("{indexed:.0}"),
        milliseconds(open),
        milliseconds(page),
        milliseconds(flag),
        milliseconds(changes),
        (size / 1_000_000).to_string(),
    ]
}

/// Files the letters and gives the rate.
fn fill(store: &Store, inbox: FolderId, letters: u32) -> f64 {
    let start = Instant::now();
    let mut number = 0;
    while number < letters {
        let until = letters.min(number + BATCH);
        let prepared: Vec<_> = (number..until)
            .map(|n| generated_letter(&format!("g{n}"), "bench@elsewhere.test", "alice@alpha.test", 2000))
            .map(|raw| mailbox::prepare(store, Bytes::from(raw)).expect("prepared"))
            .collect();
        store
            .write_blocking::<_, Error, _>(Key::Everything, move |tx| {
                for letter in &prepared {
                    mailbox::letter::file(tx, ACCESS, inbox, letter, &FlagSet::default(), Timestamp(0))?;
                }
                Ok(())
            })
            .expect("filed");
        number = until;
    }
    f64::from(letters) / start.elapsed().as_secs_f64()
}

/// Lets the background task do all it has to (full-text index, checkpoints) and gives its letters a second.
fn settle(store: &Store, letters: u32) -> f64 {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let start = Instant::now();
    runtime.block_on(mailbox::index::catch_up(store)).expect("caught up");
    f64::from(letters) / start.elapsed().as_secs_f64()
}

fn set_seen(store: &Store, inbox: FolderId, uid: Uid, seen: bool) {
    let flags = FlagSet::from(System::SEEN);
    let change = if seen { FlagChange::Add(flags) } else { FlagChange::Remove(flags) };
    store
        .write_blocking::<_, Error, _>(Key::Everything, move |tx| {
            mailbox::letter::store_flags(tx, ACCESS, inbox, &[UidRange::new(uid, uid)], &change, None, 1)
        })
        .expect("flagged");
}

/// The median of 21 runs in milliseconds.
fn median(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
