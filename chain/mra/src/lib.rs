//! The mail retrieval agent: brings letters home from mailboxes elsewhere.
//!
//! A [`ledger::Source`] names a mailbox; [`fetch::fetch`] brings its letters to a [`Destination`] once, and [`scheduler`] does so
//! for as long as the post office is open.
//!
//! Invariants of this room:
//! * The commit that files a letter also writes down that it is here; a letter is never fetched twice and never
//!   forgotten.
//! * No letter is taken away at the other end before it is on our disk, and none that we have not fetched: the letter
//!   there is compared with the one here before it goes.
//! * A fault belongs to the letter or the folder that has it: it is written down, tried again, and keeps nothing else back.
//! * Nothing that a server sends is believed further than it can be checked: sizes, numbers, names, silence.
//! * Secrets are sealed at rest and shown to nobody but the server they are for, inside TLS unless somebody asked for
//!   clear text by name.
//!
//! It must not know how a letter is filtered or filed here: see [`Destination`].

mod agent;
mod credential;
mod destination;
pub mod discovery;
mod endpoint;
mod fault;
pub mod fetch;
mod folder;
mod handover;
mod identity;
pub mod imap;
pub mod ledger;
mod login;
pub mod oauth;
mod pace;
mod place;
pub mod pop3;
pub mod progress;
pub mod scheduler;
mod secret;
pub mod settings;
mod vault;

pub use agent::{Agent, Destinations, Manner};
pub use credential::Credential;
pub use destination::{Arrived, Destination, Furnished, Relabelled, Taken};
pub use endpoint::{Endpoint, Security, Waits};
pub use fault::{Fault, FaultKind};
pub use folder::SourceFolder;
pub use ledger::MIGRATIONS;
pub use pace::Pace;
pub use place::{Mailbox, Protocol, UrlFault};
pub use secret::{Secret, Unreadable};
pub use settings::{Folders, Keep, Settings};
pub use vault::{Vault, WrongKey};
