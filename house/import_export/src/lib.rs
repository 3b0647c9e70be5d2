//! Moving house: letters in and out of mbox, Maildir, MH, .eml files, the folders of other programs, and archives of
//! them.
//!
//! Invariants of this room:
//! * The commit that files an imported or fetched letter also remembers it, whatever file it lies in: an import that
//!   was killed goes on where it stopped, and no letter comes twice.
//! * Every file is told: its letters are taken, or it is known to be none, or it is listed with the reason.
//! * A damaged letter is reported (where, why) and passed over; it never stops the rest.
//! * An import can be undone: the letters that it filed and nobody has touched go again, and no others.
//! * Memory does not grow with the mailbox, only with the number of its letters (a few octets each): one letter at a
//!   time is read, and those on the way to the store share a budget.
//! * Nothing from an archive is written to the disk, so that no name in it can lead anywhere; how far it may unpack is
//!   bounded.
//! * Importing what [`export()`] wrote gives the same folders, letters, flags, keywords and dates, and a letter that lay in
//!   several folders is one letter again.
//!
//! Reading files and filing letters are two halves ([`Files`] and [`import()`], [`export()`] and [`ExportTarget`]), which may be two
//! processes: the one that may read the files, and the one that keeps the mailbox.
//!
//! It must not know protocols or people.

mod beside;
mod date;
mod emlx;
mod error;
mod export;
mod files;
mod foreign;
mod gmail;
mod goal;
mod identity;
mod import;
mod layout;
mod letter;
pub mod mbox;
pub mod memory;
mod mh;
mod proton;
pub mod runs;
mod schema;
mod sidecar;
mod state;
mod status;
mod told;
mod tree;
mod undo;
mod usual;
mod written;

pub use beside::Beside;
pub use error::{Error, Fault, Skipped};
pub use export::{ExportFormat, ExportTarget, Exported, Heading, Leaving, Sink, export};
pub use files::Files;
pub use foreign::Foreign;
pub use goal::Goal;
pub use identity::Identity;
pub use import::{Coming, Given, Imported, Observer, Progress, Rehearsal, Request, Source, import, rehearse};
pub use layout::Format;
pub use letter::Arriving;
pub use memory::{forget, next_account};
pub use runs::{Run, RunId};
pub use schema::MIGRATIONS;
pub use state::State;
pub use tree::Flow;
pub use undo::{Undone, undo};
