//! The loop behind the HTTP doors: HTTP/1.1 and HTTP/2 over the server's streams, for whatever router stands behind.
//!
//! Invariants of this room:
//! * Every wait has an end: for a header, for the next piece of a body, for a peer to take what is sent.
//! * Headers, streams of one connection and buffers are bounded; what a body may hold is for its reader to say.
//! * A request says whom it came from; what it says of that itself is believed of proxies that are named, and of nobody else.
//! * A response ends when its person has to go, also one that its client takes slowly.
//! * At the shutdown, requests that run are answered and no new ones are taken.
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
