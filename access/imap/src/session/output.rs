//! The output of a conversation: a buffer with back-pressure, so that a slow reader holds up nobody but itself.

use net::{Connection, Error};

/// Beyond this many octets [`Output::breathe`] sends the buffer.
const FULL: usize = 32 * 1024;

/// The answers on their way to the client. Commands write into [`Output::buffer`] with the functions of `codec::write`,
/// and call [`Output::breathe`] after each response: it sends when the buffer is full, and waits while the client does
/// not take it.
pub struct Output<'a> {
    buffer: Vec<u8>,
    connection: Option<&'a mut Connection>,
    /// True if some of it is on its way.
    begun: bool,
}

impl<'a> Output<'a> {
    /// Writes to a client. A client that takes nothing within the patience of `connection` is given up.
    pub fn new(connection: &'a mut Connection) -> Self {
        Self { buffer: Vec::new(), connection: Some(connection), begun: false }
    }

    /// Writes to nobody: the output stays in the buffer.
    #[cfg(test)]
    pub fn collecting() -> Self {
        Self { buffer: Vec::new(), connection: None, begun: false }
    }

    /// Returns the octets that are not sent yet: append to them.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Appends a whole response line, for short ones: `out.line("* 3 EXISTS")`.
    pub fn line(&mut self, line: &str) {
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// Returns true if some of it has been sent to the client.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Sends if there is much to send.
    pub async fn breathe(&mut self) -> Result<(), Error> {
        if self.buffer.len() >= FULL { self.go_on().await } else { Ok(()) }
    }

    /// Sends the buffer, and stops here if the client has to go: nothing more is read for it.
    async fn go_on(&mut self) -> Result<(), Error> {
        if let Some(leave) = self.connection.as_ref().and_then(|connection| connection.must_leave()) {
            return Err(Error::Dismissed(leave));
        }
        self.pass_on().await
    }

    /// Sends bytes without a needless copy: first the buffer, then these bytes.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() < FULL / 2 || self.connection.is_none() {
            self.buffer.extend_from_slice(bytes);
            return self.breathe().await;
        }
        self.go_on().await?;
        match &mut self.connection {
            Some(connection) => {
                self.begun = true;
                connection.write(bytes).await
            }
            None => Ok(()),
        }
    }

    /// Hands the buffer to the connection, which sends it at the latest when it waits for the client.
    pub async fn pass_on(&mut self) -> Result<(), Error> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        self.begun |= !self.buffer.is_empty();
        connection.write(&self.buffer).await?;
        self.buffer.clear();
        // One huge response must not leave its buffer behind.
        self.buffer.shrink_to(2 * FULL);
        Ok(())
    }

    /// Sends the buffer now.
    pub async fn send(&mut self) -> Result<(), Error> {
        self.pass_on().await?;
        match &mut self.connection {
            Some(connection) => connection.flush().await,
            None => Ok(()),
        }
    }
}
