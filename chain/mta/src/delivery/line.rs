//! One conversation with another server: commands out, replies in, each within its time.

use std::net::IpAddr;
use std::time::Duration;

use mail::{Finding, Reply};
use net::{Connection, Error};
use smtp::{Capabilities, Command, ReplyError, ReplyReader};

use super::rooms::{Room, SentAway};
use crate::route::Protocol;

/// The reason why a conversation is over.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The connection.
    #[error("{0}")]
    Net(#[from] Error),
    /// The server sent something that is no reply.
    #[error("{0}")]
    Reply(#[from] ReplyError),
    /// Others waited for the room that the silence took.
    #[error("no answer for {} seconds, while others waited", .0.as_secs())]
    SentAway(Duration),
}

impl From<SentAway> for Lost {
    fn from(SentAway(waited): SentAway) -> Self {
        Self::SentAway(waited)
    }
}

/// An open conversation.
pub struct Line {
    connection: Connection,
    reader: ReplyReader,
    /// The capabilities that the server offers.
    pub offers: Capabilities,
    /// The server as reports and logs name it: `mx.beta.test (192.0.2.1)`.
    pub host: String,
    /// The address of ours that it leaves from, for the history of the letters.
    pub source: Option<Finding>,
    /// The protocol of the line.
    pub protocol: Protocol,
    /// Held as long as the conversation goes on.
    room: Room,
}

impl Line {
    /// Over a fresh connection, before the greeting.
    pub fn new(connection: Connection, host: String, protocol: Protocol, room: Room) -> Self {
        Self {
            connection,
            reader: ReplyReader::new(),
            offers: Capabilities::default(),
            host,
            source: None,
            protocol,
            room,
        }
    }

    /// The address at the other end.
    pub fn ip(&self) -> IpAddr {
        self.connection.peer().ip()
    }

    /// Others need the room of this conversation.
    pub fn should_end(&self) -> bool {
        self.room.is_lent()
    }

    /// Adds a command to the octets of the next flush.
    pub async fn write(&mut self, command: &Command) -> Result<(), Lost> {
        let mut bytes = Vec::with_capacity(80);
        command.encode(&mut bytes);
        Ok(self.connection.write(&bytes).await?)
    }

    /// Adds bytes of a letter to the octets of the next flush. A slow network is no silence: nobody is sent away for
    /// it.
    pub async fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        Ok(self.room.wait_for_all_of(self.connection.write(bytes)).await?)
    }

    /// The next reply, whole, within `wait`: a server that sends a line now and then must end some time too. It comes
    /// sooner to an end when others wait for the room.
    pub async fn reply(&mut self, wait: Duration) -> Result<Reply, Lost> {
        let read = read_reply(&mut self.connection, &mut self.reader);
        let answered = self.room.wait_for(tokio::time::timeout(wait, read)).await?;
        answered.unwrap_or(Err(Lost::Net(Error::TimedOut)))
    }

    /// Returns the reply to the whole letter, within `wait`, whoever waits for the room.
    pub async fn last_reply(&mut self, wait: Duration) -> Result<Reply, Lost> {
        let read = read_reply(&mut self.connection, &mut self.reader);
        let answered = self.room.wait_for_all_of(tokio::time::timeout(wait, read)).await;
        answered.unwrap_or(Err(Lost::Net(Error::TimedOut)))
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

    /// Returns true if the conversation is encrypted.
    pub fn is_tls(&self) -> bool {
        self.connection.is_tls()
    }

    /// Version of TLS; empty in clear.
    pub fn tls_version(&self) -> &'static str {
        self.connection.tls_info().map_or("", |tls| tls.version)
    }

    /// Returns true if the other end is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.connection.peer().ip().is_loopback()
    }

    /// Goes on inside TLS; everything said before is forgotten (RFC 3207 §4.2).
    pub async fn start_tls(self, tls: &net::ClientTls, name: &str) -> Result<Self, Lost> {
        let connection = self.room.wait_for(self.connection.start_tls_client(tls, name)).await??;
        Ok(Self::new(connection, self.host, self.protocol, self.room))
    }

    /// Says goodbye, and does not wait long for the answer (RFC 5321 §4.1.1.10).
    pub async fn quit(mut self) {
        if self.ask(&Command::Quit, Duration::from_secs(2)).await.is_ok() {
            self.connection.close().await;
        }
    }
}

async fn read_reply(connection: &mut Connection, reader: &mut ReplyReader) -> Result<Reply, Lost> {
    loop {
        let (taken, reply) = reader.read(connection.buffered())?;
        connection.consume(taken);
        match reply {
            Some(reply) => return Ok(reply),
            None => connection.fill().await.map(drop)?,
        }
    }
}
