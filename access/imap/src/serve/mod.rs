//! The conversation: the loop around a connection, the log-in, and what the commands are given.

mod answer;
mod capability;
mod conversation;
mod entry;
mod fault;
mod idle;
mod letters;
mod output;
mod server;
mod session;

use std::sync::Arc;

use net::Stream;

pub use answer::{Answer, Code, Done, Halt};
pub use output::Output;
pub use server::{Server, Timeouts};
pub use session::{Enabled, Session};

/// The IMAP doors: the one on port 143 and the one that begins with TLS.
#[derive(Clone)]
pub struct Imap(Arc<Server>);

impl Imap {
    /// Doors to the mail of `server`.
    pub fn new(server: Server) -> Self {
        Self(Arc::new(server))
    }

    /// One conversation, from greeting to goodbye.
    pub async fn converse(self, stream: Stream) {
        conversation::converse(self.0, stream).await;
    }
}
