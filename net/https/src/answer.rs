//! The answer of a server: the header as a whole, the body piece by piece.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper::header::{HeaderMap, LOCATION};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::Error;

/// An answer. The connection ends with it.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its header.
    pub fields: HeaderMap,
    body: Incoming,
    /// Octets of the body that may still come, and the most that it may have in all.
    left: u64,
    largest: u64,
    until: Instant,
    _connection: JoinSet<Result<(), hyper::Error>>,
}

impl Answer {
    pub(crate) fn new(
        response: Response<Incoming>,
        largest: u64,
        until: Instant,
        connection: JoinSet<Result<(), hyper::Error>>,
    ) -> Self {
        let (head, body) = response.into_parts();
        let (status, fields) = (head.status.as_u16(), head.headers);
        Self { status, fields, body, left: largest, largest, until, _connection: connection }
    }

    /// Returns the next piece of the body; `None` at its end. The time for the whole exchange runs on while it is read.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            // A body that is announced as too large is not read at all.
            if self.body.size_hint().lower() > self.left {
                return Err(Error::TooLarge(self.largest));
            }
            let frame = timeout_at(self.until, self.body.frame()).await.map_err(|_| Error::TimedOut)?;
            let Some(frame) = frame else { return Ok(None) };
            // The trailers behind a body are of no use to us.
            let Ok(piece) = frame.map_err(|error| Error::Broken(error.to_string()))?.into_data() else { continue };
            self.left = self.left.checked_sub(piece.len() as u64).ok_or(Error::TooLarge(self.largest))?;
            return Ok(Some(piece));
        }
    }

    /// Returns all of the body.
    pub async fn whole(mut self) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.piece().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Returns the URL that the answer redirects to, if it redirects (RFC 9110 §15.4). `from` is the URL that was
    /// requested.
    pub(crate) fn leads_to(&self, from: &Url) -> Result<Option<Url>, Error> {
        let leads = [301, 302, 303, 307, 308].contains(&self.status);
        let Some(place) = self.fields.get(LOCATION).filter(|_| leads) else { return Ok(None) };
        let place = place.to_str().ok().and_then(|place| from.join(place).ok());
        place.map(Some).ok_or(Error::BadAddress)
    }
}
