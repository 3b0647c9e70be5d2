//! The JMAP door to the mailbox (RFC 8620, RFC 8621): a person's mail for clients that speak HTTP, the webmail first.
//!
//! - `api`: the request engine, without input/output: requests, references to results, patches, errors.
//! - `run`: carries out a request, method after method; `methods` knows which there are.
//! - `standard`: what all `/get`, `/changes`, `/set` and `/query` have in common.
//! - one folder for each kind of object, one file for each method.
//! - `using`: what a request may say that it uses.
//! - `subscription`: clients that are posted to when something changes.
//! - `http`: log-in, session, API, blobs up and down, the event source.
//!
//! Invariants of this room:
//! * A state names a change of the account: what `/changes` tells between two states is exact, whoever made the changes.
//! * What is answered as created, updated or destroyed is on the disk.
//! * A record is changed as a whole or not at all; a method that fails has changed nothing.
//! * Nobody sees another account: each id is looked up under the account of the person who asks.
//! * What is posted to a client goes to addresses that strangers may be sent to, and only after it has shown that it can
//!   read what arrives there; it ends with what the client has logged in with.
//! * Letters are read in ranges; what a request, a response, an upload or an open stream holds is bounded.
//! * What a stranger's letter costs is in proportion to its size. Readings on behalf of a person end with their deadline,
//!   and when the person has gone; what computes for long does so beside the threads that wait for sockets.
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
mod records;
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
