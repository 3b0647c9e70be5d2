//! Decides how much of the store an import takes. Alone, it takes all. Beside others, its batches are so small that a
//! write of theirs waits for a moment only, and after each batch during which others wrote, the import leaves the
//! store to them for as long as the batch took.

use std::time::{Duration, Instant};

use store::Store;

use super::file::Batch;

/// Letters and octets of one commit, alone: enough to share its sync.
const MOST: usize = 200;
const LARGEST: usize = 8 << 20;
/// The same beside others.
const MOST_BESIDE: usize = 40;
const LARGEST_BESIDE: usize = 1 << 20;
/// The number of letters of the first commit beside others; the next ones have more or fewer.
const BEGIN: usize = 8;
const STEP: usize = 4;
/// A commit beside others should not take longer.
const SHORT: Duration = Duration::from_millis(25);
/// The longest that is left to others after one batch.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Returns how many threads prepare letters. The threads that serve people have the other processors.
pub fn threads(beside: bool) -> usize {
    let processors = std::thread::available_parallelism().map_or(2, |count| count.get().clamp(1, 8));
    if beside { (processors / 2).max(1) } else { processors }
}

/// Sets the size of the next batch.
pub struct Pace {
    beside: bool,
    letters: usize,
}

impl Pace {
    /// Returns the pace at the beginning of an import.
    pub fn new(beside: bool) -> Self {
        Self { beside, letters: if beside { BEGIN } else { MOST } }
    }

    /// Returns true if the batch has as many letters as it may have.
    pub fn is_full(&self, batch: &Batch) -> bool {
        let largest = if self.beside { LARGEST_BESIDE } else { LARGEST };
        batch.len() >= self.letters || batch.size() >= largest
    }

    /// Files a batch, makes the next one larger or smaller by how long it took, and leaves the store to others for as long
    /// when others wrote meanwhile.
    pub fn beside_others<T>(&mut self, store: &Store, file: impl FnOnce() -> T) -> T {
        if !self.beside {
            return file();
        }
        let (began, before) = (Instant::now(), store.statistics().writes);
        let filed = file();
        let took = began.elapsed();
        self.learn(took);
        // One of the writes was ours.
        if store.statistics().writes > before + 1 {
            std::thread::sleep(took.min(LONGEST_REST));
        }
        filed
    }

    fn learn(&mut self, took: Duration) {
        self.letters = if took > SHORT { (self.letters / 2).max(1) } else { (self.letters + STEP).min(MOST_BESIDE) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_beside_others_shrinks_while_it_takes_long_and_grows_to_a_bound() {
        let mut pace = Pace::new(true);
        (0..100).for_each(|_| pace.learn(Duration::from_millis(1)));
        assert_eq!(pace.letters, MOST_BESIDE);
        (0..100).for_each(|_| pace.learn(Duration::from_secs(1)));
        assert_eq!(pace.letters, 1);
        assert_eq!(Pace::new(false).letters, MOST);
    }
}
