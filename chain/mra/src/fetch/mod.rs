//! One fetch of one source, from the connection to the last letter.

mod breaks;
mod doubtful;
mod flags;
mod folders;
mod furnish;
mod imap;
mod labels;
mod left;
mod list;
mod look;
mod pop3;
mod pull;
mod sweep;

use std::sync::Arc;

pub(crate) use folders::readable;
use mail::Timestamp;
use net::{Budget, Owner, Share, Shutdown};
use store::Store;

use crate::credential::Credential;
use crate::destination::Destination;
use crate::endpoint::Endpoint;
use crate::ledger::{self, Source};
use crate::place::Protocol;
use crate::progress::{Listener, Round};
use crate::{Fault, imap::Client};

/// The means that a fetch works with.
#[derive(Clone)]
pub struct Means {
    /// The store that keeps the knowledge of the source.
    pub store: Store,
    /// The way to the server.
    pub endpoint: Endpoint,
    /// The destination of the letters.
    pub destination: Arc<dyn Destination>,
    /// The listener that hears how the fetch goes.
    pub listener: Arc<dyn Listener>,
    /// When to end.
    pub shutdown: Shutdown,
    /// The memory for letters on their way in.
    pub memory: Budget,
    /// The owner of the memory that the fetch uses: the source.
    pub owner: Owner,
    /// Ask for little at a time: the server has complained.
    pub gently: bool,
    /// The time at which somebody asked for this fetch; letters that were left there are tried again then, however
    /// short ago they failed. `None`: the fetch runs because it is time.
    pub asked: Option<Timestamp>,
}

impl Means {
    /// A part of the memory for letters of this source, with nothing in it yet.
    fn share(&self) -> Share {
        self.memory.share_of(self.owner)
    }

    /// Waits; an error says that we were asked to end meanwhile.
    async fn sleep(&self, pause: std::time::Duration) -> Result<(), Fault> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.shutdown.requested() => Err(Fault::Ended),
        }
    }

    /// Sums up what a finished round has left there.
    async fn sum_up(&self, source: &Source) -> Result<Round, Fault> {
        let id = source.id;
        let ledger::Vain { all, fresh } = self.store.read(move |view| ledger::vain(view, id)).await?;
        Ok(Round { vain: all, fresh })
    }
}

/// Brings all new letters, once. Letters that could not be had are written down and counted; an error says that the
/// round did not come to its end.
pub async fn fetch(means: &Means, source: &Source, credential: &Credential) -> Result<Round, Fault> {
    match source.settings.mailbox.protocol {
        Protocol::Imap => {
            let mut session = Session::open(means, source, credential).await?;
            let round = session.fetch_all().await?;
            session.close().await;
            Ok(round)
        }
        Protocol::Pop3 => pop3::fetch(means, source, credential).await,
    }
}

/// A conversation with an IMAP server, for as many rounds as it lasts.
pub struct Session<'a> {
    means: &'a Means,
    source: &'a Source,
    /// The credential to connect again with.
    credential: Credential,
    client: Client,
    /// The breaks of this round.
    breaks: breaks::Breaks,
    /// UIDNEXT and the number of letters of INBOX, before its letters were fetched.
    inbox: Option<(Option<u32>, u32)>,
    /// The last wait for news ended before it began.
    hurried: bool,
}
