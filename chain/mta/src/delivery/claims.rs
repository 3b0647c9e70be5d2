//! Remembers which recipients are in somebody's hands right now, in memory only: the store never hears of it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mail::Domain;
use tokio::time::Instant;

use crate::queue::DueRecipient;

/// A recipient whose carrier panicked is left alone for so long: the next one would do the same.
const AFTER_PANIC: Duration = Duration::from_secs(600);

/// Claimed recipients, and how many there are of each domain. Cheap to clone.
#[derive(Clone, Default)]
pub struct Claims(Arc<Mutex<Claimed>>);

#[derive(Default)]
struct Claimed {
    recipients: HashSet<i64>,
    domains: HashMap<Domain, usize>,
    /// Recipients whose carriers panicked, and until when they are left alone.
    dangerous: HashMap<i64, Instant>,
}

/// A claimed recipient, given back when it is dropped: only after what became of it is in the store, or it would be taken
/// again, and sent twice.
pub struct Claim {
    /// Its row.
    pub recipient: i64,
    /// Its domain.
    pub domain: Arc<Domain>,
    claims: Claims,
}

impl Claims {
    /// Counts the claimed recipients of each domain.
    pub fn by_domain(&self) -> HashMap<String, usize> {
        self.lock().domains.iter().map(|(domain, count)| (domain.as_str().to_owned(), *count)).collect()
    }

    /// Claims those that nobody has yet, and gives them.
    pub fn take(&self, domain: &Arc<Domain>, recipients: Vec<DueRecipient>) -> Vec<(DueRecipient, Claim)> {
        let mut claimed = self.lock();
        claimed.dangerous.retain(|_, until| *until > Instant::now());
        let mut fresh = Vec::with_capacity(recipients.len());
        for due in recipients {
            if claimed.dangerous.contains_key(&due.recipient) || !claimed.recipients.insert(due.recipient) {
                continue;
            }
            let claim = Claim { recipient: due.recipient, domain: domain.clone(), claims: self.clone() };
            fresh.push((due, claim));
        }
        if !fresh.is_empty() {
            *claimed.domains.entry(domain.as_ref().clone()).or_default() += fresh.len();
        }
        fresh
    }

    /// Returns true if somebody has the recipient in hand.
    pub fn has(&self, recipient: i64) -> bool {
        self.lock().recipients.contains(&recipient)
    }

    /// Claims these rows.
    #[cfg(test)]
    pub fn of_tests(&self, domain: &Arc<Domain>, rows: impl IntoIterator<Item = i64>) -> Vec<Claim> {
        let due = |recipient| DueRecipient { recipient, letter: 1, address: String::new(), sender: String::new() };
        let taken = self.take(domain, rows.into_iter().map(due).collect());
        taken.into_iter().map(|(_, claim)| claim).collect()
    }

    fn release(&self, domain: &Domain, recipient: i64) {
        let mut claimed = self.lock();
        claimed.recipients.remove(&recipient);
        if std::thread::panicking() {
            claimed.dangerous.insert(recipient, Instant::now() + AFTER_PANIC);
        }
        let Some(count) = claimed.domains.get_mut(domain) else { return };
        *count -= 1;
        if *count == 0 {
            claimed.domains.remove(domain);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Claimed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.release(&self.domain, self.recipient);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(recipient: i64) -> DueRecipient {
        DueRecipient { recipient, letter: 1, address: String::new(), sender: String::new() }
    }

    fn beta() -> Arc<Domain> {
        Arc::new(Domain::parse("beta.test").unwrap())
    }

    #[test]
    fn nobody_gets_what_another_has_and_what_is_dropped_is_free_again() {
        let claims = Claims::default();
        let first = claims.take(&beta(), vec![due(1), due(2)]);
        assert_eq!(first.len(), 2);
        let second = claims.take(&beta(), vec![due(2), due(3)]);
        assert_eq!(second.iter().map(|(due, _)| due.recipient).collect::<Vec<_>>(), [3]);
        assert_eq!(claims.by_domain()["beta.test"], 3);
        drop(first);
        assert_eq!(claims.by_domain()["beta.test"], 1);
        assert_eq!(claims.take(&beta(), vec![due(2)]).len(), 1);
        drop(second);
        assert!(claims.by_domain().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_carrier_panicked_over_is_given_back_and_left_alone_for_a_while() {
        let claims = Claims::default();
        let taken = claims.take(&beta(), vec![due(1)]);
        let carrier = tokio::spawn(async move {
            let _taken = taken;
            panic!("a fault of this program");
        });
        assert!(carrier.await.is_err());
        assert!(claims.by_domain().is_empty());
        assert!(claims.take(&beta(), vec![due(1)]).is_empty());
        tokio::time::advance(AFTER_PANIC).await;
        assert_eq!(claims.take(&beta(), vec![due(1)]).len(), 1);
    }
}
