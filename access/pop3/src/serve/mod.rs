//! The conversation: the loop around a connection, the log-in, and the work on the store.

mod ahead;
mod conversation;
mod entry;
mod locks;
mod send;
mod server;
mod update;

use std::sync::Arc;

use net::Stream;

pub use server::{Server, Timeouts};

/// The POP3 doors: the one on port 110 and the one that begins with TLS.
#[derive(Clone)]
pub struct Pop3(Arc<Server>);

impl Pop3 {
    /// Makes doors to the mail of `server`.
    pub fn new(server: Server) -> Self {
        Self(Arc::new(server))
    }

    /// Serves one conversation, from greeting to goodbye.
    pub async fn converse(self, stream: Stream) {
        conversation::converse(self.0, stream).await;
    }
}
