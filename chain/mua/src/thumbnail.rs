//! Small pictures of attachments, so that a letter with twenty photos shows them without twenty times four megabytes.
//!
//! A stranger has made the pictures that are decoded here. So the cost is found from the head before anything is
//! decoded, one picture is made at a time in the whole server, off the async threads, and each person waits for their
//! own that is being made.

mod draw;

use mailbox::Access;
use std::sync::{Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use mail::Timestamp;
use mail::seam::AccountId;
use store::{Asker, Store, View};

use crate::attached::{self, Attached};
use crate::reader::Reader;
use crate::remote::{Picture, Shelf, Turns};
use crate::{Server, answer};

/// Octets of a picture, unpacked.
const LARGEST: usize = 40 << 20;
/// The most octets of a part, as it lies in the letter.
const LARGEST_PART: u64 = 60 << 20;

/// Makes thumbnails, and keeps them for a while.
pub struct Thumbnails {
    shelf: Mutex<Shelf>,
    turns: Turns,
}

/// The reason why there is none.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Mailbox(#[from] mailbox::Error),
    #[error("too many thumbnails are asked for")]
    Busy,
}

impl Thumbnails {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self { shelf: Mutex::default(), turns: Turns::of(1, 1) }
    }

    /// Returns the thumbnail of a part; `None`: there is no such part, or no thumbnail of it can be made.
    async fn of(
        &self,
        store: &Store,
        account: AccountId,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Picture>, Trouble> {
        let Some(part) = Attached::read(id) else { return Ok(None) };
        let key = (account, id.to_owned());
        let place = self.shelf().place(&key, now);
        let made = async || {
            let _turn = self.turns.take(account).await.ok_or(Trouble::Busy)?;
            let look = move |view: &View| read(view, Access::own(account), &part);
            let Some(octets) = store.read_for(Asker(account.0), look).await? else { return Ok(None) };
            Ok::<_, Trouble>(made(octets).await)
        };
        let picture = place.get_or_try_init(made).await?.clone();
        self.shelf().filled(&key, &place);
        Ok(picture)
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the octets of a part, unless it is too large or does not exist.
fn read(view: &View, access: Access, part: &Attached) -> Result<Option<Vec<u8>>, mailbox::Error> {
    let (start, end) = part.range();
    if end - start > LARGEST_PART {
        return Ok(None);
    }
    let Some((row, blob)) = attached::letter(view, access, part.key)? else { return Ok(None) };
    part.open(blob, row.size).map_or(Ok(None), |reading| reading.all(view, LARGEST))
}

/// Makes a thumbnail. A decoder that panics has made none, and nothing else happens.
async fn made(octets: Vec<u8>) -> Option<Picture> {
    match tokio::task::spawn_blocking(move || draw::small(&octets)).await {
        Ok(Ok((kind, picture))) => Some((kind, Bytes::from(picture))),
        Ok(Err(why)) => {
            tracing::debug!(%why, "a picture has no thumbnail");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "a picture cannot be decoded");
            None
        }
    }
}

/// Serves `/letter/{part}/thumbnail`.
pub async fn show(State(server): State<Server>, Reader(login): Reader, Path(part): Path<String>) -> Response {
    match server.thumbnails.of(&server.store, login.account, &part, (server.clock)()).await {
        Ok(Some((kind, octets))) => picture(kind, octets),
        Ok(None) => answer::plain(StatusCode::NOT_FOUND, "there is no picture of which a small one can be made"),
        Err(Trouble::Busy) => {
            answer::plain(StatusCode::SERVICE_UNAVAILABLE, "too many pictures; try again in a moment")
        }
        Err(Trouble::Mailbox(error)) => answer::unreadable(&error),
    }
}

/// Answers with a thumbnail. An id always stands for the same octets.
fn picture(kind: &'static str, octets: Bytes) -> Response {
    let mut response = answer::with(StatusCode::OK, kind, octets.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, immutable, max-age=31536000"));
    response
}
