//! Accounts' mail on top of the store: folders, letters, flags, threads, changes, search.
//!
//! Plain synchronous functions over a snapshot ([`store::View`]) or a transaction ([`store::Tx`]), each one
//! transaction long. Invariants of this room:
//! * UIDs of a folder are strictly increasing and never come again; a UIDVALIDITY never comes again in its account.
//! * One counter of changes for each account; every change of a letter takes a tick, and a folder's `highest` is the
//!   last tick that touched its letters.
//! * A letter lies in any number of folders, once in each, under one key. Its flags and keywords are the same in all of them
//!   after each change; `\Deleted` alone belongs to a place. It goes when its last place ends, and never before.
//! * The counters of a folder and an account are kept with each change and never counted anew; an account counts each letter
//!   once.
//! * Whatever left a folder has a tombstone, back to the folder's horizon; before that, all that is missing is told.
//! * What a client asks for most (flags, size, envelope, structure) is read without the letter's body.
//! * Every function that takes a folder or a letter, or finds one, takes an [`Access`] and looks in its owner's mailbox alone.
//! * There is one way in: whatever brings a letter calls [`filing::Filer::file`].
//! * No function keeps the writer longer than a slice of letters takes.
//!
//! This room must not know SMTP, IMAP or JMAP, passwords, or which database runs.

mod access;
pub mod account;
pub mod account_changes;
pub mod acquaintance;
pub mod body;
mod changes;
mod error;
pub mod fetch;
pub mod filing;
pub mod findings;
pub mod flags;
pub mod folder;
mod id;
pub mod index;
pub mod letter;
mod numbers;
pub mod own;
pub mod parse;
mod prepare;
pub mod report;
mod schema;
pub mod search;
mod sliced;
pub mod thread;
mod uids;
pub mod verify;

pub use access::{Access, Right};
pub use account::Usage;
pub use changes::{FolderChanges, changes_since, vanished_since};
pub use error::{Error, NameFault};
pub use fetch::{Card, Row, Want, fetch};
pub use flags::{FlagChange, FlagSet, KeywordId, Keywords, System};
pub use folder::{Folder, SpecialUse};
pub use id::{Change, FolderId, LetterKey, ThreadId, Uid, UidRange, UidValidity};
pub use parse::{Piece, Section, SectionText, Structure, Summary};
pub use prepare::{LARGEST, Prepared, prepare, prepare_aside};
pub use schema::MIGRATIONS;
pub use sliced::sliced;
pub use uids::Uids;
