//! Logging in: SASL (RFC 4422) with PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login) and SCRAM-SHA-256
//! (RFC 5802, RFC 7677), for each door that speaks lines: SMTP, IMAP, POP3, ManageSieve. Towards mailboxes elsewhere
//! also with tokens: OAUTHBEARER (RFC 7628) and XOAUTH2.
//!
//! Lines go in and come out in base64, as all four send them; only the frame around (`334 `, `+ `) is the door's.
//! Nothing here knows a socket, a clock, a database or a source of randomness.

mod bearer;
mod client;
mod encoding;
mod exchange;
mod prepare;
mod scram;
mod seam;

pub use bearer::{Bearer, BearerMechanism, MAX_TOKEN};
pub use client::{Client, ClientError};
pub use exchange::{Answer, Exchange, Keys, Question, Refusal, Step, busy, too_many};
pub use prepare::prepare;
pub use scram::derive_keys;
pub use seam::{Turn, check, settle};

/// The number of random bytes in a nonce: the caller supplies them.
pub const NONCE: usize = 18;

/// The most challenges that a client answers in one log-in: no mechanism has more, and a server could go on for ever.
pub const MOST_CHALLENGES: usize = 8;

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// The password never travels; both sides prove that they know it.
    ScramSha256,
    /// Name and password in one line.
    Plain,
    /// Name and password in two lines: for old clients (Outlook).
    Login,
}

impl Mechanism {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::ScramSha256, Self::Plain, Self::Login];

    /// Returns its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }

    /// Returns the mechanism called `name`, whatever the case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    /// Returns the best mechanism among those a server offers.
    pub fn best<S: AsRef<str>>(offered: &[S]) -> Option<Self> {
        Self::ALL.into_iter().find(|ours| offered.iter().any(|name| name.as_ref().eq_ignore_ascii_case(ours.name())))
    }
}
