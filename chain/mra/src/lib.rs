//! The mail retrieval agent: brings letters home from mailboxes elsewhere.
//!
//! A [`ledger::Source`] names a mailbox; [`fetch::fetch`] brings its letters to a [`Destination`] once, and [`scheduler`] does so
//! for as long as the post office is open.
//!
//! Invariants of this room:
//! * That a letter is here is written in the commit that files it; a letter is never fetched twice and never forgotten.
//! * Nothing is taken away at the other end before it is on our disk, and nothing but what we fetched: what lies there is
//!   compared with what is here before it goes.
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
pub use destination::{Arrived, Destination, Furnished, Taken};
pub use endpoint::{Endpoint, Security, Waits};
pub use fault::{Fault, FaultKind};
pub use folder::SourceFolder;
pub use ledger::MIGRATIONS;
pub use pace::Pace;
pub use place::{Mailbox, Protocol, UrlFault};
pub use secret::{Secret, Unreadable};
pub use settings::{Folders, Keep, Settings};
pub use vault::{Vault, WrongKey};
