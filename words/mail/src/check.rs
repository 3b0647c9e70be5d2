//! The seam for checks of arriving letters: whether the sender may send it, whether it is signed, whether it is spam.
//!
//! A [`Check`] is asked once for each letter, before the answer, whoever the recipients are: over SMTP, over LMTP, and
//! when a letter is fetched from a mailbox elsewhere. Its findings stay with the letter ([`Findings`]). It does not
//! decide for one recipient: that is the task of a rule of the MDA, which gets the findings.

use std::net::IpAddr;
use std::time::Duration;

use crate::seam::{Origin, OurFault, Pending, Verdict};
use crate::{Envelope, Finding, Findings, Letter, Reply, ReturnPath};

/// A letter that comes in.
#[derive(Clone, Copy, Debug)]
pub struct Arriving<'a> {
    /// The way that the letter came: the connection with the facts about the peer, the person, or the source.
    pub origin: &'a Origin,
    /// The envelope that the letter came with.
    pub envelope: &'a Envelope,
    /// The letter, which is whole by now. Its octets are also given one piece after the other ([`Look::octets`]).
    pub letter: &'a Letter,
}

/// Checks letters as they come in.
pub trait Check: Send + Sync {
    /// Returns the method's name in histories and fields (RFC 8601 §2.7), such as `dkim`. One check may return findings
    /// of several methods; a failure of the check appears under this name.
    fn method(&self) -> &'static str;

    /// Begins to check a letter; the costly work comes later. `None`: the check has nothing to say about it.
    fn begin(&self, arriving: Arriving<'_>) -> Option<Box<dyn Look>>;
}

/// One check of one letter. It first gets all octets, in one pass that all checks share, on a thread that may compute;
/// then the check is concluded.
pub trait Look: Send + 'static {
    /// Takes the next octets of the letter, from the first of the header to the last of the body, in pieces of any
    /// size. It must not wait for anything.
    fn octets(&mut self, piece: &[u8]) {
        let _ = piece;
    }

    /// Concludes at the end of the letter. It may ask others for the time `within`; a later answer is ignored. `found`
    /// contains the findings of the checks before this one. An error says that the check was not possible: the letter
    /// is taken without its findings, and its history says so.
    fn conclude<'a>(
        self: Box<Self>,
        found: &'a Findings,
        within: Duration,
    ) -> Pending<'a, Result<Conclusion, OurFault>>;
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// This check accepts the letter, with these findings.
    Found(Vec<Finding>),
    /// Nobody gets the letter: 4xx for now, 5xx for ever. A connected sender gets this reply. If nobody can be told any
    /// more (a fetched letter) the letter is filed as junk, with the reason.
    Refuse(Reply),
}

/// Judges the sender of a letter before the letter comes.
pub trait SenderCheck: Send + Sync {
    /// Says whether letters of this sender, which a peer at the address `from` announces, can be answered. A refusal does
    /// not hold for postmaster and abuse, who are there for everybody.
    fn sender<'a>(&'a self, from: IpAddr, return_path: &'a ReturnPath) -> Pending<'a, Verdict>;
}
