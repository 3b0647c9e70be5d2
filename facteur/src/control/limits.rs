//! Limits how much is served at once, and how much each user of this machine may send.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::Failure;
use crate::language::say;

/// Commands of root and of the owner at once.
pub const COMMANDS: usize = 32;
/// Letters that other users send at once, all together and each.
const SENDING: usize = 16;
const SENDING_EACH: usize = 4;
/// Letters of one of the other users in an hour.
pub const LETTERS: u32 = 1000;
const HOUR: Duration = Duration::from_secs(3600);

/// An answer up to this size is taken as it comes; of larger ones, only some are in memory at once.
const LARGE: usize = 1 << 20;
const LARGE_AT_ONCE: usize = 2;

/// Room for large answers. Cheap to clone.
#[derive(Clone)]
pub struct Large(Arc<Semaphore>);

impl Large {
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(LARGE_AT_ONCE)))
    }
}

/// A place among the large answers, once one is needed.
#[derive(Default)]
pub struct LargeHeld(Option<OwnedSemaphorePermit>);

impl LargeHeld {
    /// Waits for a place where `size` needs one. The threads of commands may wait; the caller's octets wait in its socket.
    pub fn make_room(&mut self, large: &Large, size: usize, patience: Duration) -> Result<(), Failure> {
        let until = Instant::now() + patience;
        while self.0.is_none() && size > LARGE {
            self.0 = large.0.clone().try_acquire_owned().ok();
            if self.0.is_none() && Instant::now() > until {
                let busy = say!("too many large letters are on their way", "trop de grandes lettres sont en route");
                return Err(Failure { status: crate::commands::send::sysexits::TEMPFAIL, text: busy });
            }
            if self.0.is_none() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }
}

/// The letters that the other users of this machine have sent.
#[derive(Clone, Default)]
pub struct Senders(Arc<Mutex<HashMap<u32, Sender>>>);

struct Sender {
    open: usize,
    letters: u32,
    since: Instant,
}

/// One letter that is being sent; ends when dropped.
pub struct Sending {
    senders: Senders,
    uid: u32,
}

impl Senders {
    /// Lets a user send a letter; `None` if it is one too many, at once or in this hour.
    pub fn admit(&self, uid: u32, now: Instant) -> Option<Sending> {
        let mut senders = self.lock();
        senders.retain(|_, sender| sender.open > 0 || now.duration_since(sender.since) < HOUR);
        let all: usize = senders.values().map(|sender| sender.open).sum();
        let sender = senders.entry(uid).or_insert(Sender { open: 0, letters: 0, since: now });
        if now.duration_since(sender.since) >= HOUR {
            (sender.letters, sender.since) = (0, now);
        }
        if all >= SENDING || sender.open >= SENDING_EACH || sender.letters >= LETTERS {
            return None;
        }
        sender.open += 1;
        sender.letters += 1;
        Some(Sending { senders: self.clone(), uid })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Sender>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Some(sender) = self.senders.lock().get_mut(&self.uid) {
            sender.open = sender.open.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_sends_some_letters_at_once_and_another_one_meanwhile() {
        let (senders, now) = (Senders::default(), Instant::now());
        let sending: Vec<_> = (0..SENDING_EACH).map(|_| senders.admit(33, now).unwrap()).collect();
        assert!(senders.admit(33, now).is_none());
        assert!(senders.admit(34, now).is_some());
        drop(sending);
        assert!(senders.admit(33, now).is_some());
    }

    #[test]
    fn a_user_sends_so_many_letters_in_an_hour_and_the_next_hour_as_many() {
        let (senders, now) = (Senders::default(), Instant::now());
        assert!((0..LETTERS).all(|_| senders.admit(33, now).is_some()));
        assert!(senders.admit(33, now + HOUR / 2).is_none());
        assert!(senders.admit(34, now + HOUR / 2).is_some());
        assert!(senders.admit(33, now + HOUR).is_some());
    }

    #[test]
    fn all_others_together_leave_no_memory_of_those_who_came_once() {
        let (senders, now) = (Senders::default(), Instant::now());
        for uid in 0..1000 {
            assert!(senders.admit(uid, now).is_some());
        }
        assert!(senders.admit(1, now + HOUR).is_some());
        assert_eq!(senders.lock().len(), 1);
    }
}
