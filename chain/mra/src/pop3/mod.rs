//! POP3 as a client speaks it (RFC 1939, RFC 2449, RFC 2595, RFC 5034).

mod body;
mod client;
mod reply;

pub use body::Body;
pub use client::{Client, Listing, Numbered};
pub use reply::Reply;
