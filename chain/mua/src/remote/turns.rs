//! Limits the number of people who do a thing at one time: each person has so many turns, and all together so many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use mail::seam::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The time that a person waits for a turn.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everybody's turns.
pub struct Turns {
    of_one: usize,
    all: Arc<Semaphore>,
    each: Mutex<HashMap<AccountId, Weak<Semaphore>>>,
}

/// A person's turn, until it is dropped.
pub struct Turn {
    _own: OwnedSemaphorePermit,
    _shared: OwnedSemaphorePermit,
}

impl Turns {
    /// Makes free turns: so many for each person, of so many for all.
    pub fn of(each: usize, all: usize) -> Self {
        Self { of_one: each, all: Arc::new(Semaphore::new(all)), each: Mutex::default() }
    }

    /// Waits for a turn; `None` if it does not come.
    pub async fn take(&self, account: AccountId) -> Option<Turn> {
        let own = self.own(account);
        let both = async move {
            // A person's own turn comes first, so that one who waits for it keeps nobody else from theirs.
            let own = own.acquire_owned().await.ok()?;
            Some(Turn { _own: own, _shared: self.all.clone().acquire_owned().await.ok()? })
        };
        tokio::time::timeout(PATIENCE, both).await.ok().flatten()
    }

    fn own(&self, account: AccountId) -> Arc<Semaphore> {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = each.get(&account).and_then(Weak::upgrade) {
            return own;
        }
        // People without a turn are forgotten.
        each.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Semaphore::new(self.of_one));
        each.insert(account, Arc::downgrade(&own));
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_person_has_so_many_turns_and_all_together_have_so_many() {
        const EACH: usize = 6;
        const ALL: usize = 24;
        let turns = Turns::of(EACH, ALL);
        let mut taken = Vec::new();
        for account in 1..=ALL.div_ceil(EACH) as i64 {
            for _ in 0..EACH {
                taken.push(turns.take(AccountId(account)).await.expect("a turn"));
            }
            assert!(account > 1 || turns.take(AccountId(account)).await.is_none(), "one too many of their own");
        }
        assert!(turns.take(AccountId(99)).await.is_none(), "one too many in all");
        taken.truncate(ALL - EACH);
        assert!(turns.take(AccountId(99)).await.is_some());
        drop(taken);
        drop(turns.take(AccountId(1)).await);
        turns.own(AccountId(7));
        assert_eq!(turns.each.lock().unwrap().len(), 1, "nobody is remembered");
    }
}
