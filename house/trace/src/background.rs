//! The task behind the deliveries: fills the index and forgets what is too old. Nothing waits for it, and it goes on
//! after a restart where it stopped.

use std::time::Duration;

use mail::Timestamp;
use store::Store;
use tokio::time::Instant;

use crate::index::advance;
use crate::prune::{KEPT, is_due, prune};

/// Between looks whether there are many rows without keys.
const LOOK: Duration = Duration::from_secs(5);
/// Deliveries come first: after each slice the task rests so many times as long as it worked.
const REST: u32 = 4;

/// Works until `shutdown` is done. It can be stopped at any point. `now` is the clock.
pub async fn run(store: Store, now: impl Fn() -> Timestamp, shutdown: impl Future<Output = ()>) {
    let work = async {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = round(&store, now()).await {
                tracing::warn!(%error, "the trace is put in order later");
                tokio::time::sleep(LOOK * 6).await;
            }
        }
    };
    tokio::select! {
        () = shutdown => {}
        () = work => {}
    }
}

/// Does all there is to do now, for tests and the command line.
pub async fn catch_up(store: &Store, now: Timestamp) -> Result<(), store::Error> {
    while advance(store, true).await? {}
    forget(store, now, 0).await
}

async fn round(store: &Store, now: Timestamp) -> Result<(), store::Error> {
    loop {
        let start = Instant::now();
        if !advance(store, false).await? {
            break;
        }
        tokio::time::sleep(start.elapsed() * REST).await;
    }
    forget(store, now, REST).await
}

async fn forget(store: &Store, now: Timestamp, rest: u32) -> Result<(), store::Error> {
    let horizon = Timestamp(now.0.saturating_sub(i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX)));
    if !store.read(move |view| is_due(view, horizon)).await? {
        return Ok(());
    }
    loop {
        let start = Instant::now();
        if !store.write(move |tx| prune(tx, horizon)).await? {
            return Ok(());
        }
        tokio::time::sleep(start.elapsed() * rest).await;
    }
}
