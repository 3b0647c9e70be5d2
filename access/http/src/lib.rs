//! The loop behind the HTTP doors: it serves HTTP/1.1 and HTTP/2 over the server's streams, for any router.
//!
//! Invariants of this room:
//! * Every wait has an end: for a header, for the next piece of a body, for a peer to take what is sent.
//! * Headers, streams of one connection and buffers are bounded; the reader of a body sets the body's limit.
//! * A request names its client. A header that names another one counts only if a trusted proxy wrote it.
//! * A response ends when its person has to go, even if its client takes it slowly.
//! * At the shutdown, running requests are answered and no new ones are accepted.
//!
//! This room must not know what is served.

mod conversation;
mod forwarded;
mod line;
mod patience;
mod peer;

pub use conversation::Http;
pub use line::Line;
pub use peer::{Peer, Via};
