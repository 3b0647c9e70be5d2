//! Fetches pictures for readers, of whom it tells nothing.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use https::header::{ACCEPT, ACCEPT_ENCODING, USER_AGENT};
use https::{Client, HeaderMap, HeaderValue, Limits, Url};
use mail::Timestamp;
use mail::seam::AccountId;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::kind::{ENOUGH, kind};
use super::shelf::{Key, Picture, Shelf};
use super::turns::Turns;

/// The limits of fetching one picture, for the client that [`Server::new`](crate::Server::new) gets.
pub const PICTURES: Limits = Limits { time: Duration::from_secs(20), body: 10 << 20, redirects: 5 };
/// Octets of pictures that are half here.
const IN_FLIGHT: usize = 64 << 20;

/// The pictures that are fetched at one time, for one person as many as a browser would ask of one server.
const EACH: usize = 6;
const ALL: usize = 24;

/// Fetches pictures.
pub struct Proxy {
    client: Client,
    shelf: Mutex<Shelf>,
    turns: Turns,
    memory: Semaphore,
}

/// There is too much to do: the client may ask again.
#[derive(Debug)]
pub struct Busy;

/// The reason why there is no picture.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Exchange(#[from] https::Error),
    #[error("its status is {0}")]
    Status(u16),
    #[error("it is no picture of a kind we show")]
    NoPicture,
    #[error("too many pictures are on their way")]
    Busy,
}

impl Proxy {
    /// Fetches with `client`.
    pub fn new(client: Client) -> Self {
        Self { client, shelf: Mutex::default(), turns: Turns::of(EACH, ALL), memory: Semaphore::new(IN_FLIGHT) }
    }

    /// Returns true if pictures may be fetched from this address.
    pub fn may_ask(&self, url: &Url) -> bool {
        self.client.may_ask(url)
    }

    /// Returns a picture elsewhere, fetched now or a moment ago; `None`: there is none.
    pub async fn picture(&self, reader: AccountId, url: Url, now: Timestamp) -> Result<Option<Picture>, Busy> {
        let key: Key = (reader, url.as_str().to_owned());
        let place = self.shelf().place(&key, now);
        let fetched = async || {
            let _turn = self.turns.take(reader).await.ok_or(Busy)?;
            self.fetch(&url).await
        };
        let picture = place.get_or_try_init(fetched).await?.clone();
        self.shelf().filled(&key, &place);
        Ok(picture)
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self, url: &Url) -> Result<Option<Picture>, Busy> {
        let why = match self.read(url).await {
            Ok(picture) => return Ok(Some(picture)),
            Err(why) => why,
        };
        // Path and query often identify the reader, so the log has neither.
        tracing::debug!(host = url.host_str(), %why, "a picture elsewhere is not shown");
        if matches!(why, Trouble::Busy) { Err(Busy) } else { Ok(None) }
    }

    async fn read(&self, url: &Url) -> Result<Picture, Trouble> {
        let mut answer = self.client.get(url, &fields()).await?;
        if answer.status != 200 {
            return Err(Trouble::Status(answer.status));
        }
        let mut octets = BytesMut::new();
        let mut held = None;
        while let Some(piece) = answer.piece().await? {
            self.hold(&piece, &mut held)?;
            let was_short = octets.len() < ENOUGH;
            octets.extend_from_slice(&piece);
            // A body that is no picture is not read to its end.
            if was_short && octets.len() >= ENOUGH && kind(&octets).is_none() {
                return Err(Trouble::NoPicture);
            }
        }
        Ok((kind(&octets).ok_or(Trouble::NoPicture)?, octets.freeze()))
    }

    /// Takes room for one more piece.
    fn hold<'p>(&'p self, piece: &Bytes, held: &mut Option<SemaphorePermit<'p>>) -> Result<(), Trouble> {
        let octets = u32::try_from(piece.len()).map_err(|_| Trouble::Busy)?;
        let permit = self.memory.try_acquire_many(octets).map_err(|_| Trouble::Busy)?;
        match held {
            Some(first) => first.merge(permit),
            None => *held = Some(permit),
        }
        Ok(())
    }
}

/// Returns all that a server learns: that somebody with this program wants a picture.
fn fields() -> HeaderMap {
    HeaderMap::from_iter([
        (ACCEPT, HeaderValue::from_static("image/avif,image/webp,image/png,image/jpeg,image/gif,image/*;q=0.8")),
        (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        (USER_AGENT, HeaderValue::from_static("Mozilla/5.0 (compatible; Facteur)")),
    ])
}
