//! The faults of a Maildir; each says who must act.

use std::io;
use std::path::{Path, PathBuf};

/// The reason why a Maildir did not take or give a letter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no Maildir at the place: no `new/`, `cur/` and `tmp/`.
    #[error("{} is no Maildir: it has no cur, new and tmp; give the folder that has them, or have it made", .0.display())]
    NoMaildir(PathBuf),
    /// The name cannot be a folder's: a part of it is empty, or it is longer than file names can be.
    #[error(
        "{0:?} cannot be a folder of a Maildir: a part of the name is empty, or it is too long; choose another name"
    )]
    BadFolder(String),
    /// The name that the caller chose cannot be a file's.
    #[error("{0:?} cannot be the name of a letter in a Maildir: letters, digits and . _ - only, 100 at most")]
    BadName(String),
    /// The disk is full; nothing was delivered.
    #[error("there is no room left for {}; make room, then try again", .0.display())]
    Full(PathBuf),
    /// The system refuses: the owner or the rights of the folder are wrong.
    #[error("{} cannot be written or read ({error}); check who owns it", path.display())]
    Refused {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The disk or the file system failed.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
}

impl Error {
    /// Returns true if the same may succeed later, when somebody has made room or mended the disk or the rights.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Refused { .. } | Self::Io { .. } | Self::NoMaildir(_))
    }

    /// Makes an error of the system's error about a path, for `map_err`.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Refused { path, error },
            _ => Self::Io { path, error },
        }
    }
}
