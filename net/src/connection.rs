//! A conversation: buffered reading and writing with limits and timeouts; it keeps no memory while nobody speaks.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use mail::stay::{Leave, SharedStay};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::{ClientTls, Error, Peer, ServerTls, Stream, TlsInfo};

/// The octets that one read from the socket returns.
const CHUNK: usize = 16 * 1024;
/// The output waits for more up to this size, then goes out.
const OUTPUT: usize = 16 * 1024;
/// A line may be this much too long before the peer is taken for an attacker.
const FLOOD: usize = 1024 * 1024;
/// The time for which a peer that does not close its side is still read.
const HEAR_OUT: Duration = Duration::from_secs(1);

/// A [`Stream`] with buffers. They are returned to the system whenever the conversation waits for its peer, so that an
/// idle connection costs next to nothing. Output is collected and sent when the conversation waits for input, so that
/// the answers to pipelined commands travel together. [`flush`](Self::flush) sends without reading. Every reading
/// function can be cancelled (in `select!`) without loss; so can `flush`. Once a person has logged in, every wait for
/// them ends as soon as they have to go: see [`stay_while`](Self::stay_while).
pub struct Connection {
    stream: Stream,
    input: BytesMut,
    output: BytesMut,
    read_timeout: Duration,
    write_timeout: Duration,
    /// The octets of an overlong line that were skipped so far.
    skipping: Option<usize>,
    /// The offset up to which `input` has been searched for a line end.
    searched: usize,
    /// True if TLS may still have some of the output and must be flushed.
    unflushed: bool,
    /// The time for which the person who has logged in may stay.
    stay: Option<SharedStay>,
}

impl Connection {
    /// Starts a conversation with timeouts of five minutes (RFC 5321 §4.5.3.2.7) for reading and writing.
    pub fn new(stream: Stream) -> Self {
        let five_minutes = Duration::from_secs(300);
        Self {
            stream,
            input: BytesMut::new(),
            output: BytesMut::new(),
            read_timeout: five_minutes,
            write_timeout: five_minutes,
            skipping: None,
            searched: 0,
            unflushed: false,
            stay: None,
        }
    }

    /// Sets the time that a line or a piece may take to arrive.
    pub fn set_read_timeout(&mut self, timeout: Duration) {
        self.read_timeout = timeout;
    }

    /// Sets the time for which the peer may accept nothing of our output.
    pub fn set_write_timeout(&mut self, timeout: Duration) {
        self.write_timeout = timeout;
    }

    /// Returns the connection below.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Limits the conversation of a peer that has logged in (see [`Stream::has_logged_in`]) to `stay`. From then on
    /// every wait for input, and every wait for room to send, ends with [`Error::Dismissed`] when the stay is over.
    /// Output that needs no wait is still sent: an earned answer, and the words of goodbye.
    pub fn stay_while(&mut self, stay: SharedStay) {
        self.stream.has_logged_in();
        self.stay = Some(stay);
    }

    /// Returns true if a person has logged in here.
    pub fn has_stay(&self) -> bool {
        self.stay.is_some()
    }

    /// Resolves when the person has to go, for work that takes long without waiting for them; never if nobody has
    /// logged in.
    pub fn dismissal(&self) -> impl Future<Output = Leave> + use<> {
        let stay = self.stay.clone();
        async move { end_of(stay.as_ref()).await }
    }

    /// Returns the reason if the person must go. The caller asks before each command: several may lie in
    /// [`buffered`](Self::buffered) already.
    pub fn must_leave(&self) -> Option<Leave> {
        self.stay.as_ref().and_then(|stay| stay.is_over())
    }

    /// Returns the other end.
    pub fn peer(&self) -> Peer {
        self.stream.peer()
    }

    /// Returns true if the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }

    /// Returns version and cipher inside TLS.
    pub fn tls_info(&self) -> Option<TlsInfo> {
        self.stream.tls_info()
    }

    // Reading.

    /// Returns the next line with its line end, whatever kind it is: everything up to and including LF. `most` counts
    /// the line end. At the end of the stream a line without end is dropped: [`Error::Closed`].
    pub async fn line(&mut self, most: usize) -> Result<Bytes, Error> {
        if let Some(taken) = self.take_line(most) {
            return taken;
        }
        let timeout = self.read_timeout;
        within(timeout, async {
            loop {
                self.fill_without_timeout().await?;
                if let Some(taken) = self.take_line(most) {
                    return taken;
                }
            }
        })
        .await
    }

    /// Returns the next piece of input, never empty and never more than `most` octets.
    pub async fn piece(&mut self, most: usize) -> Result<Bytes, Error> {
        if self.input.is_empty() {
            self.fill().await?;
        }
        let length = most.min(self.input.len());
        Ok(self.take(length))
    }

    /// Returns the octets that have arrived and were not taken yet.
    pub fn buffered(&self) -> &[u8] {
        &self.input
    }

    /// Takes the first `length` octets of the input (fewer if there are fewer).
    pub fn take(&mut self, length: usize) -> Bytes {
        self.searched = 0;
        self.input.split_to(length.min(self.input.len())).freeze()
    }

    /// Skips the first `length` octets of the input.
    pub fn consume(&mut self, length: usize) {
        self.searched = 0;
        self.input.advance(length.min(self.input.len()));
    }

    /// Sends the waiting output, then waits for more input. Returns the number of octets that came, never 0: the end of
    /// the stream is [`Error::Closed`]. The caller limits the octets that pile up in [`buffered`](Self::buffered).
    pub async fn fill(&mut self) -> Result<usize, Error> {
        let timeout = self.read_timeout;
        within(timeout, self.fill_without_timeout()).await
    }

    /// Resolves when the peer has sent something (or has gone), without a timeout: for waiting beside other events.
    pub async fn heard(&mut self) -> Result<(), Error> {
        if !self.input.is_empty() {
            return Ok(());
        }
        self.fill_without_timeout().await.map(drop)
    }

    async fn fill_without_timeout(&mut self) -> Result<usize, Error> {
        self.flush().await?;
        let stay = self.stay.clone();
        let count = tokio::select! {
            biased;
            leave = end_of(stay.as_ref()) => return Err(Error::Dismissed(leave)),
            count = poll_fn(|cx| self.poll_fill(cx)) => count?,
        };
        if count == 0 { Err(Error::Closed) } else { Ok(count) }
    }

    /// Reads into a buffer on the stack of this very call, so that waiting needs no buffer at all.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [const { MaybeUninit::<u8>::uninit() }; CHUNK];
        let mut chunk = ReadBuf::uninit(&mut space);
        if Pin::new(&mut self.stream).poll_read(cx, &mut chunk)?.is_pending() {
            if self.input.is_empty() {
                self.input = BytesMut::new();
            }
            return Poll::Pending;
        }
        self.input.extend_from_slice(chunk.filled());
        Poll::Ready(Ok(chunk.filled().len()))
    }

    fn take_line(&mut self, most: usize) -> Option<Result<Bytes, Error>> {
        if let Some(skipped) = self.skipping {
            return self.skip_line(skipped, most);
        }
        let end = self.input[self.searched..].iter().position(|&b| b == b'\n').map(|at| self.searched + at + 1);
        match end {
            Some(end) if end <= most => Some(Ok(self.take(end))),
            Some(end) => {
                self.consume(end);
                Some(Err(Error::LineTooLong(most)))
            }
            None if self.input.len() >= most => self.skip_line(0, most),
            None => {
                self.searched = self.input.len();
                None
            }
        }
    }

    /// Skips the rest of an overlong line, so that the next line is a line.
    fn skip_line(&mut self, skipped: usize, most: usize) -> Option<Result<Bytes, Error>> {
        let end = self.input.iter().position(|&b| b == b'\n');
        let thrown = end.map_or(self.input.len(), |at| at + 1);
        self.consume(thrown);
        if end.is_some() {
            self.skipping = None;
            return Some(Err(Error::LineTooLong(most)));
        }
        self.skipping = Some(skipped + thrown);
        if skipped + thrown > FLOOD { Some(Err(Error::Flood)) } else { None }
    }

    // Writing.

    /// Adds to the output; sends only when much has gathered.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() >= OUTPUT {
            return self.send(bytes).await;
        }
        if self.output.len() + bytes.len() > OUTPUT {
            self.flush().await?;
        }
        self.output.extend_from_slice(bytes);
        Ok(())
    }

    /// Sends the waiting output, to the last octet.
    pub async fn flush(&mut self) -> Result<(), Error> {
        if self.output.is_empty() && !self.unflushed {
            return Ok(());
        }
        self.send(&[]).await
    }

    /// Ends the conversation: sends the waiting output, says goodbye in TLS, closes our side, and reads from the peer
    /// for a moment. Takes a few seconds at most.
    pub async fn close(mut self) {
        self.write_timeout = self.write_timeout.min(Duration::from_secs(5));
        if self.flush().await.is_err() {
            return;
        }
        if let Ok(Ok(())) = tokio::time::timeout(self.write_timeout, self.stream.shutdown()).await {
            let _ = tokio::time::timeout(HEAR_OUT, self.hear_out()).await;
        }
    }

    /// Closing a socket with unread input resets it, and the peer loses our last words. So the rest that an interrupted
    /// peer still sends is read and thrown away.
    async fn hear_out(&mut self) {
        let mut heard = 0;
        while heard < FLOOD {
            self.input.clear();
            match poll_fn(|cx| self.poll_fill(cx)).await {
                Ok(0) | Err(_) => return,
                Ok(count) => heard += count,
            }
        }
    }

    /// Sends the output and then `more`, both in one system call if the system takes them.
    async fn send(&mut self, mut more: &[u8]) -> Result<(), Error> {
        let (timeout, stay) = (self.write_timeout, self.stay.clone());
        self.unflushed = true;
        while !self.output.is_empty() || !more.is_empty() {
            let sending = unless_over(stay.as_ref(), poll_fn(|cx| self.poll_send(cx, more)));
            let wrote = within(timeout, sending).await?;
            let from_output = wrote.min(self.output.len());
            self.output.advance(from_output);
            more = more.get(wrote - from_output..).unwrap_or_default();
        }
        self.output = BytesMut::new();
        let flushing = poll_fn(|cx| Pin::new(&mut self.stream).poll_flush(cx).map_err(Error::from));
        within(timeout, unless_over(stay.as_ref(), flushing)).await?;
        self.unflushed = false;
        Ok(())
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, more: &[u8]) -> Poll<Result<usize, Error>> {
        let pieces = [IoSlice::new(&self.output), IoSlice::new(more)];
        match ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, &pieces))? {
            0 => Poll::Ready(Err(Error::Closed)),
            wrote => Poll::Ready(Ok(wrote)),
        }
    }

    // TLS.

    /// Turns TLS on, as the server. Octets that the client sent in clear after STARTTLS are thrown away unread: an
    /// attacker in between may have injected them (RFC 3207 §4.2, CVE-2011-0411).
    pub async fn start_tls_server(mut self, tls: &ServerTls) -> Result<Self, Error> {
        self.flush().await?;
        let stream = self.stream.start_tls_server(tls).await?;
        Ok(Self { read_timeout: self.read_timeout, write_timeout: self.write_timeout, ..Self::new(stream) })
    }

    /// Turns TLS on, as the client of the server `name`. Octets that the server sent in clear before are thrown away.
    pub async fn start_tls_client(mut self, tls: &ClientTls, name: &str) -> Result<Self, Error> {
        self.flush().await?;
        let stream = self.stream.start_tls_client(tls, name).await?;
        Ok(Self { read_timeout: self.read_timeout, write_timeout: self.write_timeout, ..Self::new(stream) })
    }
}

/// Resolves at the end of the stay; never if there is none.
async fn end_of(stay: Option<&SharedStay>) -> Leave {
    match stay {
        Some(stay) => stay.over().await,
        None => std::future::pending().await,
    }
}

/// Runs work until the stay ends: work that needs no wait is finished in any case.
async fn unless_over<T>(stay: Option<&SharedStay>, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::select! {
        biased;
        done = work => done,
        leave = end_of(stay) => Err(Error::Dismissed(leave)),
    }
}

async fn within<T>(timeout: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(timeout, work).await.unwrap_or(Err(Error::TimedOut))
}
