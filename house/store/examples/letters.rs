//! Measures how many writes a second the store takes, and at what price: `cargo run --release -p facteur-store
//! --example letters`.
//!
//! Prints for 1, 8 and 64 writers, with small rows, with letters of 10 kB and with slices of 500 rows: writes a second, writes a commit, processor time a write,
//! and how long a writer waits. `SYNC_DELAY_MS` plays a slow disk; `SECONDS` sets the length of each run; `FOLDER`
//! says where; `WRITERS` picks one of the three.

use std::time::{Duration, Instant};

use bytes::Bytes;
use facteur_store::{Error, Key, Migration, Options, Store, params};

const MIGRATIONS: &[Migration] = &[Migration {
    room: "bench",
    number: 1,
    sql: "CREATE TABLE entry (folder BIGINT NOT NULL, uid BIGINT NOT NULL, blob BIGINT, size BIGINT NOT NULL, PRIMARY KEY (folder, uid)) {clustered};
          CREATE TABLE folder (id {key}, next BIGINT NOT NULL);",
}];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Row,
    Letter,
    /// Five hundred rows a write, as when a folder is copied.
    Slice,
}

impl Kind {
    fn rows(self) -> u64 {
        if self == Self::Slice { 500 } else { 1 }
    }
}

fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Text that packs about as well as mail does.
fn letter(seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::with_capacity(10_300);
    while text.len() < 10 * 1024 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(["the ", "letter ", "post ", "office ", "of ", "and "][(state % 6) as usize]);
        text.push_str(&format!("{:x} ", state >> 40));
        if state.is_multiple_of(11) {
            text.push_str("\r\n");
        }
    }
    Bytes::from(text)
}

async fn writer(store: Store, kind: Kind, number: u64, until: Instant) -> Vec<Duration> {
    let mut waits = Vec::new();
    let mut count = 0_u64;
    while Instant::now() < until {
        count += 1;
        let started = Instant::now();
        let blob = (kind == Kind::Letter).then(|| store.prepare_blob(letter(number << 32 | count)).expect("prepared"));
        let folder = number;
        store
            .write(Key::Everything, move |tx| {
                for _ in 0..kind.rows() {
                    let uid: i64 = tx.query_one(
                        "UPDATE folder SET next = next + 1 WHERE id = $1 RETURNING next",
                        params![folder],
                        |row| row.get(0),
                    )?;
                    let id = blob.as_ref().map(|blob| tx.put_blob(blob)).transpose()?;
                    tx.execute(
                        "INSERT INTO entry (folder, uid, blob, size) VALUES ($1, $2, $3, $4)",
                        params![folder, uid, id, 10_240],
                    )?;
                }
                Ok::<_, Error>(())
            })
            .await
            .expect("written");
        waits.push(started.elapsed());
    }
    waits
}

fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

async fn run(kind: Kind, writers: u64, seconds: f64) {
    let base = std::env::var_os("FOLDER").map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(base).expect("a folder");
    let mut options = Options::new(folder.path());
    options.faults.sync_delay =
        Some(Duration::from_millis(setting("SYNC_DELAY_MS", 0))).filter(|delay| !delay.is_zero());
    let store = Store::open(options, MIGRATIONS).expect("open");
    store
        .write(Key::Everything, move |tx| {
            (0..writers)
                .try_for_each(|id| tx.execute("INSERT INTO folder (id, next) VALUES ($1, 0)", params![id]).map(|_| ()))
        })
        .await
        .expect("folders");
    let before = store.statistics();
    let (started, processor) = (Instant::now(), processor_time());
    let until = started + Duration::from_secs_f64(seconds);
    let tasks: Vec<_> = (0..writers).map(|number| tokio::spawn(writer(store.clone(), kind, number, until))).collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.expect("a writer"));
    }
    let (took, processor) = (started.elapsed(), processor_time() - processor);
    let after = store.statistics();
    waits.sort_unstable();
    let at = |part: f64| waits.get((waits.len() as f64 * part) as usize).copied().unwrap_or_default();
    let writes = waits.len() as f64;
    println!(
        "{} {writers:3} writers: {:7.0} writes/s, {:5.1} a commit, {:4.0} µs processor each, waits p50 {:.2?} p99 {:.2?} max {:.2?}, {} checkpoints ({} waited for)",
        match kind {
            Kind::Row => "row   ",
            Kind::Letter => "letter",
            Kind::Slice => "slice ",
        },
        writes / took.as_secs_f64(),
        writes / (after.commits - before.commits) as f64,
        processor.as_secs_f64() / writes * 1e6,
        at(0.5),
        at(0.99),
        waits.last().copied().unwrap_or_default(),
        after.checkpoints,
        after.checkpoints_waited_for,
    );
    store.close().await;
}

#[tokio::main]
async fn main() {
    let seconds = setting("SECONDS", 4.0);
    for kind in [Kind::Row, Kind::Letter, Kind::Slice] {
        for writers in [1, 8, 64] {
            let chosen = std::env::var("WRITERS").is_ok_and(|chosen| chosen != writers.to_string());
            if !chosen {
                run(kind, writers, seconds).await;
            }
        }
    }
}
