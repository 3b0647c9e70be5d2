//! Responses that end when the person they are for has to go.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use mail::seam::Pending;
use mail::stay::{Leave, SharedStay};
use tokio::sync::Notify;

/// The connection that a request came on. An HTTP/1 connection carries one response at a time. It is an extension of
/// every request, because a response that its client takes slowly is never polled for its next piece: the connection
/// has to be cut to end it. An HTTP/2 connection carries other responses, too: there the response is reset at its next
/// piece.
#[derive(Clone, Default)]
pub struct Line(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// The stay of the person who is being answered.
    stay: Mutex<Option<SharedStay>>,
    changed: Notify,
}

impl Line {
    /// Returns a body that goes out for as long as `stay` lasts. Then it breaks off, and nobody mistakes it for a whole
    /// one.
    pub fn body_while(&self, stay: SharedStay, body: Body) -> Body {
        self.set(Some(stay.clone()));
        let waiting = stay.clone();
        let over = Box::pin(async move { waiting.over().await });
        Body::new(StayingBody { body, over, stay, line: self.clone() })
    }

    /// Resolves when the person who is being answered has to go.
    pub(crate) async fn cut(&self) -> Leave {
        loop {
            // Registered before the check, so that a change between the check and the wait is not missed.
            let changed = self.0.changed.notified();
            let stay = self.0.stay.lock().unwrap_or_else(PoisonError::into_inner).clone();
            match stay {
                Some(stay) => tokio::select! {
                    leave = stay.over() => return leave,
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    fn set(&self, stay: Option<SharedStay>) {
        *self.0.stay.lock().unwrap_or_else(PoisonError::into_inner) = stay;
        self.0.changed.notify_waiters();
    }
}

/// A request without a line gets one that nobody can cut.
impl<S: Sync> FromRequestParts<S> for Line {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

struct StayingBody {
    body: Body,
    over: Pending<'static, Leave>,
    stay: SharedStay,
    line: Line,
}

impl hyper::body::Body for StayingBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if self.over.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err("what let the client in is no longer good".into())));
        }
        Pin::new(&mut self.body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for StayingBody {
    fn drop(&mut self) {
        let mut held = self.line.0.stay.lock().unwrap_or_else(PoisonError::into_inner);
        // The next response may have begun.
        if held.as_ref().is_some_and(|held| Arc::ptr_eq(held, &self.stay)) {
            *held = None;
        }
        drop(held);
        self.line.0.changed.notify_waiters();
    }
}
