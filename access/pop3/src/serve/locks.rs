//! One client at a time has each maildrop (RFC 1939 §4). The locks are in memory: one process owns the data.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mail::seam::AccountId;
use tokio::sync::Notify;

/// The maildrops that are in use.
#[derive(Clone, Default)]
pub(super) struct Locks(Arc<Inner>);

#[derive(Default)]
struct Inner {
    taken: Mutex<HashSet<AccountId>>,
    freed: Notify,
}

/// A maildrop that its holder has alone; free again when this is dropped, however that happens.
pub(super) struct Hold {
    account: AccountId,
    locks: Locks,
}

impl Locks {
    /// Takes a maildrop. It waits a moment: a client that has just gone may still be on its way out.
    pub(super) async fn take(&self, account: AccountId, patience: Duration) -> Option<Hold> {
        let waiting = async {
            loop {
                // Begun before the look, so that a release between the look and the wait is not missed.
                let freed = self.0.freed.notified();
                if let Some(hold) = self.try_take(account) {
                    return hold;
                }
                freed.await;
            }
        };
        match self.try_take(account) {
            Some(hold) => Some(hold),
            None => tokio::time::timeout(patience, waiting).await.ok(),
        }
    }

    fn try_take(&self, account: AccountId) -> Option<Hold> {
        self.taken().insert(account).then(|| Hold { account, locks: self.clone() })
    }

    fn taken(&self) -> MutexGuard<'_, HashSet<AccountId>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.locks.taken().remove(&self.account);
        self.locks.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: AccountId = AccountId(1);
    const MOMENT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_maildrop_is_taken_once_and_free_when_its_holder_goes() {
        let locks = Locks::default();
        let hold = locks.take(ALICE, MOMENT).await.unwrap();
        assert!(locks.take(ALICE, MOMENT).await.is_none());
        assert!(locks.take(AccountId(2), MOMENT).await.is_some());
        drop(hold);
        assert!(locks.take(ALICE, MOMENT).await.is_some());
    }

    #[tokio::test]
    async fn who_waits_a_moment_gets_what_is_freed_meanwhile() {
        let locks = Locks::default();
        let hold = locks.take(ALICE, MOMENT).await.unwrap();
        let (got, ()) = tokio::join!(locks.take(ALICE, Duration::from_secs(10)), async {
            // The other client has found it taken, and waits.
            tokio::task::yield_now().await;
            drop(hold);
        });
        assert!(got.is_some());
    }
}
