//! What is written down of a letter on its way: one [`Step`] a decision. Facts only; the words for them are made where a
//! person reads them, in their language.

use serde::{Deserialize, Serialize};

use crate::{LetterId, Timestamp};

/// One thing that happened to a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The letter.
    pub letter: LetterId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// The links of the chain, as a history names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Link {
    /// Submission: one of our people wrote it.
    Msa,
    /// Reception from another server.
    Mta,
    /// The door for a mail server in front of us (LMTP).
    Lmtp,
    /// Fetched from a mailbox elsewhere.
    Mra,
    /// Made in the house: a bounce, `facteur send`.
    House,
    /// Put there by a mail client (APPEND), or by import.
    Client,
    /// Read over IMAP.
    Imap,
    /// Read over POP3.
    Pop3,
    /// Read over JMAP or on the web pages.
    Jmap,
}

/// What happened. Stored by the order of the variants and of their fields: new ones go to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// It came in and we took charge of it.
    Received(Arrival),
    /// It came in and was refused; nothing was kept.
    Refused {
        /// How it came.
        arrival: Arrival,
        /// What the sender was told.
        reply: String,
    },
    /// A check or a rule decided something about it.
    Judged {
        /// Whose copy it is about.
        recipient: String,
        /// Which check: `spf`, `spam`, `sieve`, …
        by: String,
        /// Its decision.
        decision: String,
        /// Why, in words.
        reason: String,
    },
    /// It lies in a mailbox of ours.
    Filed {
        /// The mailbox.
        account: i64,
        /// The address it came under.
        recipient: String,
        /// The folder.
        folder: String,
    },
    /// It could not be filed for this person.
    NotFiled {
        /// The address it came under.
        recipient: String,
        /// What was answered.
        reply: String,
    },
    /// It waits to be carried to others.
    Queued {
        /// To whom.
        recipients: Vec<String>,
    },
    /// We tried to hand it to a server, a program or a folder.
    Attempt(Attempt),
    /// The sender was told what became of it.
    Reported {
        /// Whom we wrote to.
        to: String,
        /// The name of the report, which has a history of its own.
        report: String,
    },
    /// The postmaster did something to it in the queue.
    Desk {
        /// What.
        act: DeskAct,
        /// To which recipient.
        recipient: String,
    },
    /// It was opened.
    Read {
        /// The mailbox.
        account: i64,
        /// Through which door.
        door: Link,
    },
    /// It was taken off by its owner.
    Removed {
        /// The mailbox.
        account: i64,
        /// Through which door.
        door: Link,
    },
}

/// How a letter came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Through which link.
    pub by: Option<Link>,
    /// The address the peer connected from, or the source it was fetched from.
    pub peer: String,
    /// What the peer called itself.
    pub hello: String,
    /// Version and cipher, inside TLS.
    pub tls: String,
    /// Who had logged in.
    pub login: String,
    /// The return path; empty for a report.
    pub return_path: String,
    /// The recipients on the envelope.
    pub recipients: Vec<String>,
    /// Its Message-ID, without brackets.
    pub message_id: String,
    /// Octets.
    pub size: u64,
}

/// One try to hand a letter on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// To whom.
    pub recipient: String,
    /// The server, program or folder; empty where none was reached.
    pub by: String,
    /// What it answered, or what we found.
    pub said: String,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// The version of TLS it went through; empty in clear.
    pub tls: String,
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptOutcome {
    /// It has arrived.
    Delivered,
    /// It is tried again.
    Later,
    /// It is given up.
    Failed,
}

/// What the postmaster does at the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeskAct {
    /// Keeps it back.
    Held,
    /// Lets it go.
    Released,
    /// Has it tried now.
    Retried,
    /// Takes it off.
    Dropped,
}
