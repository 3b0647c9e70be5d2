//! Room that deleted letters leave in the database is given back to the disk, a few pages at a time, behind the work.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::engine::WriteSession;
use crate::error::{Error, Result};
use crate::free_pages::{give_back, has_some};
use crate::key::Key;
use crate::space::{MIB, Room};
use crate::store::Inner;

/// Pages given back in one write: some milliseconds.
const SLICE: u32 = 256;
/// The longest time of a round; writes of others come in between.
const ROUND: Duration = Duration::from_millis(80);
/// The interval at which the store looks whether there is something to give back.
const LOOK: Duration = Duration::from_secs(10);
/// The same if the disk is full: the pages that move go through the log first.
const TIGHT_SLICE: u32 = 16;

/// Gives room back for one store.
pub(crate) struct Shrink {
    store: Weak<Inner>,
    looked: Option<Instant>,
}

impl Shrink {
    pub(crate) fn of(store: &Arc<Inner>) -> Self {
        Self { store: Arc::downgrade(store), looked: None }
    }

    /// Shrinks a little. The caller calls it now and then.
    pub(crate) fn a_little(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return;
        }
        let Some(store) = self.store.upgrade() else { return };
        let started = Instant::now();
        let mut more = true;
        while more && started.elapsed() < ROUND {
            more = match round(&store) {
                Ok(more) => more,
                Err(Error::Closed) => false,
                Err(error) => {
                    tracing::debug!(%error, "no room could be given back to the disk now");
                    false
                }
            };
        }
        self.looked = (!more).then(Instant::now);
    }
}

/// `true`: there may be more.
fn round(store: &Inner) -> Result<bool> {
    store.health.may_write()?;
    let slice = if store.space.may_grow().is_ok() { SLICE } else { TIGHT_SLICE };
    let in_database = store.readers.read_blocking(has_some)?;
    if in_database {
        store.writer.write_blocking(Key::Everything, move |tx| give_back(tx, slice))?;
    }
    Ok(store.search.shrink(slice)? || in_database)
}

/// A database with less than this in it is written anew in about a second.
const QUICK: u64 = 64 * MIB;
const BEARABLE: u64 = 1024 * MIB;

/// Makes a database of an earlier version one that can shrink. It must be written anew for that: done before the doors
/// open where it is small, or where half of it is empty, so that it takes no more room than it gives.
pub(crate) fn make_shrinkable(session: &dyn WriteSession, folder: &Path) {
    let is_due = || -> Result<bool> {
        let (bytes, free) = session.size()?;
        let used = bytes.saturating_sub(free);
        let has_room = Room::of(folder).is_ok_and(|room| room.free > 2 * used + 64 * MIB);
        let is_quick = used <= QUICK || (free >= used && used <= BEARABLE);
        Ok(!session.is_shrinkable()? && is_quick && has_room)
    };
    let done = is_due().and_then(|due| if due { session.become_shrinkable().map(|()| true) } else { Ok(false) });
    match done {
        Ok(true) => tracing::info!("the database was written anew, so that it can give room back to the disk"),
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "the database cannot give room back to the disk yet"),
    }
}
