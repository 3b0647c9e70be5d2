//! Writes the reports that are due.

use std::sync::Arc;
use std::time::Duration;

use mail::LetterId;
use net::Shutdown;

use super::clock::Running;
use super::means::Means;
use crate::queue::{self, letters_to_report, write_report};
use net::now;

/// Reports looked up at once.
const SLICE: usize = 50;
/// Every letter that comes in wakes us; reports can wait so long for one another.
const BREATH: Duration = Duration::from_millis(100);
/// Lateness is not announced: it comes with time.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

pub async fn run(means: Means, clock: Arc<Running>, shutdown: Shutdown) {
    let mut watch = means.store.watch(queue::TOPIC);
    let mut pause = Duration::ZERO;
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(pause) => {}
            () = watch.changed() => tokio::time::sleep(BREATH).await,
        }
        pause = match write_due(&means, &clock, &shutdown).await {
            Ok(0) => LOOK_AGAIN,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::error!(%error, "cannot write reports to senders; tried again");
                LOOK_AGAIN
            }
        };
    }
}

/// Returns how many were written.
async fn write_due(means: &Means, clock: &Running, shutdown: &Shutdown) -> Result<usize, store::Error> {
    let (at, ran) = (now(), clock.ran());
    let letters = means.store.read(move |view| letters_to_report(view, (at, ran), SLICE)).await?;
    let mut written = 0;
    for letter in letters {
        if shutdown.is_requested() {
            break;
        }
        let times = (at, ran);
        let report = write_report(&means.store, &means.office, &means.schedule, letter, times, new_letter_id()).await;
        match report {
            Ok(wrote) => written += usize::from(wrote),
            Err(error @ (store::Error::Busy(_) | store::Error::Full(_) | store::Error::Closed)) => return Err(error),
            // One letter that cannot be read must not keep the others from being reported.
            Err(error) => tracing::error!(%error, row = letter.0, "cannot report on a letter"),
        }
    }
    Ok(written)
}

fn new_letter_id() -> LetterId {
    LetterId::from_random(rand::random())
}
