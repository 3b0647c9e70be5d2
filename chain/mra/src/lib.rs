//! The mail retrieval agent: brings letters home from mailboxes elsewhere.
//!
//! A [`ledger::Source`] names a mailbox; [`fetch::fetch`] brings its letters to a [`Home`] once, and [`keeper`] does so
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
//! It must not know how a letter is filtered or filed here: see [`Home`].

mod agent;
mod credential;
pub mod discovery;
mod fault;
pub mod fetch;
mod home;
mod identity;
pub mod imap;
pub mod keeper;
pub mod ledger;
mod login;
pub mod oauth;
mod pace;
mod place;
pub mod pop3;
pub mod progress;
mod secret;
pub mod settings;
mod taker;
mod vault;
mod way;

pub use agent::{Agent, Homes, Manner};
pub use credential::Credential;
pub use fault::{Fault, FaultKind};
pub use home::{Arrived, Furnished, Home, Place, Taken};
pub use ledger::MIGRATIONS;
pub use pace::Pace;
pub use place::{Mailbox, Protocol, UrlFault};
pub use secret::{Secret, Unreadable};
pub use settings::{Folders, Keep, Settings};
pub use vault::{Vault, WrongKey};
pub use way::{Security, Waits, Way};
