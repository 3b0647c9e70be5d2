//! Maildir and Maildir++: folders of one file a letter, as Dovecot, Courier, mutt and others keep them.
//!
//! Invariants of this room:
//! * A letter appears in `new/` or `cur/` whole or not at all: written in `tmp/`, synced, then renamed.
//! * What [`Maildir::deliver`] and [`Batch::commit`] have said is there is on the disk, its directory synced.
//! * No name of a folder leads out of the Maildir, and no file that was there is ever written over.
//!
//! Letters inside our house have CRLF. In a Maildir they have LF, as everybody's have, where that can be undone; the
//! few with a stray CR or LF go as they are, so that what is written is always read back byte for byte.
//!
//! It must not know mailboxes, protocols or databases.

mod batch;
mod deliver;
mod error;
mod flags;
mod folder;
mod keywords;
mod name;
mod read;

pub use batch::Batch;
pub use deliver::{Delivery, Maildir, Name};
pub use error::Error;
pub use flags::Flags;
pub use keywords::Keywords;
pub use name::FileName;
pub use read::{folder_name, moved_to, received};
