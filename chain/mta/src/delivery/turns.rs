//! The letters that are ready for a site, in a fair order: senders take turns, and of each the oldest letter goes first.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::claims::Claim;
use super::site::Job;

/// Letters that wait for a carrier.
#[derive(Default)]
pub struct Turns {
    /// The claims of each sender, by row of the letter; so domains of one site share a transaction.
    letters: HashMap<Arc<str>, BTreeMap<i64, Vec<Claim>>>,
    /// Senders that have letters here, the next one first.
    senders: VecDeque<Arc<str>>,
    number: usize,
    waiting: usize,
}

impl Turns {
    /// Adds a letter, or recipients to one.
    pub fn put(&mut self, job: Job) {
        self.waiting += job.claims.len();
        let letters = self.letters.entry(job.sender.clone()).or_default();
        if letters.is_empty() {
            self.senders.push_back(job.sender);
        }
        let before = letters.len();
        letters.entry(job.letter).or_default().extend(job.claims);
        self.number += letters.len() - before;
    }

    /// The next letter, with at most `most` of its recipients.
    pub fn take(&mut self, most: usize) -> Option<Job> {
        let sender = self.senders.pop_front()?;
        let letters = self.letters.get_mut(&sender)?;
        let mut entry = letters.first_entry()?;
        let letter = *entry.key();
        let keep = most.min(entry.get().len());
        let rest = entry.get_mut().split_off(keep);
        let claims = if rest.is_empty() {
            self.number -= 1;
            entry.remove()
        } else {
            std::mem::replace(entry.get_mut(), rest)
        };
        self.waiting -= claims.len();
        if letters.is_empty() {
            self.letters.remove(&sender);
        } else {
            self.senders.push_back(sender.clone());
        }
        Some(Job { letter, sender, claims })
    }

    /// All that is here.
    pub fn take_all(&mut self) -> Vec<Job> {
        std::iter::from_fn(|| self.take(usize::MAX)).collect()
    }

    /// Returns how many letters wait.
    pub fn letters(&self) -> usize {
        self.number
    }

    /// Returns how many recipients wait.
    pub fn waiting(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::super::claims::Claims;
    use super::*;
    use mail::Domain;

    fn job(sender: &str, letter: i64, recipients: std::ops::Range<i64>) -> Job {
        let domain = Arc::new(Domain::parse("beta.test").unwrap());
        let claims = Claims::default().of_tests(&domain, recipients);
        Job { letter, sender: sender.into(), claims }
    }

    fn order(turns: &mut Turns) -> Vec<(i64, usize)> {
        std::iter::from_fn(|| turns.take(100)).map(|job| (job.letter, job.claims.len())).collect()
    }

    #[test]
    fn of_one_sender_the_oldest_goes_first_and_what_is_too_much_for_one_transaction_in_the_next() {
        let mut turns = Turns::default();
        turns.put(job("alice", 2, 500..501));
        turns.put(job("alice", 1, 0..150));
        assert_eq!((turns.letters(), turns.waiting()), (2, 151));
        assert_eq!(order(&mut turns), [(1, 100), (1, 50), (2, 1)]);
        assert_eq!((turns.letters(), turns.waiting()), (0, 0));
    }

    #[test]
    fn ten_thousand_recipients_of_one_sender_do_not_stop_another() {
        let mut turns = Turns::default();
        turns.put(job("alice", 1, 0..10_000));
        turns.take(100);
        turns.put(job("bob", 9, 20_000..20_001));
        assert_eq!(order(&mut turns)[..2], [(1, 100), (9, 1)]);
        turns.put(job("alice", 1, 0..100));
        turns.put(job("carol", 3, 200..201));
        assert_eq!(turns.take_all().len(), 2);
        assert_eq!(turns.letters(), 0);
    }
}
