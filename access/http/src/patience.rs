//! Limits the waits for peers that send nothing more, and for peers that take nothing more.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use net::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// The timer of a bounded wait. It runs only while somebody waits.
struct Wait {
    most: Duration,
    running: Option<Pin<Box<Sleep>>>,
}

impl Wait {
    fn new(most: Duration) -> Self {
        Self { most, running: None }
    }

    /// Stops the clock: the event that the caller waited for has come.
    fn over(&mut self) {
        self.running = None;
    }

    /// Checks if the event is too late: it has not come yet.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let most = self.most;
        self.running.get_or_insert_with(|| Box::pin(sleep(most))).as_mut().poll(cx)
    }
}

/// A stream whose peer must take what is sent to it. Reading is timed elsewhere: the header by hyper, a body by
/// [`PatientBody`].
pub struct PatientStream {
    stream: Stream,
    wait: Wait,
}

impl PatientStream {
    /// Wraps a stream; a write may wait for `most`.
    pub fn new(stream: Stream, most: Duration) -> Self {
        Self { stream, wait: Wait::new(most) }
    }

    fn timed<T>(&mut self, outcome: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        match outcome {
            Poll::Ready(done) => {
                self.wait.over();
                Poll::Ready(done)
            }
            Poll::Pending => {
                ready!(self.wait.poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for PatientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for PatientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.timed(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.timed(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.timed(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.timed(ended, cx)
    }
}

/// A request's body whose next piece must come in time.
pub struct PatientBody {
    body: Incoming,
    wait: Wait,
}

impl PatientBody {
    /// Wraps a body; a piece may take `most`.
    pub fn new(body: Incoming, most: Duration) -> Self {
        Self { body, wait: Wait::new(most) }
    }
}

impl Body for PatientBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.wait.over();
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                ready!(self.wait.poll(cx));
                Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
