//! The seam for the copies of the administrator: who gets a copy of a letter that passes through here.

use crate::Address;

/// A letter that passes, as far as copies go by it.
#[derive(Clone, Debug)]
pub struct Passing<'a> {
    /// The return path, and the address of whoever has logged in.
    pub from: Vec<&'a Address>,
    /// The recipients that the envelope names, and the addresses that they lead to.
    pub to: Vec<&'a Address>,
    /// It comes from elsewhere.
    pub comes_in: bool,
    /// One of our people, or this house, has written it, and it goes elsewhere.
    pub goes_out: bool,
}

/// Knows who gets copies. It is asked for each letter, so its answers are at hand.
pub trait Copies: Send + Sync {
    /// Returns the addresses that get a copy of the letter, each once.
    fn of(&self, passing: &Passing<'_>) -> Vec<Address>;
}

/// Nobody gets a copy.
pub struct NoCopies;

impl Copies for NoCopies {
    fn of(&self, _: &Passing<'_>) -> Vec<Address> {
        Vec::new()
    }
}
