//! The errors of a mailbox; each says who must act.

use crate::{FolderId, Right};
use mail::seam::AccountId;

/// The reason why the mailbox refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed or is busy: ours to mend, the peer tries again later.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is no mailbox of this number (any more).
    #[error("there is no mailbox number {}; create the account first", .0.0)]
    NoSuchAccount(AccountId),
    /// The mailbox exists already.
    #[error("mailbox number {} exists already", .0.0)]
    AccountExists(AccountId),
    /// There is no such folder (any more).
    #[error("there is no folder number {}; it may have been deleted meanwhile", .0.0)]
    NoSuchFolder(FolderId),
    /// There is no folder of this name.
    #[error("there is no folder called {0:?}")]
    NoFolderCalled(String),
    /// The name is taken.
    #[error("there is a folder called {0:?} already; choose another name")]
    FolderExists(String),
    /// The name cannot be a folder's.
    #[error("{0:?} cannot be the name of a folder: {1}")]
    BadName(String, NameFault),
    /// INBOX cannot be deleted (RFC 9051 §6.3.5).
    #[error("INBOX cannot be deleted")]
    Inbox,
    /// A folder with folders below it cannot be deleted; they go first.
    #[error("the folder has folders below it; delete them first")]
    HasChildren,
    /// A folder cannot be moved into itself.
    #[error("a folder cannot be moved below itself")]
    IntoItself,
    /// The account has as many folders as it can have.
    #[error("the mailbox has {0} folders, which is the most it can have; delete some first")]
    TooManyFolders(usize),
    /// The letter does not fit in the mailbox.
    #[error("the mailbox is full: {used} of {quota} octets are used, and the letter has {size}")]
    OverQuota {
        /// Octets used.
        used: u64,
        /// Octets allowed.
        quota: u64,
        /// Octets asked for.
        size: u64,
    },
    /// The letter is larger than any mailbox takes.
    #[error("the letter has {size} octets; {limit} is the most")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The text cannot be a keyword.
    #[error("{0:?} cannot be a keyword")]
    BadKeyword(String),
    /// The account has as many different keywords as it can have.
    #[error("the mailbox has as many keywords as it can have; use one it has")]
    TooManyKeywords,
    /// A letter lies in one folder at least.
    #[error("a letter must lie in a folder; name one")]
    Nowhere,
    /// The letter lies in as many folders as it can.
    #[error("a letter can lie in {0} folders at most")]
    TooManyPlaces(usize),
    /// A folder that has given out its last UID takes no more letters.
    #[error("the folder has given out its last UID; move its letters to a new folder")]
    UidsExhausted,
    /// A search nested deeper, or asking for more words, than anybody means.
    #[error("the search is too complex; ask for less at once")]
    TooComplex,
    /// The access to the mailbox does not go so far.
    #[error("this access to the mailbox is not allowed to {0}; ask its owner")]
    NotAllowed(Right),
    /// A column cannot be read.
    #[error("{0} of the mailbox is damaged; restore it from a backup")]
    Damaged(&'static str),
}

impl Error {
    /// Tells whether the fault is ours to mend, so that the same may succeed later; else it is the answer to the
    /// request.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Damaged(_))
    }
}

/// A fault in a folder's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Nothing there, or nothing between two slashes, or a slash at an end.
    #[error("a part of it is empty")]
    Empty,
    /// Control characters and the like.
    #[error("it has a character that names cannot have")]
    Character,
    /// `.` or `..`: they would be taken for directories where mail is exported.
    #[error("a part of it is \".\" or \"..\"")]
    Dots,
    /// Too long.
    #[error("it is too long")]
    TooLong,
    /// Too many parts.
    #[error("it has too many levels")]
    TooDeep,
}
