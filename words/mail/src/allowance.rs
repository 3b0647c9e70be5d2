//! The seam for the limits of the administrator: how many letters, how many recipients and how large letters somebody may send.

use std::net::IpAddr;

use crate::{Address, Reply};

/// Somebody who sends a letter, as far as they are known.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The address that they connect from; `None` where somebody else hands the letter on.
    pub ip: Option<IpAddr>,
    /// The addresses that they write as: the return path, and the address of whoever has logged in.
    pub addresses: [Option<&'a Address>; 2],
}

/// Knows what somebody may still send. It is asked for each letter and recipient, so its answers are at hand.
pub trait Allowances: Send + Sync {
    /// Returns the refusal of one more letter, of `size` octets if the client says it.
    fn at_mail(&self, sender: Sender<'_>, size: Option<u64>) -> Option<Reply>;

    /// Returns the refusal of one more recipient of a letter that has `recipients` already.
    fn at_recipient(&self, sender: Sender<'_>, recipients: usize) -> Option<Reply>;
}

/// Everybody may send anything.
pub struct Unlimited;

impl Allowances for Unlimited {
    fn at_mail(&self, _: Sender<'_>, _: Option<u64>) -> Option<Reply> {
        None
    }

    fn at_recipient(&self, _: Sender<'_>, _: usize) -> Option<Reply> {
        None
    }
}
