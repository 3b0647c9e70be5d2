//! One post office a data folder.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::error::OpenError;

/// Held by `facteur serve` as long as it runs; commands beside it do not take it. The system lets go of it when the
/// process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the folder (made if it is not there), or says who has it.
    pub fn take(folder: &Path) -> Result<Self, OpenError> {
        let fault = |error| OpenError::Folder { folder: folder.to_owned(), error };
        make_private_folder(folder).map_err(fault)?;
        let mut file = open(folder).map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { folder: folder.to_owned(), process: written(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        if let Err(error) = write_down(&mut file) {
            // The lock itself holds on a full disk, too; only its name is missing.
            tracing::warn!(%error, "the number of this process could not be written to {NAME}");
        }
        Ok(Self { _file: file })
    }

    /// The process that has the folder, if one has it.
    pub fn holder(folder: &Path) -> Option<String> {
        let mut file = File::open(folder.join(NAME)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(written(&mut file)),
            _ => None,
        }
    }
}

/// Makes the data folder if it is not there, for nobody else to look into: it holds people's letters.
pub(crate) fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        // Whoever opens the data of a post office has closed it.
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Two processes that make or migrate a database at once would trip over each other; released when dropped.
pub(crate) fn wait_for_turn(folder: &Path) -> std::io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("opening.lock"))?;
    file.lock()?;
    Ok(file)
}

const NAME: &str = "facteur.lock";

fn open(folder: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(NAME))
}

fn write_down(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

fn written(file: &mut File) -> String {
    let mut text = String::new();
    let _ = file.take(20).read_to_string(&mut text);
    match text.trim() {
        "" => "unknown".to_owned(),
        process => process.to_owned(),
    }
}
