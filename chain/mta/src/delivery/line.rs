//! One conversation with another server: commands out, replies in, each within its time.

use std::time::Duration;

use mail::Reply;
use net::{Connection, Error};
use smtp::{Capabilities, Command, ReplyError, ReplyReader};

use crate::route::Protocol;

/// Why a conversation is over.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The connection.
    #[error("{0}")]
    Net(#[from] Error),
    /// What came was no reply.
    #[error("{0}")]
    Reply(#[from] ReplyError),
}

/// An open conversation.
pub struct Line {
    connection: Connection,
    reader: ReplyReader,
    /// What the server offers.
    pub offers: Capabilities,
    /// The server as reports and logs name it: `mx.beta.test (192.0.2.1)`.
    pub host: String,
    /// What is spoken.
    pub protocol: Protocol,
}

impl Line {
    /// Over a fresh connection, before the greeting.
    pub fn new(connection: Connection, host: String, protocol: Protocol) -> Self {
        Self { connection, reader: ReplyReader::new(), offers: Capabilities::default(), host, protocol }
    }

    /// Adds a command to what goes out with the next flush.
    pub async fn write(&mut self, command: &Command) -> Result<(), Lost> {
        let mut bytes = Vec::with_capacity(80);
        command.encode(&mut bytes);
        Ok(self.connection.write(&bytes).await?)
    }

    /// Adds bytes to what goes out.
    pub async fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        Ok(self.connection.write(bytes).await?)
    }

    /// The next reply, whole, within `wait`: a server that sends a line now and then must end some time too.
    pub async fn reply(&mut self, wait: Duration) -> Result<Reply, Lost> {
        let connection = &mut self.connection;
        let reader = &mut self.reader;
        let read = async {
            loop {
                let (taken, reply) = reader.read(connection.buffered())?;
                connection.consume(taken);
                match reply {
                    Some(reply) => return Ok(reply),
                    None => connection.fill().await.map(drop)?,
                }
            }
        };
        tokio::time::timeout(wait, read).await.unwrap_or(Err(Lost::Net(Error::TimedOut)))
    }

    /// Says a command and waits for its reply.
    pub async fn ask(&mut self, command: &Command, wait: Duration) -> Result<Reply, Lost> {
        self.write(command).await?;
        self.reply(wait).await
    }

    /// Says a line as it is and waits for its reply.
    pub async fn ask_line(&mut self, line: &str, wait: Duration) -> Result<Reply, Lost> {
        self.connection.write(line.as_bytes()).await?;
        self.connection.write(b"\r\n").await?;
        self.reply(wait).await
    }

    /// Is the conversation encrypted?
    pub fn is_tls(&self) -> bool {
        self.connection.is_tls()
    }

    /// Version of TLS; empty in clear.
    pub fn tls_version(&self) -> &'static str {
        self.connection.tls_info().map_or("", |tls| tls.version)
    }

    /// Is the other end on this machine?
    pub fn is_loopback(&self) -> bool {
        self.connection.peer().ip().is_loopback()
    }

    /// Goes on inside TLS; everything said before is forgotten (RFC 3207 §4.2).
    pub async fn start_tls(self, tls: &net::ClientTls, name: &str) -> Result<Self, Lost> {
        let connection = self.connection.start_tls_client(tls, name).await?;
        Ok(Self::new(connection, self.host, self.protocol))
    }

    /// Says goodbye, and does not wait long for the answer (RFC 5321 §4.1.1.10).
    pub async fn quit(mut self) {
        if self.ask(&Command::Quit, Duration::from_secs(2)).await.is_ok() {
            self.connection.close().await;
        }
    }
}
