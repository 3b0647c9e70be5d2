//! The letters of a person that are kept back, as the pages need them; who keeps them is wired from outside.

use std::net::IpAddr;

use directory::Secret;
use mail::seam::{AccountId, OurFault, Pending};
use mail::{Address, Timestamp};

/// A letter that is kept back.
#[derive(Clone, Debug)]
pub struct HeldLetter {
    /// Its subject; empty if it has none.
    pub subject: String,
    /// The time at which it came in.
    pub arrived: Timestamp,
    /// The first of its recipients.
    pub recipients: Vec<Address>,
    /// The number of its recipients.
    pub recipients_in_all: u64,
}

/// All that is kept back of a person as suspicious.
#[derive(Clone, Debug)]
pub struct HeldBack {
    /// Others refuse many of the letters; else: they go to many strangers.
    pub refused: bool,
    /// The network that the first of them came from.
    pub network: Option<IpAddr>,
    /// The time at which the first of them came.
    pub since: Timestamp,
    /// The first of the letters.
    pub letters: Vec<HeldLetter>,
    /// The number of letters.
    pub letters_in_all: u64,
    /// The number of their recipients.
    pub recipients_in_all: u64,
}

/// Knows the letters that are kept back, and does what their person says.
pub trait Holds: Send + Sync {
    /// Returns what is kept back of this person; `None`: nothing.
    fn of(&self, account: AccountId) -> Pending<'_, Result<Option<HeldBack>, OurFault>>;

    /// Returns true if somebody there is where the person is at home.
    fn is_home(&self, account: AccountId, ip: IpAddr) -> Pending<'_, Result<bool, OurFault>>;

    /// It was the person: the letters leave.
    fn release(&self, account: AccountId) -> Pending<'_, Result<(), OurFault>>;

    /// It was not: the letters are dropped, the password is another, and everything ends that the old one let in.
    fn drop_letters(&self, person: Address, secret: Secret) -> Pending<'_, Result<(), OurFault>>;
}
