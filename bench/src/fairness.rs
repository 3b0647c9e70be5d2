//! Nobody waits for another: every public function of the mailbox that writes, and those that read most, at work on 100,000
//! letters in 50 folders, while somebody else writes and reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use mailbox::letter::store_flags;
use mailbox::{Access, Error, FlagChange, System, UidRange, Want};
use store::{Asker, Key, Options, Store};

use crate::report::table;

#[path = "../../house/mailbox/tests/fairness/works.rs"]
mod works;

use works::{BOB, Bound, READS, SMALL, Town, WORKS};

const LETTERS: u32 = 100_000;
const FOLDERS: u32 = 50;
/// The longest that somebody else may wait.
const MOST: Duration = Duration::from_millis(100);
/// Between two looks of somebody else.
const PAUSE: Duration = Duration::from_millis(5);

/// Prints, for each function, how long somebody else waited for a write and for a read; `false` if it was too long.
pub fn run() -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(Options::new(folder.path()), mailbox::MIGRATIONS).expect("the store opens");
    let town = Town::build(store, LETTERS, FOLDERS);
    let mut rows = Vec::new();
    let mut fair = true;
    for work in READS.iter().chain(WORKS) {
        let waited = beside(&town, || (work.run)(&town));
        fair &= waited.is_fair();
        let bound = if work.bound == Bound::Slice { "a slice" } else { "the folders" };
        rows.push(waited.row(work.function, bound));
    }
    let heads = ["function", "took s", "write waited ms", "read waited ms", "steps of one write", "bounded by"];
    table(&format!("{LETTERS} letters in {FOLDERS} folders: how long others wait"), &heads, &rows);
    println!("(one row at a time: {})", SMALL.join(", "));
    fair
}

struct Waited {
    took: Duration,
    write: Duration,
    read: Duration,
    steps: u64,
}

impl Waited {
    fn is_fair(&self) -> bool {
        self.write.max(self.read) <= MOST
    }

    fn row(&self, function: &str, bound: &str) -> Vec<String> {
        let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
        let took = format!("{:.2}", self.took.as_secs_f64());
        vec![function.to_owned(), took, ms(self.write), ms(self.read), self.steps.to_string(), bound.to_owned()]
    }
}

/// Does the work, while somebody else writes and reads.
fn beside(town: &Town, work: impl FnOnce()) -> Waited {
    let done = Arc::new(AtomicBool::new(false));
    let inbox = town.folder_of(BOB, "INBOX");
    town.store.longest_write();
    let writer = probe(town, &done, move |store, flag| {
        let change = if flag { FlagChange::Add(System::SEEN.into()) } else { FlagChange::Remove(System::SEEN.into()) };
        Box::pin(async move {
            let first = [UidRange::one(mailbox::Uid::FIRST)];
            store
                .write(Key::Everything, move |tx| {
                    store_flags(tx, Access::own(BOB), inbox, &first, &change, None, 1).map(drop)
                })
                .await
        })
    });
    let reader = probe(town, &done, move |store, _| {
        let read = move |view: &store::View| {
            mailbox::fetch(view, Access::own(BOB), inbox, &[UidRange::ALL], Want::ALL, 50).map(drop)
        };
        Box::pin(async move { store.read_for(Asker(BOB.0), read).await })
    });
    let start = Instant::now();
    work();
    let took = start.elapsed();
    done.store(true, Relaxed);
    let (write, read) = (town.runtime.block_on(writer), town.runtime.block_on(reader));
    let steps = town.store.longest_write();
    Waited { took, write: write.expect("the probe ends"), read: read.expect("the probe ends"), steps }
}

type Probing = std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// The longest wait of somebody who does a small thing again and again.
fn probe(
    town: &Town,
    done: &Arc<AtomicBool>,
    small: impl Fn(Store, bool) -> Probing + Send + 'static,
) -> tokio::task::JoinHandle<Duration> {
    let (store, done) = (town.store.clone(), Arc::clone(done));
    town.runtime.spawn(async move {
        let (mut longest, mut flag) = (Duration::ZERO, false);
        while !done.load(Relaxed) {
            let start = Instant::now();
            small(store.clone(), flag).await.expect("a small thing is done");
            longest = longest.max(start.elapsed());
            flag = !flag;
            tokio::time::sleep(PAUSE).await;
        }
        longest
    })
}
