//! The seam for what looks at a letter where it comes in: who may send it, whether it is signed, whether it is spam.
//!
//! A [`Check`] is asked once for each letter, before it is answered, whoever the recipients are: over SMTP, over LMTP, and
//! where a letter is fetched from a mailbox elsewhere. What it finds out stays with the letter ([`Findings`]). What is
//! decided for one recipient is not its affair: that is a rule of the MDA, which is given the findings.

use std::time::Duration;

use crate::seam::{Origin, OurFault, Pending};
use crate::{Envelope, Finding, Findings, Letter, Reply};

/// A letter that comes in.
#[derive(Clone, Copy, Debug)]
pub struct Arriving<'a> {
    /// The way it came: the connection with what is known of the peer, the person, or the source.
    pub origin: &'a Origin,
    /// With whom it came.
    pub envelope: &'a Envelope,
    /// The letter, which is whole by now. Its octets are also given one piece after the other ([`Look::octets`]).
    pub letter: &'a Letter,
}

/// Looks at letters where they come in.
pub trait Check: Send + Sync {
    /// The method that it is known by in histories and fields (RFC 8601 §2.7), such as `dkim`. One check may give findings
    /// of several methods; where it fails, the failure is told under this one.
    fn method(&self) -> &'static str;

    /// Begins to look at a letter; what costs time comes later. `None`: the check has nothing to say about it.
    fn begin(&self, arriving: Arriving<'_>) -> Option<Box<dyn Look>>;
}

/// One look of one check at one letter. All octets are given first, in one pass that all checks share, on a thread that may
/// compute; then the look is concluded.
pub trait Look: Send + 'static {
    /// The next octets of the letter, from the first of the header to the last of the body, in pieces of any size. It must
    /// not wait for anything.
    fn octets(&mut self, piece: &[u8]) {
        let _ = piece;
    }

    /// The letter has ended: what was found. It may ask others, for as long as `within`; later its answer counts for
    /// nothing. `found` is what the checks before this one have found. An error says that the check could not be done: the
    /// letter is taken without its findings, and that is told.
    fn conclude<'a>(
        self: Box<Self>,
        found: &'a Findings,
        within: Duration,
    ) -> Pending<'a, Result<Conclusion, OurFault>>;
}

/// What comes of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// The letter is taken, as far as this check goes, and these are known about it.
    Found(Vec<Finding>),
    /// Nobody gets the letter: 4xx for now, 5xx for ever. Where the sender is connected this is what they are told. Where
    /// nobody can be told any more (a fetched letter) the letter is filed as junk, with the reason.
    Refuse(Reply),
}
