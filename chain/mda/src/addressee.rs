//! One of our people, as a letter is for them.

use mail::Address;
use mail::seam::AccountId;

/// One of our people who is to get a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// Their mailbox.
    pub account: AccountId,
    /// The address on the envelope: theirs, or an alias.
    pub address: Address,
    /// The text behind the `+` in it: perhaps a folder.
    pub detail: Option<String>,
}
