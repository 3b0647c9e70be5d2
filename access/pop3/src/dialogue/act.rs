//! What passes between the dialogue and the loop that owns the connection.

use mail::Password;
use mail::stay::Leave;
use sasl::{Mechanism, Refusal};

use crate::maildrop::{DropEntry, Listing};
use crate::reply::Reply;

/// What a client can do to come in.
#[derive(Clone, Copy, Debug)]
pub struct Entrance {
    /// STLS can be used.
    pub start_tls: bool,
    /// Log-ins are taken: the line is encrypted, or need not be.
    pub log_in: bool,
}

/// What is to be done.
#[derive(Debug)]
pub enum Act {
    /// Say this and go on.
    Say(Reply),
    /// Say this, then these lines, then a dot.
    Show(Reply, Vec<String>),
    /// Say this, then what the drop tells of all its letters, then a dot.
    List(Reply, Listing),
    /// Say this, then send the letter, or its header and so many lines of its body; then a dot.
    Send {
        /// Said first.
        reply: Reply,
        /// Of the drop.
        letter: DropEntry,
        /// Of the body; none: all of it.
        lines: Option<u32>,
    },
    /// Say this, then begin TLS. Nothing that the client sent until now counts any more.
    StartTls(Reply),
    /// Find out whether these belong together; then open the drop and call [`Dialogue::let_in`](super::Dialogue::let_in), or
    /// [`Dialogue::refuse`](super::Dialogue::refuse).
    Check {
        /// As the client gave it.
        name: String,
        /// As the client gave it.
        password: Password,
    },
    /// The same by an exchange of lines.
    Authenticate {
        /// Which exchange.
        mechanism: Mechanism,
        /// What came already.
        initial: Option<Password>,
    },
    /// Take the drop, remove what is marked, say what came of it, and close.
    Update,
    /// Say this and close.
    Leave(Reply),
}

/// Why the door stays shut.
#[derive(Debug)]
pub enum Shut {
    /// The log-in failed.
    Refused(Refusal),
    /// Another client has the drop.
    InUse,
    /// The drop could not be opened; can it be later?
    Fault {
        /// It will pass by itself.
        temporary: bool,
    },
}

/// What happens outside the dialogue, and has to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A letter of the drop was taken off by another client.
    Gone,
    /// Its text is damaged or lost, for good.
    Damaged,
    /// It could not be done now.
    Unavailable,
    /// All that was marked is gone for good, and so is the client.
    Updated,
    /// Not all that was marked is gone.
    NotUpdated,
    /// The program ends.
    Closing,
    /// What let the client in is no longer good, or somebody ended the conversation.
    Dismissed(Leave),
}

/// A command that has no place here.
pub(super) struct OutOfPlace(pub Reply);
