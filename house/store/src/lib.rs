//! The database engine of the house: transactions with group commit, snapshot reads, letters' bodies by content,
//! migrations, notices of change, and full-text search.
//!
//! **This room alone knows which database runs.** Domain code (`house/mailbox`, `house/directory`, the queue) is plain
//! synchronous Rust over [`View`] and [`Tx`], in the SQL that SQLite and PostgreSQL share.
//!
//! Invariants of this room:
//! * [`Store::write`] resolves to `Ok` only after the commit that holds its changes has been synced to the disk.
//! * What a read can see is on the disk: nothing becomes visible before it is durable.
//! * A write that fails or panics is undone alone; its neighbours in the same commit are not harmed.
//! * Notices ([`Tx::announce`]) go out after the commit and its answers, never before.
//! * A file outside the database is synced, with its directory, before the commit that refers to it. A crash leaves
//!   orphans at most, and those are swept at the next start.
//! * Every queue here is bounded; past the bound callers get [`Error::Busy`] and nothing piles up.
//! * A short read never stands behind a scan, nor behind more than its share of another person's reads; every read has a
//!   deadline, and ends when nobody waits for it any more.
//!
//! It must not know what a letter, a folder or a person is.

mod blob;
mod blob_files;
mod blob_id;
mod depth;
mod edition;
mod engine;
mod error;
mod faults;
mod flaw;
mod frames;
mod free_pages;
mod health;
mod housekeeping;
mod integrity;
mod key;
mod lane;
mod leash;
mod lock;
mod lost_found;
mod mark;
mod migrate;
mod migration;
mod mount;
mod opening;
mod queue;
mod reader;
mod record;
mod search;
mod shrink;
mod snapshot;
mod space;
mod sqlite;
mod statistics;
mod store;
mod topic;
mod turns;
mod tx;
mod value;
mod view;
mod writer;

pub use blob::PreparedBlob;
pub use blob_id::BlobId;
pub use depth::Depth;
pub use error::{Error, OpenError, Result};
pub use faults::Faults;
pub use integrity::{BlobEntry, BlobState};
pub use key::Key;
pub use lock::Lock;
pub use migration::Migration;
pub use opening::{Check, has_office};
pub use search::{Answer, Document, Field, Fit, Form, HeaderField, Question, Run, SEALED, SearchIndex, Wanted};
pub use snapshot::go_back;
pub use statistics::Statistics;
pub use store::{Options, Store};
pub use topic::{Topic, Watch};
pub use turns::Asker;
pub use tx::Tx;
pub use value::{FromValue, Row, ToValue, Value};
pub use view::View;
