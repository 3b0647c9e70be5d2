//! The time that a person may stay logged in: as long as their credential is good.
//!
//! A changed password, an ended session or a removed account also ends the conversations that were opened with it. Each
//! conversation of a person holds a [`Stay`], checks it before each command, and waits for its end beside whatever else
//! it waits for.

use std::sync::Arc;

use crate::seam::Pending;

/// The proof that let a person in, as the directory recognises it. It lets nobody in, and nobody learns from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Proof {
    /// No proof is known: the person stays as long as their account exists.
    #[default]
    Unknown,
    /// The password that they had then, by the number of its last change.
    Password(i64),
    /// A session of the pages, by its number.
    Session(i64),
}

/// A connected client's occupation, for a list of all who are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doing {
    /// An IMAP conversation.
    Imap,
    /// A POP3 conversation.
    Pop3,
    /// An SMTP conversation of a person who has logged in.
    Submission,
    /// A JMAP event source.
    Events,
    /// A JMAP request.
    Request,
    /// Something goes out over HTTP, perhaps slowly.
    Download,
    /// Something comes in over HTTP, perhaps slowly.
    Upload,
}

impl Doing {
    /// Returns its name for programs: `imap`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Submission => "submission",
            Self::Events => "events",
            Self::Request => "request",
            Self::Download => "download",
            Self::Upload => "upload",
        }
    }
}

/// The reason why a person has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Their password is another now.
    NewPassword,
    /// The session was ended: the person logged out, or somebody ended it for them.
    SessionEnded,
    /// Their account is gone.
    AccountGone,
    /// The administrator ended this conversation. They may come back.
    Dismissed,
}

impl Leave {
    /// Returns true if the proof is no longer good, so that the person has to log in with another.
    pub fn is_for_good(self) -> bool {
        !matches!(self, Self::Dismissed)
    }
}

/// The stay of one person in one conversation. Dropped when the conversation is over.
pub trait Stay: Send + Sync {
    /// Resolves when they have to go; immediately if they have to already. Can be dropped while it waits.
    fn over(&self) -> Pending<'_, Leave>;

    /// Returns the reason if they have to go.
    fn is_over(&self) -> Option<Leave>;
}

/// A stay that conversations share with the values they are made of.
pub type SharedStay = Arc<dyn Stay>;

/// A stay without end, for people whom nobody watches over.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForEver;

impl Stay for ForEver {
    fn over(&self) -> Pending<'_, Leave> {
        Box::pin(std::future::pending())
    }

    fn is_over(&self) -> Option<Leave> {
        None
    }
}
