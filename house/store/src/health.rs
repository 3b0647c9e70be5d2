//! Is the database sound? If it is not, its content is still read, and nothing more is written to it.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::depth::Depth;
use crate::error::{Error, Result};
use crate::mark::Mark;
use crate::sqlite::inspect::Inspector;

/// The damage of the database that was found since it was opened.
#[derive(Default)]
pub(crate) struct Health(OnceLock<Error>);

impl Health {
    /// Fails if damage has been found: a write to a damaged database loses more.
    pub(crate) fn may_write(&self) -> Result<()> {
        self.0.get().map_or(Ok(()), |why| Err(why.clone()))
    }

    fn is_damaged(&self, what: &str) {
        let _ = self.0.set(Error::Corrupt(what.to_owned()));
    }
}

/// Looks at a large database table by table, behind open doors.
pub(crate) struct Round {
    pub(crate) file: PathBuf,
    pub(crate) closing: Arc<AtomicBool>,
    pub(crate) health: Arc<Health>,
    pub(crate) mark: Arc<Mark>,
}

impl Round {
    pub(crate) fn start(self) -> std::io::Result<()> {
        let work = move || match self.walk() {
            Ok(()) | Err(Error::Interrupted) => {}
            Err(error) => tracing::warn!(%error, "the database could not be looked at"),
        };
        std::thread::Builder::new().name("store-check".to_owned()).spawn(work).map(|_| ())
    }

    fn walk(&self) -> Result<()> {
        let started = Instant::now();
        let inspector = Inspector::open(&self.file, Arc::clone(&self.closing))?;
        let mut sound = true;
        for table in inspector.tables()? {
            let found = inspector.check_table(&table, Depth::Quick)?;
            let Some(first) = found.first() else { continue };
            sound = false;
            self.mark.say(|said| said.damaged = true);
            self.health.is_damaged(first);
            tracing::error!(
                table,
                what = first,
                others = found.len() - 1,
                "the database is damaged: letters can be read, and nothing is written to it any more; stop the post \
                 office, keep a copy of its folder, and restore a backup"
            );
        }
        if sound {
            self.mark.say(|said| said.damaged = false);
            tracing::info!(seconds = started.elapsed().as_secs(), "every page of the database is whole");
        }
        Ok(())
    }
}
