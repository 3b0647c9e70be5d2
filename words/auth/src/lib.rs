//! Proofs of who sent a letter: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989) and ARC (RFC 8617); and return paths of
//! letters that are forwarded ([`srs`]).
//!
//! The crate has no socket, no clock and no thread. It asks the domain name system through [`dns::Dns`], and its
//! callers give it the time. It knows no other room of the house, so that other programs can use it.
//!
//! This room must not know what is done with a letter: it says what is proved, and never what follows.

pub mod arc;
pub mod dkim;
pub mod dmarc;
pub mod dns;
pub mod iprev;
mod names;
pub mod results;
pub mod spf;
pub mod srs;
mod table;
#[cfg(test)]
mod tests;

pub use table::Table;
