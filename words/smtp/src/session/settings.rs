//! The settings that a dialogue must have before it begins.

use mail::{Address, Domain};

use crate::FutureRelease;

/// The kind of client that the door expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Other servers, with letters for our people (RFC 5321). There is no AUTH.
    Reception,
    /// For our own people, who log in first (RFC 6409).
    Submission,
    /// A transfer agent on this machine (RFC 2033): one reply for each recipient behind the letter.
    Lmtp,
}

/// The settings of a door, the same for all its dialogues.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The kind of client that is expected.
    pub kind: Kind,
    /// The name that we give ourselves.
    pub hostname: Domain,
    /// The address that `RCPT TO:<Postmaster>` reaches.
    pub postmaster: Address,
    /// The largest letter taken, in octets.
    pub max_letter: u64,
    /// The most recipients of one letter.
    pub max_recipients: usize,
    /// True if STARTTLS is offered.
    pub starttls: bool,
    /// AUTH mechanisms (submission only).
    pub mechanisms: Vec<&'static str>,
    /// True if log-ins are also accepted outside TLS: for tests on one machine.
    pub clear_logins: bool,
    /// FUTURERELEASE, if it is offered (RFC 4865; submission only).
    pub future_release: Option<FutureRelease>,
}

impl Settings {
    /// Makes the usual settings, without STARTTLS.
    pub fn new(kind: Kind, hostname: Domain, postmaster: Address) -> Self {
        Self {
            kind,
            hostname,
            postmaster,
            max_letter: 50 * 1024 * 1024,
            max_recipients: 1000,
            starttls: false,
            mechanisms: Vec::new(),
            clear_logins: false,
            future_release: None,
        }
    }
}
