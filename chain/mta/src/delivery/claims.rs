//! What is in somebody's hands right now. Memory only: the store never hears of it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mail::Domain;

use crate::queue::DueRecipient;

/// Claimed recipients, and how many there are of each domain.
#[derive(Default)]
pub struct Claims(Mutex<Claimed>);

#[derive(Default)]
struct Claimed {
    recipients: HashSet<i64>,
    domains: HashMap<Domain, usize>,
}

impl Claims {
    /// How many recipients of each domain are claimed.
    pub fn by_domain(&self) -> HashMap<String, usize> {
        self.lock().domains.iter().map(|(domain, count)| (domain.as_str().to_owned(), *count)).collect()
    }

    /// Claims those that nobody has yet, and gives them.
    pub fn take(&self, domain: &Domain, recipients: Vec<DueRecipient>) -> Vec<DueRecipient> {
        let mut claimed = self.lock();
        let fresh: Vec<DueRecipient> =
            recipients.into_iter().filter(|due| claimed.recipients.insert(due.recipient)).collect();
        if !fresh.is_empty() {
            *claimed.domains.entry(domain.clone()).or_default() += fresh.len();
        }
        fresh
    }

    /// Gives a recipient back. Only after what became of it is in the store: or it would be taken again, and sent twice.
    pub fn release(&self, domain: &Domain, recipient: i64) {
        let mut claimed = self.lock();
        if !claimed.recipients.remove(&recipient) {
            return;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_what_another_has() {
        let (claims, domain) = (Claims::default(), Domain::parse("beta.test").unwrap());
        let due = |recipient| DueRecipient { recipient, letter: 1, address: String::new() };
        assert_eq!(claims.take(&domain, vec![due(1), due(2)]).len(), 2);
        assert_eq!(claims.take(&domain, vec![due(2), due(3)]), [due(3)]);
        assert_eq!(claims.by_domain()["beta.test"], 3);
        for recipient in [1, 2, 3, 3, 4] {
            claims.release(&domain, recipient);
        }
        assert!(claims.by_domain().is_empty());
    }
}
