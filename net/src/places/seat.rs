//! The place of one connection.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use super::Places;
use super::books::Entered;

/// A place; returned on drop.
pub(crate) struct Seat {
    places: Places,
    entered: Entered,
    known: AtomicBool,
}

/// The time since which the server waits for a stranger, and the means to end the wait.
#[derive(Default)]
pub(super) struct Silence {
    since: Mutex<Option<Instant>>,
    must_go: AtomicBool,
    waiting: AtomicWaker,
}

impl Silence {
    /// Returns the time since which the peer is silent; `None` while the server is at work.
    pub fn since(&self) -> Option<Instant> {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn begins(&self) {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
    }

    fn ends(&self) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn ask_to_go(&self) {
        self.must_go.store(true, Ordering::Release);
        self.waiting.wake();
    }

    /// Takes the request to go back; returns true if there was one.
    pub fn may_stay(&self) -> bool {
        self.must_go.swap(false, Ordering::AcqRel)
    }

    pub fn must_go(&self) -> bool {
        self.must_go.load(Ordering::Acquire)
    }
}

impl Seat {
    pub(super) fn new(places: Places, entered: Entered) -> Self {
        Self { places, entered, known: AtomicBool::new(false) }
    }

    /// Its holder has logged in, and keeps it from now on.
    pub(crate) fn know(&self) {
        if !self.known.swap(true, Ordering::Relaxed) {
            self.places.books().know(&self.entered);
        }
    }

    /// Notes that something came.
    pub(crate) fn heard(&self) {
        if !self.known.load(Ordering::Relaxed) {
            self.entered.silence.ends();
        }
    }

    /// Nothing has come yet: that may go on as long as nobody needs the place.
    pub(crate) fn poll_wait(&self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.known.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        let silence = &self.entered.silence;
        silence.begins();
        silence.waiting.register(cx.waker());
        if silence.must_go() { Poll::Ready(io::ErrorKind::TimedOut.into()) } else { Poll::Pending }
    }

    /// Resolves when another client needs the place: it runs beside a handshake, for example.
    pub(crate) async fn needed(&self) {
        poll_fn(|cx| self.poll_wait(cx)).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.places.books().leave(&self.entered);
    }
}
