//! Ends a read before its time: at its deadline, when its caller has gone, or when the store closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::error::{Error, Result};

/// The bounds of one read, looked at from its own thread: no late signal can hit the read that comes after it.
#[derive(Clone)]
pub(crate) struct Leash {
    /// The caller does not wait any more.
    pub(crate) gone: Arc<AtomicBool>,
    /// The lane closes and serves nobody to the end.
    pub(crate) ended: Arc<AtomicBool>,
    pub(crate) until: Instant,
}

impl Leash {
    pub(crate) fn is_over(&self) -> bool {
        self.gone.load(Ordering::Relaxed) || self.ended.load(Ordering::Relaxed) || Instant::now() >= self.until
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.is_over() { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// Held by the caller while it waits; dropped, it says that nobody does.
pub(crate) struct Interest(pub(crate) Arc<AtomicBool>);

impl Drop for Interest {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
