//! Finds the server of a mailbox by its address: by the provider's own file (Thunderbird's autoconfig), by the
//! records of its domain (SRV, RFC 6186), by Thunderbird's list if the person agrees to ask it, by the names of the
//! provider's MX hosts, and by the names that most providers have.
//!
//! No password is sent here. A server is an offer when it has answered with a certificate for its name. The offer
//! names the authority that says that the domain's mailboxes are there, for an answer of the domain name system
//! proves nothing.

pub mod config;
mod find;
mod trial;

pub use find::{FILE, Finder, NotFound, Offer, Ports, Source};
pub use trial::{TrialFault, try_log_in};
