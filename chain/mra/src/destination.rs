//! A destination takes fetched letters: the seam towards the mailboxes, a Maildir, or another server.

use bytes::Bytes;
use mail::Timestamp;
use mail::seam::Pending;
use mailbox::System;

use crate::Fault;
use crate::folder::SourceFolder;
use crate::ledger::Entry;

/// A letter that came in.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The entry that is written down of the letter: [`Entry::admit`] belongs into the commit that files it.
    pub entry: Entry,
    /// The letter, with CRLF line ends.
    pub raw: Bytes,
    /// The folder it lay in.
    pub place: SourceFolder,
    /// The other folders that the same letter lay in.
    pub also: Vec<SourceFolder>,
    /// Flags it had.
    pub flags: System,
    /// Keywords it had; each can be one here.
    pub keywords: Vec<String>,
    /// When it arrived at the other end.
    pub received: Timestamp,
}

/// A letter that is here, with the folders that it lies in there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relabelled {
    /// Its X-GM-MSGID.
    pub gmail: u64,
    /// Folders it lies in.
    pub places: Vec<SourceFolder>,
    /// True if these are all: it was taken out of the others.
    pub all: bool,
}

/// The result of offering a letter to a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is here now.
    Filed,
    /// It was here already.
    Known,
    /// The destination refuses it for good; it stays where it is, and is written down as such.
    LeftThere,
}

/// Takes letters.
pub trait Destination: Send + Sync {
    /// Takes letters, in their order. Returns only when all that were filed are on the disk, each with its
    /// [`Entry`] admitted; says of each what became of it. An error says why it cannot go on; letters before it may
    /// have been taken.
    fn take(&self, letters: Vec<Arrived>) -> Pending<'_, Result<Vec<Taken>, Fault>>;

    /// Follows letters that were put into other folders there, or taken out of some. What the person did with a letter here
    /// is not undone. Letters that are not known are ignored.
    fn relabel(&self, letters: Vec<Relabelled>) -> Pending<'_, Result<(), Fault>> {
        drop(letters);
        Box::pin(async { Ok(()) })
    }

    /// Makes folders that are met for the first time, also where they hold no letter. A folder that cannot be made keeps
    /// no other back; an error says why none can be.
    fn furnish(&self, folders: Vec<Furnished>) -> Pending<'_, Result<(), Fault>> {
        drop(folders);
        Box::pin(async { Ok(()) })
    }
}

/// A folder at the other end that is made here, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Furnished {
    /// The folder, in our words.
    pub place: SourceFolder,
    /// It is subscribed to (RFC 9051 §6.3.7).
    pub subscribed: bool,
}
