//! Moving house: letters in and out of mbox, Maildir, .eml files, and archives of them.
//!
//! Invariants of this room:
//! * A letter counts as imported in the commit that files it, so that an import that was killed goes on where it
//!   stopped, and one that is repeated doubles nothing.
//! * What is damaged is told (where, why) and passed over; it never stops the rest.
//! * Memory does not grow with the mailbox, only with the number of its letters (a few octets each): one letter at a
//!   time is read, and those on the way to the store share a budget.
//! * Nothing from an archive is written to the disk, so that no name in it can lead anywhere; how far it may unpack is
//!   bounded.
//! * Importing what [`export()`] wrote gives the same folders, letters, flags, keywords and dates.
//!
//! Reading files and filing letters are two halves ([`Files`] and [`import()`], [`export()`] and [`Place`]), which may be two
//! processes: the one that may read the files, and the one that keeps the mailbox.
//!
//! It must not know protocols or people.

mod date;
mod error;
mod export;
mod files;
mod gmail;
mod import;
mod layout;
mod letter;
mod marks;
pub mod mbox;
mod sidecar;
mod state;
mod status;
mod tree;
mod written;

pub use error::{Error, Fault, Skipped};
pub use export::{ExportFormat, Exported, Heading, Leaving, Place, Sink, export};
pub use files::Files;
pub use import::{Given, Imported, Observer, Progress, Request, Source, import};
pub use layout::{Format, Goal};
pub use letter::Arriving;
pub use marks::{MIGRATIONS, forget};
pub use state::State;
pub use tree::Flow;
