//! Requests over HTTPS: one request, one answer, and a connection that ends with it.
//!
//! Invariants of this room:
//! * Every exchange has an end, redirects and body included; header and body are bounded; a body is never held unless
//!   its reader holds it.
//! * A name is resolved here, the address is judged by the [`Reach`], and the connection goes to the address that was
//!   judged: no second answer of a name server comes between (DNS rebinding). Each redirect is judged anew.
//! * Where strangers lead us, no address of this server, of its router or of a neighbour is asked, and nothing at all
//!   while nobody can say which those are.
//! * TLS verifies; a request contains what the caller gave, and nothing about this server: no cookies, no referrer.
//!
//! This room must not know what is requested, nor for whom.

mod answer;
mod client;
mod error;
mod home;
mod interfaces;
mod reach;

pub use answer::Answer;
pub use client::{Client, Limits};
pub use error::Error;
pub use home::{Home, OwnNames, Unknown};
pub use hyper::header::{self, HeaderMap, HeaderValue};
pub use reach::{Reach, is_public};
pub use url::Url;
