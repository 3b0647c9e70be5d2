//! The context of a logged-in client: each command function gets it, and answers with it.
//!
//! The commands need this and nothing of the loop that calls them ([`crate::serve`]).

mod answer;
mod fault;
mod output;
mod server;

use mailbox::Access;
use std::sync::Arc;

use mail::seam::Login;

use crate::selected::Selected;

pub use answer::{Answer, Code, Done, Halt, Status};
pub use output::Output;
pub use server::{Server, Timeouts};

/// The extensions that `ENABLE` (or a command that implies it) has switched on. Nothing is ever switched off again (RFC
/// 5161 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enabled {
    /// `IMAP4rev2`: ESEARCH answers, UTF-8 names, no RECENT.
    pub rev2: bool,
    /// `CONDSTORE`: MODSEQ in every untagged FETCH.
    pub condstore: bool,
    /// `QRESYNC`: VANISHED instead of EXPUNGE. Implies `condstore`.
    pub qresync: bool,
    /// `UTF8=ACCEPT` (RFC 6855).
    pub utf8: bool,
}

impl Enabled {
    /// Returns true if the names of folders are written in UTF-8.
    pub fn utf8_names(self) -> bool {
        self.rev2 || self.utf8
    }
}

impl Session {
    /// Returns the access to the mailbox of the person that has logged in.
    pub fn access(&self) -> Access {
        Access::own(self.login.account)
    }

    /// Returns the person for whom the store is read.
    pub fn asker(&self) -> store::Asker {
        self.access().asker()
    }
}

/// A logged-in client.
pub struct Session {
    /// The server of the client: store, limits.
    pub server: Arc<Server>,
    /// The person that has logged in.
    pub login: Login,
    /// The extensions that the client has enabled.
    pub enabled: Enabled,
    /// The tag of the command that is running: ESEARCH repeats it (RFC 9051 §7.3.4).
    pub tag: Box<str>,
    /// The folder it has selected.
    pub selected: Option<Box<Selected>>,
}
