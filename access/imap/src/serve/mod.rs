//! The conversation: the loop around a connection, and the log-in.

mod capability;
mod conversation;
mod entry;
mod idle;
mod letters;
mod run;

use std::sync::Arc;

use net::Stream;

use crate::session::Server;

/// The IMAP doors: the one on port 143 and the one that begins with TLS.
#[derive(Clone)]
pub struct Imap(Arc<Server>);

impl Imap {
    /// Makes doors to the mail of `server`.
    pub fn new(server: Server) -> Self {
        Self(Arc::new(server))
    }

    /// Serves one conversation, from greeting to goodbye.
    pub async fn converse(self, stream: Stream) {
        run::converse(self.0, stream).await;
    }
}
