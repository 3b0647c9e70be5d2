//! Many letters that share the waits for the disk.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use mail::{Timestamp, lines};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::deliver::{every_unique, sync_directory};
use crate::keywords::Keywords;
use crate::{Delivery, Error, Maildir, Name, name};

/// The number of letters from which on one sync of the whole file system is cheaper than one for each file.
const MANY: usize = 8;

/// Letters that are written, and delivered together by [`commit`](Self::commit). If a batch is dropped without a
/// commit, nothing was delivered, and its files are removed again.
///
/// A batch of a few letters syncs each file; a larger one syncs the file system once (`syncfs`). Both then rename the
/// files and sync each directory that got some once.
pub struct Batch<'m> {
    maildir: &'m Maildir,
    waiting: Vec<Waiting>,
    folders: HashMap<PathBuf, Folder>,
}

/// The facts that are known of a folder that letters go to.
#[derive(Default)]
struct Folder {
    keywords: Option<Keywords>,
    keywords_changed: bool,
    /// Paths of the letters by their unique name, read when a chosen name is first asked for.
    known: Option<HashMap<String, PathBuf>>,
}

/// A letter of the batch.
enum Waiting {
    /// Written into `tmp/`, to be renamed.
    Written { file: File, tmp: PathBuf, goal: PathBuf },
    /// It was delivered before.
    There(PathBuf),
}

impl Waiting {
    fn written(&self) -> Option<(&File, &Path)> {
        match self {
            Self::Written { file, tmp, .. } => Some((file, tmp)),
            Self::There(_) => None,
        }
    }
}

impl<'m> Batch<'m> {
    pub(crate) fn new(maildir: &'m Maildir) -> Self {
        Self { maildir, waiting: Vec::new(), folders: HashMap::new() }
    }

    /// Letters added so far. Each holds a file open; commit every few hundred.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns true if no letter has been added yet.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Writes a letter into the folder's `tmp/` (none: INBOX). After an error the batch is as it was before.
    pub fn add(&mut self, folder: Option<&str>, delivery: &Delivery) -> Result<(), Error> {
        let path = self.folder(folder)?;
        let unique = match delivery.name {
            Name::Fresh => name::unique(delivery.received, &self.maildir.host),
            Name::Chosen(chosen) if name::is_fit(chosen) => {
                if let Some(there) = self.known(&path)?.get(chosen).cloned() {
                    self.waiting.push(Waiting::There(there));
                    return Ok(());
                }
                chosen.to_owned()
            }
            Name::Chosen(unfit) => return Err(Error::BadName(unfit.to_owned())),
        };
        let written = self.write(&path, &unique, delivery)?;
        if let (Name::Chosen(chosen), Waiting::Written { goal, .. }) = (delivery.name, &written) {
            let goal = goal.clone();
            self.known(&path)?.insert(chosen.to_owned(), goal);
        }
        self.waiting.push(written);
        Ok(())
    }

    /// Delivers the letters that were added: they are on the disk when this returns. Returns the paths in the order
    /// of adding.
    ///
    /// After an error some letters may have been delivered and others not; with [`Name::Chosen`] the same can be tried
    /// again without any of them coming twice.
    pub fn commit(mut self) -> Result<Vec<PathBuf>, Error> {
        self.sync_files()?;
        for (path, folder) in &self.folders {
            if let (true, Some(keywords)) = (folder.keywords_changed, &folder.keywords) {
                keywords.save(path)?;
                sync_directory(path)?;
            }
        }
        let (mut paths, mut directories) = (Vec::with_capacity(self.waiting.len()), BTreeSet::new());
        for waiting in &mut self.waiting {
            if let Waiting::Written { tmp, goal, .. } = waiting {
                rename(tmp, goal)?;
                directories.extend(goal.parent().map(Path::to_owned));
                *waiting = Waiting::There(std::mem::take(goal));
            }
            if let Waiting::There(path) = waiting {
                directories.extend(path.parent().map(Path::to_owned));
                paths.push(std::mem::take(path));
            }
        }
        self.waiting.clear();
        directories.iter().try_for_each(|directory| sync_directory(directory))?;
        Ok(paths)
    }

    /// The folder's directory, made if it is missing; looked at once in a batch.
    fn folder(&mut self, folder: Option<&str>) -> Result<PathBuf, Error> {
        let path = self.maildir.folder_path(folder)?;
        if !self.folders.contains_key(&path) {
            match folder {
                Some(folder) => drop(self.maildir.create_folder(folder)?),
                None => self.maildir.check()?,
            }
            self.folders.insert(path.clone(), Folder::default());
        }
        Ok(path)
    }

    fn known(&mut self, path: &Path) -> Result<&mut HashMap<String, PathBuf>, Error> {
        let folder = self.folders.entry(path.to_owned()).or_default();
        match &mut folder.known {
            Some(known) => Ok(known),
            empty => Ok(empty.insert(every_unique(path)?.into_iter().collect())),
        }
    }

    fn keyword_letters(&mut self, path: &Path, names: &[&str]) -> Result<String, Error> {
        if names.is_empty() {
            return Ok(String::new());
        }
        let folder = self.folders.entry(path.to_owned()).or_default();
        let keywords = match &mut folder.keywords {
            Some(keywords) => keywords,
            empty => empty.insert(Keywords::load(path)?),
        };
        let before = keywords.clone();
        let letters: BTreeSet<char> = names.iter().filter_map(|name| keywords.letter(name)).collect();
        folder.keywords_changed |= *keywords != before;
        Ok(letters.into_iter().collect())
    }

    fn write(&mut self, path: &Path, unique: &str, delivery: &Delivery) -> Result<Waiting, Error> {
        let stray = lines::bare_lfs(delivery.letter);
        let unix = lines::to_lf(delivery.letter);
        let content = unix.as_deref().unwrap_or(delivery.letter);
        let base = name::with_sizes(unique, content.len(), delivery.letter.len() + stray, stray > 0);
        let keywords = self.keyword_letters(path, delivery.keywords)?;
        let flags = delivery.flags.letters();
        let goal = if flags.is_empty() && keywords.is_empty() {
            path.join("new").join(&base)
        } else {
            path.join("cur").join(name::with_flags(&base, delivery.flags, &keywords))
        };
        let tmp = path.join("tmp").join(&base);
        // A chosen name may have been left in tmp/ by a crash.
        if matches!(delivery.name, Name::Chosen(_)) {
            let _ = fs::remove_file(&tmp);
        }
        let file = write_new(&tmp, content, delivery.received).map_err(Error::at(&tmp)).inspect_err(|_| {
            let _ = fs::remove_file(&tmp);
        })?;
        Ok(Waiting::Written { file, tmp, goal })
    }

    fn sync_files(&self) -> Result<(), Error> {
        let mut files = self.waiting.iter().filter_map(Waiting::written);
        #[cfg(target_os = "linux")]
        if files.clone().count() >= MANY {
            // Folders of one Maildir can lie on several file systems, but hardly do: the directories say which.
            let mut systems = BTreeSet::new();
            return files.try_for_each(|(file, tmp)| {
                use std::os::unix::fs::MetadataExt;
                let device = file.metadata().map_err(Error::at(tmp))?.dev();
                if !systems.insert(device) {
                    return Ok(());
                }
                rustix::fs::syncfs(file).map_err(|error| Error::at(tmp)(error.into()))
            });
        }
        files.try_for_each(|(file, tmp)| file.sync_all().map_err(Error::at(tmp)))
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        for waiting in &self.waiting {
            if let Waiting::Written { tmp, .. } = waiting {
                let _ = fs::remove_file(tmp);
            }
        }
    }
}

fn write_new(path: &Path, content: &[u8], received: Timestamp) -> std::io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.set_times(FileTimes::new().set_modified(system_time(received)))?;
    Ok(file)
}

fn system_time(at: Timestamp) -> SystemTime {
    let distance = Duration::from_millis(at.0.unsigned_abs());
    let time = if at.0 >= 0 {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Never over a file that is there.
fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // Not every file system knows the flag (NFS, some FUSE); names are unique, so that a plain rename does.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) if !to.exists() => {
            fs::rename(from, to).map_err(Error::at(to))
        }
        Err(error) => Err(Error::at(to)(error.into())),
    }
}
