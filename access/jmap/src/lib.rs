//! The JMAP door to the mailbox (RFC 8620, RFC 8621): a person's mail for clients that speak HTTP, the webmail first.
//!
//! - `api`: the request engine, without input/output: requests, references to results, patches, errors.
//! - `run`: carries out a request, method after method; `methods` is the table of methods.
//! - `standard`: the code that all `/get`, `/changes`, `/set` and `/query` share.
//! - one folder for each kind of object, one file for each method.
//! - `using`: the capabilities that a request may name.
//! - `subscription`: clients that the server posts to when something changes.
//! - `http`: log-in, session, API, blobs up and down, the event source.
//!
//! Invariants of this room:
//! * A state names a change of the account: the changes between two states are exact, whoever made them.
//! * An object that an answer reports as created, updated or destroyed is on the disk.
//! * A record is changed as a whole or not at all; a method that fails has changed nothing.
//! * Nobody sees another account: each id is looked up in the account of the person who asks.
//! * A post to a client goes only to addresses that strangers may send us to, and only after the client has shown that
//!   it can read what arrives there; it ends with the credential that the client has logged in with.
//! * Letters are read in ranges; the memory of a request, a response, an upload and an open stream is bounded.
//! * The cost of a stranger's letter is proportional to its size. Readings for a person end at their deadline, and when
//!   the person has gone; long computations run beside the threads that wait for sockets.
//!
//! This room must not know SMTP, the queue, or other doors to the mailbox.

pub mod api;
mod blob;
mod core;
mod email;
mod http;
mod id;
mod identity;
mod limits;
mod mailboxes;
mod memory;
mod methods;
mod outbox;
mod preferences;
mod push;
mod quota;
mod run;
mod schema;
mod scope;
mod server;
mod session;
mod snippet;
mod standard;
mod state;
mod submission;
mod subscription;
mod threads;
mod using;
mod vacation;

pub use blob::housekeeping;
pub use http::router;
pub use outbox::{Done, Outbox};
pub use run::{run, run_with};
pub use schema::MIGRATIONS;
pub use server::{Server, Tokens};
pub use session::{capabilities, session};
pub use submission::follow;
pub use subscription::{Credential, Credentials, Deliveries, PUSHES};
