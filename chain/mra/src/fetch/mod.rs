//! One fetch of one source, from the connection to the last letter.

mod flags;
mod folders;
mod imap;
mod list;
mod pop3;
mod pull;
mod sweep;

use std::sync::Arc;

use net::{Budget, Owner, Share, Shutdown};
use store::Store;

use crate::credential::Credential;
use crate::home::Home;
use crate::ledger::Source;
use crate::place::Protocol;
use crate::progress::Listener;
use crate::way::Way;
use crate::{Fault, imap::Client};

/// What a fetch works with.
#[derive(Clone)]
pub struct Means {
    /// Where what is known of the source is kept.
    pub store: Store,
    /// The way to the server.
    pub way: Way,
    /// Where letters go.
    pub home: Arc<dyn Home>,
    /// Who hears how it goes.
    pub listener: Arc<dyn Listener>,
    /// When to end.
    pub shutdown: Shutdown,
    /// The memory for letters on their way in.
    pub memory: Budget,
    /// Whose part of the memory it is: that of the source.
    pub owner: Owner,
    /// Ask for little at a time: the server has complained.
    pub gently: bool,
}

impl Means {
    /// A part of the memory for letters of this source, with nothing in it yet.
    fn share(&self) -> Share {
        self.memory.share_of(self.owner)
    }
}

/// Brings all that is new, once.
pub async fn fetch(means: &Means, source: &Source, credential: &Credential) -> Result<(), Fault> {
    match source.settings.mailbox.protocol {
        Protocol::Imap => {
            let mut session = Session::open(means, source, credential).await?;
            session.fetch_all().await?;
            session.close().await;
            Ok(())
        }
        Protocol::Pop3 => pop3::fetch(means, source, credential).await,
    }
}

/// A conversation with an IMAP server, for as many rounds as it lasts.
pub struct Session<'a> {
    means: &'a Means,
    source: &'a Source,
    client: Client,
    /// UIDNEXT and the number of letters of INBOX, before its letters were fetched.
    inbox: Option<(Option<u32>, u32)>,
    /// The last wait for news ended before it began.
    hurried: bool,
}
