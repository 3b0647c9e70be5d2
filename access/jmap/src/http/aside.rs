//! Runs work that computes much between its waits.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinError, spawn_blocking};

/// Carries the work out on a thread of its own, so that it holds up nobody who waits for a socket. If its caller goes
/// away, it ends at its next wait.
pub async fn aside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, Gone> {
    let (caller, gone) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let working = spawn_blocking(move || {
        runtime.block_on(async {
            tokio::select! {
                done = work => Some(done),
                _ = gone => None,
            }
        })
    });
    let done = working.await;
    drop(caller);
    done?.ok_or(Gone::Caller)
}

/// The reason for which there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Gone {
    #[error("nobody waits for it")]
    Caller,
    #[error(transparent)]
    Failed(#[from] JoinError),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_is_done_elsewhere_and_ends_when_its_caller_goes_away() {
        let here = std::thread::current().id();
        assert_ne!(aside(async { std::thread::current().id() }).await.unwrap(), here);
        let (begun, mut ends) = (oneshot::channel::<()>(), oneshot::channel::<()>());
        let work = async move {
            let _held_until_the_end = ends.0;
            let _ = begun.0.send(());
            std::future::pending::<()>().await;
        };
        let waiting = tokio::spawn(aside(work));
        begun.1.await.unwrap();
        waiting.abort();
        let ended = tokio::time::timeout(Duration::from_secs(60), &mut ends.1).await;
        assert!(ended.is_ok(), "the work goes on for nobody");
    }
}
