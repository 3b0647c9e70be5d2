//! Room for conversations with other servers: a bounded number at one time.
//!
//! A server that says nothing holds a room for as long as a server may take to answer (minutes). So where somebody waits
//! for a room, the conversation that has waited longest for an answer has to go, those with sites that failed before
//! first; each has had the shortest patience at least. Nobody is sent away once the letter is over: the server may have
//! taken it, and would get it twice. Such a conversation lends its room instead.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// After somebody was sent away, the next one is not before the first can have left.
const LEAVE: Duration = Duration::from_millis(250);

/// All rooms.
pub struct Rooms {
    permits: Arc<Semaphore>,
    /// The number of conversations that lend their rooms: at most as many as there are rooms.
    lent: AtomicUsize,
    all: usize,
    patience: Duration,
    quiet: Mutex<Vec<Quiet>>,
}

/// A conversation that waits for an answer.
struct Quiet {
    since: Instant,
    /// Its site failed before.
    suspect: bool,
    leave: Arc<Notify>,
}

/// Somebody else needed the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentAway(pub Duration);

/// One room, given back when it is dropped.
pub struct Room {
    rooms: Arc<Rooms>,
    permit: Option<OwnedSemaphorePermit>,
    suspect: bool,
}

impl Rooms {
    /// `all` rooms. Each answer is waited for at least for `patience`, however many wait for a room.
    pub fn new(all: usize, patience: Duration) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(all));
        Arc::new(Self { permits, lent: AtomicUsize::new(0), all, patience, quiet: Mutex::default() })
    }

    /// Returns true if all of them are taken.
    pub fn are_full(&self) -> bool {
        self.permits.available_permits() == 0
    }

    /// Waits for a room. `suspect`: the site it is for failed before. `None`: the rooms are closed.
    pub async fn enter(self: &Arc<Self>, suspect: bool) -> Option<Room> {
        let mut entered = pin!(self.permits.clone().acquire_owned());
        let permit = loop {
            tokio::select! {
                biased;
                permit = &mut entered => break permit.ok()?,
                () = self.send_one_away() => {}
            }
        };
        Some(Room { rooms: self.clone(), permit: Some(permit), suspect })
    }

    /// Sends the conversation away that has waited longest, as soon as its patience is over.
    async fn send_one_away(&self) {
        loop {
            let wait = match self.longest_quiet() {
                Ok(leave) => {
                    leave.notify_one();
                    return tokio::time::sleep(LEAVE).await;
                }
                Err(wait) => wait,
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes who is to leave off the list; else gives how long to wait before the next look.
    fn longest_quiet(&self) -> Result<Arc<Notify>, Duration> {
        let mut quiet = self.lock();
        let over = |quiet: &Quiet| quiet.since.elapsed() >= self.patience;
        let chosen = quiet.iter().enumerate().filter(|(_, one)| over(one));
        if let Some((place, _)) = chosen.min_by_key(|(_, one)| (!one.suspect, one.since)) {
            return Ok(quiet.swap_remove(place).leave);
        }
        let longest = quiet.iter().map(|one| one.since.elapsed()).max().unwrap_or_default();
        Err(self.patience.saturating_sub(longest).max(Duration::from_millis(5)))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Quiet>> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a conversation off the list of those that wait for an answer.
struct Listed<'a>(&'a Rooms, Arc<Notify>);

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.0.lock().retain(|one| !Arc::ptr_eq(&one.leave, &self.1));
    }
}

impl Room {
    /// Waits for an answer, for as long as nobody needs the room.
    pub async fn wait_for<T>(&self, answer: impl Future<Output = T>) -> Result<T, SentAway> {
        let (since, leave) = (Instant::now(), Arc::new(Notify::new()));
        self.rooms.lock().push(Quiet { since, suspect: self.suspect, leave: leave.clone() });
        let _listed = Listed(&self.rooms, leave.clone());
        tokio::select! {
            biased;
            answer = answer => Ok(answer),
            () = leave.notified() => Err(SentAway(since.elapsed())),
        }
    }

    /// Waits for an answer that must not be left early; the room is lent when it takes long.
    pub async fn wait_for_all_of<T>(&mut self, answer: impl Future<Output = T>) -> T {
        let mut answer = pin!(answer);
        match tokio::time::timeout(self.rooms.patience, &mut answer).await {
            Ok(answer) => answer,
            Err(_) => {
                self.lend();
                answer.await
            }
        }
    }

    /// Returns true if the room was lent: the conversation should end soon.
    pub fn is_lent(&self) -> bool {
        self.permit.is_none()
    }

    fn lend(&mut self) {
        if self.is_lent() {
            return;
        }
        let all = self.rooms.all;
        let may = self.rooms.lent.fetch_update(SeqCst, SeqCst, |lent| (lent < all).then_some(lent + 1)).is_ok();
        if may {
            self.permit = None;
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.is_lent() {
            self.rooms.lent.fetch_sub(1, SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn hang(room: Room) -> tokio::task::JoinHandle<SentAway> {
        tokio::spawn(async move { room.wait_for(pending::<()>()).await.unwrap_err() })
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_room_gets_that_of_the_longest_silence() {
        let rooms = Rooms::new(2, PATIENCE);
        let first = hang(rooms.enter(false).await.unwrap());
        // time passes: the clock is paused
        tokio::time::sleep(Duration::from_secs(100)).await;
        let second = hang(rooms.enter(false).await.unwrap());
        let begun = Instant::now();
        let _third = rooms.enter(false).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert!(first.await.unwrap().0 >= Duration::from_secs(100));
        let _fourth = rooms.enter(false).await.unwrap();
        assert!(begun.elapsed() >= PATIENCE && begun.elapsed() < PATIENCE * 2);
        second.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_site_that_failed_before_goes_first_and_without_need_nobody() {
        let rooms = Rooms::new(2, PATIENCE);
        let fresh = hang(rooms.enter(false).await.unwrap());
        let suspect = hang(rooms.enter(true).await.unwrap());
        // time passes: the clock is paused
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert!(!fresh.is_finished() && !suspect.is_finished());
        let _third = rooms.enter(false).await.unwrap();
        suspect.await.unwrap();
        assert!(!fresh.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_the_last_answer_stays_and_lends_the_room() {
        let rooms = Rooms::new(1, PATIENCE);
        let mut room = rooms.enter(false).await.unwrap();
        let stays = tokio::spawn(async move {
            // time passes: the clock is paused
            room.wait_for_all_of(tokio::time::sleep(Duration::from_secs(500))).await;
            room.is_lent()
        });
        tokio::task::yield_now().await;
        let begun = Instant::now();
        let mut second = rooms.enter(false).await.unwrap();
        assert!(begun.elapsed() < PATIENCE * 2);
        // No more are lent than there are rooms.
        let more = tokio::time::timeout(PATIENCE * 3, second.wait_for_all_of(pending::<()>())).await;
        assert!(more.is_err() && !second.is_lent());
        assert!(stays.await.unwrap());
        drop(second);
        assert_eq!((rooms.lent.load(SeqCst), rooms.permits.available_permits()), (0, 1));
    }
}
