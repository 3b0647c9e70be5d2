//! The faults of a change of the rules.

use mail::Address;

use crate::Subject;
use crate::route::Which;

/// The reason why a rule was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The subject is on the list already, or on the other one.
    #[error("{subject} is {} already", if *is_allowed { "allowed" } else { "denied" })]
    ListedAlready {
        /// The subject.
        subject: Subject,
        /// True if it is allowed, false if it is denied.
        is_allowed: bool,
    },
    /// The subject is not on the list.
    #[error("{0} is not on the list")]
    NotListed(Subject),
    /// The text has a line end or the like, or is too long.
    #[error("a reason has at most {} characters, and no control characters", crate::listed::LONGEST_REASON)]
    BadReason,
    /// There is another route for the same letters.
    #[error("there is a route for letters {0} already")]
    RouteExists(Which),
    /// There is no route for these letters.
    #[error("there is no route for letters {0}")]
    NoSuchRoute(Which),
    /// There is no limit for this subject.
    #[error("there is no limit for {0}")]
    NoSuchLimit(Subject),
    /// These letters are copied to that address already.
    #[error("{0} gets a copy of these letters already")]
    CopyExists(Address),
    /// There is no such copy.
    #[error("{0} gets no copy of these letters")]
    NoSuchCopy(Address),
    /// The table is full.
    #[error("there are {0} entries, which is the most there can be")]
    Full(usize),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}
