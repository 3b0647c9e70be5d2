//! SPF (RFC 7208): whether a domain permits an address to send letters in its name.
//!
//! - `record`: reads a record into its terms.
//! - `macros`: reads and expands macro strings.
//! - `evaluation`: finds the first term that fits, within the limits of RFC 7208 §4.6.4.

mod evaluation;
mod macros;
mod record;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;

use crate::dns::Dns;

/// The facts about a letter that SPF looks at.
#[derive(Clone, Copy, Debug)]
pub struct SpfQuestion<'a> {
    /// The address that the peer connected from.
    pub ip: IpAddr,
    /// The name that the peer gave itself (HELO, EHLO); it may be anything.
    pub helo: &'a str,
    /// The address of MAIL FROM, without angle brackets; empty for `<>`. Its domain may be in Unicode.
    pub mail_from: &'a str,
    /// The name of the host that asks, for the macro `%{r}`; `unknown` stands for an empty one.
    pub receiver: &'a str,
    /// The time, in seconds since 1970, for the macro `%{t}`.
    pub now: u64,
}

/// The result of a check (RFC 7208 §2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpfResult {
    /// There is no record, or no domain to ask.
    None,
    /// The domain says nothing about the address.
    Neutral,
    /// The domain permits the address.
    Pass,
    /// The domain forbids the address.
    Fail,
    /// The domain thinks that the address is probably not permitted.
    SoftFail,
    /// The domain name system gave no answer; ask again later.
    TempError,
    /// The record of the domain cannot be used.
    PermError,
}

impl SpfResult {
    /// Returns the word of RFC 8601 §2.7.2 for the result.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// The name that was checked (RFC 7208 §2.3, §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The name that the peer gave itself.
    Helo,
    /// The domain of MAIL FROM. For `<>` it is the name that the peer gave itself.
    MailFrom,
}

/// The outcome of a check, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The result.
    pub result: SpfResult,
    /// The name that was checked.
    pub identity: Identity,
    /// The domain that was asked, in A-labels; as the peer wrote it where it is no domain.
    pub domain: String,
    /// The term that decided, as the domain wrote it (`ip4:192.0.2.0/24`); `None` if no term fitted.
    pub mechanism: Option<String>,
    /// The reason of an error, or of `none`.
    pub problem: Option<Problem>,
    /// The domain's own words about a failure (`exp=`), in ASCII. Anybody may have written them.
    pub explanation: Option<String>,
}

/// The reason why there is no better result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// This is not a domain that can have a record (RFC 7208 §4.3).
    NotADomain(String),
    /// The domain has no record, or does not exist.
    NoRecord(String),
    /// Nobody could say what records this name has.
    NoAnswer(String),
    /// The domain has several records (RFC 7208 §4.5).
    SeveralRecords(String),
    /// The record has characters outside ASCII (RFC 7208 §3.1).
    NotAscii(String),
    /// A term of the record is wrong.
    Syntax {
        /// The term, cut at 80 characters.
        term: String,
        /// The fault in it.
        why: &'static str,
    },
    /// An `include` or `redirect` leads to a domain without a record (RFC 7208 §5.2, §6.1).
    LeadsNowhere(String),
    /// The record needs more than ten terms that ask (RFC 7208 §4.6.4).
    TooManyTerms,
    /// More than two questions found nothing (RFC 7208 §4.6.4).
    TooManyVoid,
    /// This domain has more than ten MX (RFC 7208 §4.6.4).
    TooManyMx(String),
}

impl Problem {
    /// Returns the result that the problem leads to.
    pub fn result(&self) -> SpfResult {
        match self {
            Self::NotADomain(_) | Self::NoRecord(_) => SpfResult::None,
            Self::NoAnswer(_) => SpfResult::TempError,
            _ => SpfResult::PermError,
        }
    }

    /// Returns a code for machines, which names the problem.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotADomain(_) => "spf-not-a-domain",
            Self::NoRecord(_) => "spf-no-record",
            Self::NoAnswer(_) => "spf-no-answer",
            Self::SeveralRecords(_) => "spf-several-records",
            Self::NotAscii(_) => "spf-not-ascii",
            Self::Syntax { .. } => "spf-syntax",
            Self::LeadsNowhere(_) => "spf-leads-nowhere",
            Self::TooManyTerms => "spf-too-many-lookups",
            Self::TooManyVoid => "spf-too-many-void-lookups",
            Self::TooManyMx(_) => "spf-too-many-mx",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotADomain(name) => write!(f, "{name:?} is not a domain"),
            Self::NoRecord(domain) => write!(f, "{domain} has no SPF record"),
            Self::NoAnswer(name) => write!(f, "the domain name system gave no answer about {name}"),
            Self::SeveralRecords(domain) => write!(f, "{domain} has several SPF records"),
            Self::NotAscii(domain) => write!(f, "the SPF record of {domain} is not in ASCII"),
            Self::Syntax { term, why } => write!(f, "the term {term:?} is wrong: {why}"),
            Self::LeadsNowhere(domain) => write!(f, "the record leads to {domain}, which has none"),
            Self::TooManyTerms => f.write_str("the record needs more than 10 look-ups"),
            Self::TooManyVoid => f.write_str("more than 2 look-ups of the record found nothing"),
            Self::TooManyMx(domain) => write!(f, "{domain} has more than 10 MX"),
        }
    }
}

/// Checks the sender of a letter: the domain of MAIL FROM, or, for `<>`, the name that the peer gave itself (RFC 7208
/// §2.4). It asks 1 name for the record, those of ten terms at most, and one for the explanation.
pub async fn check(dns: &dyn Dns, question: SpfQuestion<'_>) -> Verdict {
    evaluation::check(dns, question, Identity::MailFrom).await
}

/// Checks the name that the peer gave itself (RFC 7208 §2.3), as if `postmaster` at this name had sent the letter.
pub async fn check_helo(dns: &dyn Dns, question: SpfQuestion<'_>) -> Verdict {
    evaluation::check(dns, question, Identity::Helo).await
}

/// Reads a record without asking anybody, and returns what is wrong with it. A domain's owner is told so before
/// others see it.
pub fn review(record: &str) -> Result<(), Problem> {
    record::Record::read(record).map(drop)
}
