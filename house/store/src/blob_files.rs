//! The folder of bodies too large for the database.
//!
//! A file has a name of its own and belongs to one row for ever: it is written and synced before the row is, and
//! removed after the row is. So a file without a row is an orphan, whatever happened.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::blob_id::BlobId;
use crate::error::{Error, Result};
use crate::flaw::Flaw;

/// The time that a released file stays, for readers in other processes whose snapshot still shows its row.
const GRACE: Duration = Duration::from_secs(30);

/// Stands in the folder as long as it is ours.
const IN_USE: &str = ".in-use";

/// Told which folder is about to become lasting.
pub(crate) type Founding = Arc<dyn Fn(&Path) -> std::io::Result<()> + Send + Sync>;

/// Files by their names.
pub(crate) type Files = HashMap<String, PathBuf>;

pub(crate) struct BlobFiles {
    folder: PathBuf,
    /// Locked by each process that has the store open, so that the first one can know that it is alone.
    _in_use: Option<File>,
    counter: AtomicU64,
    released: Mutex<VecDeque<(Instant, Box<str>)>>,
    /// Folders in it whose names are on the disk, for sure.
    founded: Mutex<HashSet<PathBuf>>,
    /// Called before the name of a folder is synced (tests).
    before_founding: Option<Founding>,
    /// Files without checksums that were looked at as a whole since the start, and found sound.
    proven: Mutex<HashSet<Box<str>>>,
    /// Blobs whose damage has been told in the log.
    told: Mutex<HashSet<BlobId>>,
}

/// The largest number of names that are remembered; beyond it, they are forgotten and looked at again.
const REMEMBERED: usize = 4096;

impl BlobFiles {
    /// Opens the folder. Gives also the names of the files that no process can be about to refer to.
    pub(crate) fn open(data: &Path) -> std::io::Result<(Self, Files)> {
        let folder = data.join("blobs");
        fs::create_dir_all(&folder)?;
        let in_use = File::options().create(true).truncate(false).write(true).open(folder.join(IN_USE))?;
        let old = match in_use.try_lock() {
            Ok(()) => list(&folder)?,
            // Somebody else may be between writing a file and committing its row.
            Err(TryLockError::WouldBlock) => Files::new(),
            Err(TryLockError::Error(error)) => return Err(error),
        };
        in_use.unlock()?;
        in_use.lock_shared()?;
        Ok((Self::of(folder, Some(in_use)), old))
    }

    /// Files for a database without blobs.
    pub(crate) fn none() -> Self {
        Self::of(PathBuf::new(), None)
    }

    fn of(folder: PathBuf, in_use: Option<File>) -> Self {
        Self {
            folder,
            _in_use: in_use,
            counter: AtomicU64::new(0),
            released: Mutex::default(),
            founded: Mutex::default(),
            before_founding: None,
            proven: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Writes a file and syncs it and its directory. Gives its name.
    pub(crate) fn keep(&self, parts: &[&[u8]]) -> Result<Box<str>> {
        let name = self.fresh_name();
        let path = self.path(&name);
        self.write(&path, parts).map_err(|error| {
            let _ = fs::remove_file(&path);
            by_system(&error)
        })?;
        Ok(name)
    }

    /// Opens a file for [`read`].
    pub(crate) fn get(&self, name: &str) -> Result<File, Flaw> {
        File::open(self.path(name)).map_err(|error| match error.kind() {
            ErrorKind::NotFound if self.is_here() => Flaw::Missing(format!("{} is not there", self.shown(name))),
            ErrorKind::NotFound => Error::Io(format!("the folder {} is not there", self.folder.display())).into(),
            _ => by_system(&error).into(),
        })
    }

    /// Returns true if this is the folder that was opened. Where it is not, such as when its disk is not mounted,
    /// nothing is proven by a file that is not in it.
    fn is_here(&self) -> bool {
        self.folder.join(IN_USE).exists()
    }

    /// Returns true if the file was looked at as a whole, and found sound.
    pub(crate) fn is_proven(&self, name: &str) -> bool {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    pub(crate) fn note_proven(&self, name: &str) {
        remember(&self.proven, name.into());
    }

    /// Returns true if the damage of this blob is not told in the log yet. The asker tells it now.
    pub(crate) fn is_first_word_of(&self, blob: BlobId) -> bool {
        remember(&self.told, blob)
    }

    /// Returns true if the file is there; an error where the system does not say.
    pub(crate) fn holds(&self, name: &str) -> Result<bool> {
        self.path(name).try_exists().map_err(|error| by_system(&error))
    }

    /// Names a file in words for the administrator.
    pub(crate) fn shown(&self, name: &str) -> String {
        format!("the file blobs/{}/{name}", shard(name))
    }

    /// Removes a file that no row refers to and no reader knows.
    pub(crate) fn remove(&self, name: &str) {
        remove(&self.path(name));
    }

    /// Takes note that a file will not be needed once the readers of today are done.
    pub(crate) fn release(&self, names: impl IntoIterator<Item = Box<str>>) {
        let now = Instant::now();
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        released.extend(names.into_iter().map(|name| (now, name)));
    }

    /// Removes the released files whose time has come: released before `oldest_read` began, long enough ago, and only
    /// if `is_unneeded` proves of the name that no row refers to it. Without that proof the file stays.
    pub(crate) fn tidy(&self, oldest_read: Option<Instant>, mut is_unneeded: impl FnMut(&str) -> bool) {
        let is_due = |at: Instant| at.elapsed() >= GRACE && oldest_read.is_none_or(|oldest| at < oldest);
        while let Some((at, name)) = self.first_released().filter(|(at, _)| is_due(*at)) {
            let is_unneeded = is_unneeded(&name);
            let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
            // It may have been rescued meanwhile.
            let Some((_, name)) = released.pop_front_if(|first| *first == (at, name.clone())) else { continue };
            if is_unneeded {
                // Still under the lock, so that `rescue` finds the file either listed or gone.
                self.remove(&name);
            }
        }
    }

    fn first_released(&self) -> Option<(Instant, Box<str>)> {
        self.released.lock().unwrap_or_else(PoisonError::into_inner).front().cloned()
    }

    /// A row refers to a file again that may have been released before: keeps it. `false`: it is gone already.
    pub(crate) fn rescue(&self, name: &str) -> bool {
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        released.retain(|(_, released)| &**released != name);
        self.path(name).exists()
    }

    /// Makes a folder whose own name is on the disk. That it is there says nothing: another thread or process may have made
    /// it a moment ago and may be syncing its name just now. So each process does so once for each folder, and nobody uses
    /// one before.
    fn found(&self, folder: &Path) -> std::io::Result<()> {
        let mut founded = self.founded.lock().unwrap_or_else(PoisonError::into_inner);
        if founded.contains(folder) && folder.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(folder)?;
        if let Some(hook) = &self.before_founding {
            hook(folder)?;
        }
        File::open(&self.folder)?.sync_all()?;
        founded.insert(folder.to_owned());
        Ok(())
    }

    fn fresh_name(&self) -> Box<str> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        format!("{now:x}-{:x}-{count:x}", std::process::id()).into()
    }

    /// 256 folders, so that none gets too large for the tools of the administrator.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(shard(name)).join(name)
    }

    fn write(&self, path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(&self.folder);
        self.found(folder)?;
        let mut file = File::create_new(path)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.sync_all()?;
        File::open(folder)?.sync_all()
    }
}

/// Adds it. `true`: it was not there.
fn remember<T: Eq + std::hash::Hash>(among: &Mutex<HashSet<T>>, one: T) -> bool {
    let mut among = among.lock().unwrap_or_else(PoisonError::into_inner);
    if among.len() >= REMEMBERED {
        among.clear();
    }
    among.insert(one)
}

fn shard(name: &str) -> String {
    let sum = name.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    format!("{sum:02x}")
}

fn list(folder: &Path) -> std::io::Result<Files> {
    let mut names = Files::new();
    for shard in fs::read_dir(folder)? {
        let shard = shard?;
        if !shard.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(shard.path())? {
            let file = file?;
            names.extend(file.file_name().into_string().map(|name| (name, file.path())));
        }
    }
    Ok(names)
}

/// Reads a range of a file.
pub(crate) fn read(file: &File, range: Range<u64>) -> Result<Vec<u8>, Flaw> {
    let there = file.metadata().map_err(|error| by_system(&error))?.len();
    if there < range.end {
        return Err(Flaw::damaged(format!("its file has {there} bytes and ends before byte {}", range.end)));
    }
    let length = usize::try_from(range.end.saturating_sub(range.start)).map_err(|_| Error::TooLarge)?;
    let mut bytes = vec![0; length];
    match file.read_exact_at(&mut bytes, range.start) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Flaw::damaged("its file is cut short")),
        Err(error) => Err(by_system(&error).into()),
    }
}

/// Removes a file that nobody needs.
pub(crate) fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "a body that nobody needs could not be removed");
        }
        _ => {}
    }
}

fn by_system(error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::Full(error.to_string()),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Error::ReadOnly(error.to_string()),
        _ => Error::Io(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize};
    use std::sync::mpsc;

    use super::*;

    /// Files whose folders take until `go` to become lasting, and how many have begun to.
    fn slow_files(folder: &Path, go: &Arc<AtomicBool>) -> (Arc<BlobFiles>, Arc<AtomicUsize>) {
        let (go, begun) = (Arc::clone(go), Arc::<AtomicUsize>::default());
        let its_begun = Arc::clone(&begun);
        let mut blob_files = BlobFiles::of(folder.to_owned(), None);
        blob_files.before_founding = Some(Arc::new(move |_| {
            its_begun.fetch_add(1, Ordering::SeqCst);
            waiting::wait_until("the disk is let go", || go.load(Ordering::SeqCst));
            Ok(())
        }));
        (Arc::new(blob_files), begun)
    }

    fn write(blob_files: &Arc<BlobFiles>, name: &'static str) -> mpsc::Receiver<()> {
        let (done, wait) = mpsc::channel();
        let blob_files = Arc::clone(blob_files);
        std::thread::spawn(move || {
            blob_files.write(&blob_files.folder.join("7f").join(name), &[b"Dear Bob"]).unwrap();
            done.send(()).unwrap();
        });
        wait
    }

    fn wait_for(what: &AtomicUsize, count: usize) {
        waiting::wait_until("it has begun", || what.load(Ordering::SeqCst) >= count);
    }

    #[test]
    fn nobody_is_done_with_a_file_whose_folder_is_not_lasting_yet() {
        let folder = tempfile::tempdir().unwrap();
        let go = Arc::new(AtomicBool::new(false));
        let (blob_files, begun) = slow_files(folder.path(), &go);
        let first = write(&blob_files, "one");
        wait_for(&begun, 1);
        // The folder is there by now, and its name is not on the disk.
        assert!(folder.path().join("7f").is_dir());
        let second = write(&blob_files, "two");
        // Nor does another process take the folder for lasting.
        let (other, others_begun) = slow_files(folder.path(), &go);
        let third = write(&other, "three");
        wait_for(&others_begun, 1);
        let early = |wait: &mpsc::Receiver<()>| wait.recv_timeout(Duration::from_millis(30)).is_ok();
        assert!(!early(&first) && !early(&second) && !early(&third));
        go.store(true, Ordering::SeqCst);
        for wait in [first, second, third] {
            wait.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        assert_eq!(begun.load(Ordering::SeqCst), 1, "once is enough for a process");
        // A folder that somebody took away is made anew.
        fs::remove_dir_all(folder.path().join("7f")).unwrap();
        write(&blob_files, "four").recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_folder_that_could_not_be_made_lasting_fails_the_write_and_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut blob_files = BlobFiles::of(folder.path().to_owned(), None);
        let broken = Arc::new(AtomicBool::new(true));
        let its_broken = Arc::clone(&broken);
        blob_files.before_founding = Some(Arc::new(move |_| match its_broken.load(Ordering::SeqCst) {
            true => Err(std::io::Error::other("the test refuses")),
            false => Ok(()),
        }));
        let path = folder.path().join("7f/one");
        assert!(blob_files.write(&path, &[b"Dear Bob"]).is_err());
        assert!(blob_files.write(&path, &[b"Dear Bob"]).is_err(), "although the folder is there");
        broken.store(false, Ordering::SeqCst);
        blob_files.write(&path, &[b"Dear Bob"]).unwrap();
    }
}
