//! Does the store's own work now and then, on a thread that waits for the disk so that nobody else does.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::blob;
use crate::blob_files::{BlobFiles, Files};
use crate::error::Error;
use crate::lost_found;
use crate::mark::{Mark, Stamp};
use crate::reader::Readers;
use crate::shrink::Shrink;
use crate::space::Space;
use crate::statistics::Counters;

/// The interval at which the mark follows the commits.
const NOTE: Duration = Duration::from_millis(250);
/// The interval at which released files and the room on the disk are looked at.
const TIDY: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// The thread's means. It ends by itself when the store is gone.
pub(crate) struct Housekeeping {
    pub(crate) folder: PathBuf,
    /// The database file.
    pub(crate) file: PathBuf,
    pub(crate) readers: Weak<Readers>,
    pub(crate) blob_files: Weak<BlobFiles>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) mark: Arc<Mark>,
    pub(crate) space: Arc<Space>,
    pub(crate) shrink: Shrink,
    /// The files that lay in the folder of bodies when no process could be about to refer to them.
    pub(crate) old_files: Files,
}

impl Housekeeping {
    pub(crate) fn start(self) -> std::io::Result<()> {
        std::thread::Builder::new().name("store-sweep".to_owned()).spawn(move || self.work()).map(|_| ())
    }

    fn work(mut self) {
        let opened = identity(&self.file);
        self.put_orphans_aside();
        let (mut tidied, mut hour) = (Instant::now(), Instant::now());
        let mut noted = Progress::default();
        while let (Some(readers), Some(blob_files)) = (self.readers.upgrade(), self.blob_files.upgrade()) {
            readers.turn_away_late();
            let progress = Progress::of(&self.counters, &self.file);
            if progress != noted {
                note(&readers, &self.mark, progress.log_needed());
                noted = progress;
            }
            if tidied.elapsed() >= TIDY {
                tidied = Instant::now();
                self.space.look();
                self.counters.tight.store(self.space.may_grow().is_err(), Relaxed);
                // If the database was exchanged under us, its rows prove nothing.
                if opened.is_some() && identity(&self.file) == opened {
                    blob_files.tidy(readers.oldest(), |name| is_unneeded(&readers, name));
                }
            }
            self.shrink.a_little();
            if hour.elapsed() >= HOUR {
                hour = Instant::now();
                lost_found::an_hour_has_passed(&self.folder);
            }
            drop((readers, blob_files));
            std::thread::sleep(NOTE);
        }
    }

    /// Puts the files aside that a crash left behind.
    fn put_orphans_aside(&mut self) {
        let files = std::mem::take(&mut self.old_files);
        let Some(readers) = self.readers.upgrade().filter(|_| !files.is_empty()) else { return };
        match readers.read_blocking(blob::files) {
            Ok(known) => {
                let (orphans, known) = lost_found::unknown(files, &known);
                lost_found::put_aside(&self.folder, &orphans, known);
            }
            Err(error) => tracing::warn!(%error, "bodies that no letter refers to were not looked for"),
        }
    }
}

/// The progress of the database, seen from outside.
#[derive(PartialEq, Eq, Default)]
pub(crate) struct Progress {
    commits: u64,
    /// The stamp of the file while it misses commits that the log has.
    log_needed: Option<Stamp>,
}

impl Progress {
    pub(crate) fn of(counters: &Counters, file: &Path) -> Self {
        // The order matters: if the log is carried meanwhile, the stamp is of the file before, and proves nothing.
        let stamp = Stamp::of(file).ok();
        let commits = counters.commits.load(Relaxed);
        Self { commits, log_needed: stamp.filter(|_| counters.is_log_needed()) }
    }

    pub(crate) fn log_needed(&self) -> Option<Stamp> {
        self.log_needed
    }
}

/// Lets the mark say how far the tables have come. All that a read sees is on the disk.
pub(crate) fn note(readers: &Readers, mark: &Mark, log_needed: Option<Stamp>) {
    match readers.read_blocking(|view| view.session().numbers()) {
        Ok(numbers) => mark.say(|said| {
            said.numbers = numbers;
            said.log_needed = log_needed;
        }),
        Err(error) => tracing::debug!(%error, "the mark was not brought up to date"),
    }
}

/// Returns true if it is certain that no row refers to the file.
fn is_unneeded(readers: &Readers, name: &str) -> bool {
    let file = name.to_owned();
    match readers.read_blocking(move |view| blob::is_referred_to(view, &file)) {
        Ok::<_, Error>(false) => true,
        Ok(true) => {
            tracing::error!(name, "a body was released that a letter refers to; it stays");
            false
        }
        Err(error) => {
            tracing::warn!(name, %error, "a released body stays, since it cannot be told whether it is needed");
            false
        }
    }
}

/// Returns the numbers by which a file is known, whatever it is called.
fn identity(file: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(file).ok().map(|found| (found.dev(), found.ino()))
}
