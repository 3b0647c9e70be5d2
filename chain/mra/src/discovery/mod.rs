//! Finds the server of a mailbox by its address: what the provider says itself (Thunderbird's autoconfig), what its domain says
//! (SRV, RFC 6186), what Thunderbird's list says where the person agrees that it is asked, what the provider's MX hosts let
//! guess, and the names that most have.
//!
//! No password is sent here. A server is an offer when it has answered with a certificate for its name; who says that the
//! domain's mailboxes are there is part of the offer, for an answer of the domain name system proves nothing.

pub mod config;
mod find;
mod trial;

pub use find::{FILE, Finder, NotFound, Offer, Ports, Source};
pub use trial::{TrialFault, try_log_in};
