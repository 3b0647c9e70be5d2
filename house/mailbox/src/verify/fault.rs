//! The faults that a verification can find.

use mail::seam::AccountId;
use store::{BlobId, View, params};

use crate::parse::decode;
use crate::{Error, FolderId, LetterKey, Summary, ThreadId, Uid};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A table or one of its indexes is damaged, in the words of the database.
    Table {
        /// Its name.
        table: String,
        /// The message of the database.
        says: String,
    },
    /// A body is damaged or missing.
    Body {
        /// The body.
        blob: BlobId,
        /// The fault that was found.
        why: String,
    },
    /// A body is referred to another number of times than is counted.
    References {
        /// The body.
        blob: BlobId,
        /// The count that is kept.
        kept: i64,
        /// The number of references.
        found: i64,
    },
    /// A column that was computed when the letter was filed differs from what its body gives.
    Card(&'static str),
    /// A letter lies in no folder.
    NoFolder,
    /// A place in a folder leads to no letter.
    NoLetter(FolderId, Uid),
    /// A letter and its place in a folder do not agree; the text names the column.
    Place(&'static str),
    /// The places of a letter do not agree on what is the letter's; the text names the column.
    Places(&'static str),
    /// The number of letters of a conversation in a folder is wrong, or whether it is shown as unread there.
    Conversation(ThreadId),
    /// A message id or a subject leads to a conversation that has no letter.
    LooseIds(ThreadId),
    /// A counter is wrong.
    Counter {
        /// The name of the counter.
        name: &'static str,
        /// The folder, if it is one of a folder.
        folder: Option<String>,
        /// The value that is kept.
        kept: i64,
        /// The value that counting gives.
        found: i64,
    },
    /// The checkpoint of a folder's UIDs is wrong.
    Checkpoint(String),
    /// A letter is missing from the full-text index.
    NotIndexed,
    /// The full-text index knows a letter that there is not.
    IndexedInVain(i64),
}

/// A fault, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The fault.
    pub fault: Fault,
    /// The account concerned, if it is one of an account.
    pub account: Option<AccountId>,
    /// The letter concerned.
    pub letter: Option<Seen>,
    /// True if it was mended.
    pub mended: bool,
}

impl Finding {
    pub(super) fn of(fault: Fault, account: Option<AccountId>, mended: bool) -> Self {
        Self { fault, account, letter: None, mended }
    }
}

/// A letter as its owner knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its key.
    pub letter: i64,
    /// The name of its folder, if that is known.
    pub folder: Option<String>,
    /// Its UID there.
    pub uid: Option<u32>,
    /// Its subject, if that can be read.
    pub subject: String,
}

impl Seen {
    /// A letter by its key.
    pub(super) fn look(view: &View, letter: LetterKey) -> Result<Self, Error> {
        let sql = "SELECT f.name, e.uid, l.summary FROM letter l LEFT JOIN entry e ON e.letter = l.letter
             LEFT JOIN folder f ON f.folder = e.folder WHERE l.letter = $1 ORDER BY e.folder LIMIT 1";
        let found = view.query_opt(sql, params![letter.0], |row| {
            let summary = Summary::decode(row.bytes(2)?).unwrap_or_default();
            let subject = summary.subject().map(decode::words).unwrap_or_default();
            Ok(Self { letter: letter.0, folder: row.get(0)?, uid: row.get(1)?, subject })
        })?;
        Ok(found.unwrap_or(Self { letter: letter.0, ..Self::default() }))
    }
}
