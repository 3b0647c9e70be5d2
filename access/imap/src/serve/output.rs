//! Where answers are written: a buffer with back-pressure, so that a slow reader holds up nobody but itself.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Beyond this many octets [`Output::breathe`] sends what is there.
const FULL: usize = 32 * 1024;

/// Answers on their way to the client.
///
/// Write into [`Output::buffer`] with the functions of `codec::write`, and call [`Output::breathe`] after each
/// response: it sends when the buffer is full, and waits while the client does not take it.
pub struct Output<'a> {
    buffer: Vec<u8>,
    sink: &'a mut (dyn AsyncWrite + Unpin + Send),
    patience: Duration,
}

impl<'a> Output<'a> {
    /// An empty one. A client that takes nothing for `patience` is given up.
    pub fn new(sink: &'a mut (dyn AsyncWrite + Unpin + Send), patience: Duration) -> Self {
        Self { buffer: Vec::new(), sink, patience }
    }

    /// What is not yet sent: append to it.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Appends a whole response line, for short ones: `out.line("* 3 EXISTS")`.
    pub fn line(&mut self, line: &str) {
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// Sends if there is much to send.
    pub async fn breathe(&mut self) -> io::Result<()> {
        if self.buffer.len() >= FULL { self.send().await } else { Ok(()) }
    }

    /// Sends bytes that would be copied for nothing otherwise: what is in the buffer first, then these.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() < FULL / 2 {
            self.buffer.extend_from_slice(bytes);
            return self.breathe().await;
        }
        self.send().await?;
        put(self.sink, bytes, self.patience).await
    }

    /// Sends all there is.
    pub async fn send(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            put(self.sink, &self.buffer, self.patience).await?;
            self.buffer.clear();
            // One huge response must not leave its buffer behind for the life of the connection.
            self.buffer.shrink_to(2 * FULL);
        }
        tokio::time::timeout(self.patience, self.sink.flush()).await?
    }
}

/// The wait is for progress, not for the whole: a large letter over a slow line is no fault.
async fn put(sink: &mut (dyn AsyncWrite + Unpin + Send), mut bytes: &[u8], patience: Duration) -> io::Result<()> {
    while !bytes.is_empty() {
        let taken = tokio::time::timeout(patience, sink.write(bytes)).await??;
        if taken == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = bytes.get(taken..).unwrap_or_default();
    }
    Ok(())
}
