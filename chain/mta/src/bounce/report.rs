//! All that a report on a letter says, before it is put into words.

use std::sync::Arc;

use mail::sign::Sign;
use mail::{Address, Enhanced, LetterId, LetterWishes, OriginalRecipient, Timestamp};

/// Letters up to this size come back whole.
pub const WHOLE_UP_TO: usize = 100_000;

/// The office that writes the reports.
#[derive(Clone, Debug)]
pub struct Office {
    /// The name of this server, as it says it in EHLO.
    pub hostname: String,
    /// The address that reports come from, and that is asked when even reports fail.
    pub postmaster: Address,
    /// The keys that sign what is written here.
    pub signer: Arc<dyn Sign>,
}

/// The kind of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It will not be tried again.
    Failed,
    /// It is late; tried on until then.
    Late {
        /// When it is given up.
        until: Timestamp,
    },
    /// It lies in the mailbox.
    Delivered,
    /// It was handed to a server that writes no reports of this kind (RFC 3461 §6.2).
    Relayed,
    /// It went on to the several addresses that an address stands for (RFC 3461 §5.2.7.2).
    Expanded,
}

/// The fate of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The recipient.
    pub address: Address,
    /// The recipient as the sender knows it, if they say so: it may lead to `address` over several servers.
    pub original: Option<OriginalRecipient>,
    /// The code (RFC 3463). Class 4 in a `Failed` report means that the time ran out.
    pub status: Enhanced,
    /// The other server's answer, or what we found out ourselves, on one line.
    pub said: String,
    /// The server that said it; `None` if it was us.
    pub by: Option<String>,
}

/// The part of the letter itself that comes back.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// Its name in our house.
    pub id: LetterId,
    /// The whole letter, or its beginning with at least the header.
    pub bytes: &'a [u8],
    /// True if these are all of its bytes.
    pub whole: bool,
    /// The number of all its bytes.
    pub size: u64,
}

/// All that a report says.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// The news that the report brings.
    pub kind: Kind,
    /// The office that writes.
    pub office: &'a Office,
    /// The letter's return path, to which the report goes. There is none for a letter whose return path is null.
    pub to: &'a Address,
    /// When the letter came to us.
    pub arrived: Timestamp,
    /// When the report is written.
    pub now: Timestamp,
    /// The fates; there is one at least.
    pub fates: &'a [Fate],
    /// The wishes of its sender.
    pub wishes: &'a LetterWishes,
    /// The letter.
    pub original: Original<'a>,
}
