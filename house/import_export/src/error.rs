//! The errors that can occur when letters move; each says who must act.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::foreign::Foreign;

/// The reason why an import or an export stopped. Letters that were imported before stay, and the same command goes
/// on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// There is nothing at the place that looks like letters.
    #[error("there are no letters in {}, in any form that is known here", .0.display())]
    NoLetters(PathBuf),
    /// The archive is damaged, or of a kind that is not known.
    #[error("the archive {} cannot be opened: {why}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// More files than anybody has letters.
    #[error("{} has more than {most} files; give its parts one by one", path.display())]
    TooManyFiles {
        /// The path that was to be imported.
        path: PathBuf,
        /// The limit.
        most: usize,
    },
    /// The target of an export is there already.
    #[error("{} is there already; name a new place, or move it away", .0.display())]
    Exists(PathBuf),
    /// The folder that something is to be written into is not there.
    #[error("there is no folder {}", .0.display())]
    NoParent(PathBuf),
    /// A file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The other side, which reads or writes the files, has stopped; this is its message.
    #[error("{0}")]
    Elsewhere(String),
    /// Whoever asked for it has gone away.
    #[error("nobody waits for it any more")]
    Gone,
    /// The Maildir cannot be written.
    #[error(transparent)]
    Maildir(#[from] maildir::Error),
    /// The mailbox cannot: it is full, or not there.
    #[error(transparent)]
    Mailbox(#[from] mailbox::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    pub(crate) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Unreadable { path, error }
    }

    pub(crate) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Unwritable { path, error }
    }

    pub(crate) fn archive(path: &Path, why: impl ToString) -> Self {
        Self::Archive { path: path.to_owned(), why: why.to_string() }
    }
}

/// A letter, or a file that should hold some, that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The name of the file inside the imported path.
    pub file: String,
    /// The position in the file at which the letter begins, if the file holds many letters.
    pub at: Option<u64>,
    /// The fault of the letter or file.
    pub fault: Fault,
}

/// A fault of a letter or file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fault {
    /// It has no header, so that it is no letter.
    NoLetter,
    /// It has so many octets; the limit is [`Fault::LARGEST`].
    TooLarge(u64),
    /// The file cannot be read (on); this is the message of the system or the archive.
    Unreadable(String),
    /// It unpacks to so much more than it is that it must be a trap.
    Bomb,
    /// The mailbox refuses it, and says why.
    Refused(String),
    /// It is in a form that is not read here.
    Foreign(Foreign),
    /// It is encrypted.
    Encrypted,
    /// It is shorter than it says.
    Short,
    /// It is a symbolic link, or a hard link inside of an archive.
    Link,
    /// It is neither a file nor a directory: a pipe, a socket, a device.
    Special,
    /// It lies deeper than files are looked for.
    Deep,
    /// Its delivery was not finished, or it is hidden in a Maildir, where that means the same.
    Unfinished,
    /// It is an attachment that lies beside its letter and not in it.
    Apart,
    /// It describes a letter that is not there.
    Orphan,
    /// It is beside a Maildir in which nothing but Maildirs is looked for.
    Unasked,
}

impl Fault {
    /// The largest letter that is imported, in octets.
    pub const LARGEST: u64 = 256 << 20;
}
