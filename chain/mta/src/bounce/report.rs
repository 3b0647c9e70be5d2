//! All that a report on a letter says, before it is put into words.

use mail::{Address, Enhanced, LetterId, Timestamp};

/// Letters up to this size come back whole.
pub const WHOLE_UP_TO: usize = 20_000;

/// Who writes the reports.
#[derive(Clone, Debug)]
pub struct Office {
    /// The name of this server, as it says it in EHLO.
    pub hostname: String,
    /// Whom reports come from, and who is asked when even reports fail.
    pub postmaster: Address,
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It will not be tried again.
    Failed,
    /// It is late; tried on until then.
    Late {
        /// When it is given up.
        until: Timestamp,
    },
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Who.
    pub address: Address,
    /// The code (RFC 3463). Class 4 in a `Failed` report means that the time ran out.
    pub status: Enhanced,
    /// The other server's answer, or what we found out ourselves, on one line.
    pub said: String,
    /// The server that said it; `None` where it was us.
    pub by: Option<String>,
}

/// What comes back of the letter itself.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// Its name in our house.
    pub id: LetterId,
    /// The whole letter, or its beginning with at least the header.
    pub bytes: &'a [u8],
    /// Are these all of its bytes?
    pub whole: bool,
}

/// All that a report says.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// Failed or late.
    pub kind: Kind,
    /// Who writes.
    pub office: &'a Office,
    /// To whom: the letter's return path. There is none for a letter whose return path is null.
    pub to: &'a Address,
    /// When the letter came to us.
    pub arrived: Timestamp,
    /// When the report is written.
    pub now: Timestamp,
    /// At least one.
    pub fates: &'a [Fate],
    /// The letter.
    pub original: Original<'a>,
}
