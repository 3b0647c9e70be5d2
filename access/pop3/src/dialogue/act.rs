//! The messages between the dialogue and the loop that owns the connection.

use mail::Password;
use mail::stay::Leave;
use sasl::{Mechanism, Refusal};

use crate::maildrop::{DropEntry, Listing};
use crate::reply::Reply;

/// The next action of the conversation.
#[derive(Debug)]
pub enum Act {
    /// Say this and go on.
    Say(Reply),
    /// Say this, then these lines, then a dot.
    Show(Reply, Vec<String>),
    /// Say this, then the drop's listing of all its letters, then a dot.
    List(Reply, Listing),
    /// Say this, then send the letter, or its header and so many lines of its body; then a dot.
    Send {
        /// The reply that comes first.
        reply: Reply,
        /// The letter of the drop.
        letter: DropEntry,
        /// The lines of the body; `None` means all of it.
        lines: Option<u32>,
    },
    /// Say this, then begin TLS. Everything that the client has sent so far is forgotten.
    StartTls(Reply),
    /// Check whether these belong together; then open the drop and call [`Dialogue::let_in`](super::Dialogue::let_in),
    /// or [`Dialogue::refuse`](super::Dialogue::refuse).
    Check {
        /// The name as the client wrote it.
        name: String,
        /// The password as the client wrote it.
        password: Password,
    },
    /// The same by an exchange of lines.
    Authenticate {
        /// The mechanism of the exchange.
        mechanism: Mechanism,
        /// The initial response that came with the command.
        initial: Option<Password>,
    },
    /// Take the drop, remove the marked letters, say what came of it, and close.
    Update,
    /// Say this and close.
    Leave(Reply),
}

/// The reason why the log-in was refused.
#[derive(Debug)]
pub enum Shut {
    /// The log-in failed.
    Refused(Refusal),
    /// Another client has the drop.
    InUse,
    /// The drop could not be opened, perhaps only for now.
    Fault {
        /// True if the fault will pass by itself.
        temporary: bool,
    },
}

/// The events outside the dialogue that the client must learn of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A letter of the drop was taken off by another client.
    Gone,
    /// Its text is damaged or lost, for good.
    Damaged,
    /// The answer was not possible now.
    Unavailable,
    /// All marked letters are gone for good, and so is the client.
    Updated,
    /// Some of the marked letters are still there.
    NotUpdated,
    /// The program ends.
    Closing,
    /// The client's credential is no longer good, or somebody ended the conversation.
    Dismissed(Leave),
}

/// A command that has no place here.
pub(super) struct OutOfPlace(pub Reply);
