//! Downloads (RFC 8620 §6.2), whole or in ranges.

use mailbox::Access;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::Line;
use mail::seam::AccountId;
use mail::stay::Doing;
use mailbox::parse::clean_file_name;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use store::{Asker, Store};

use super::answer;
use super::door::Person;
use super::range::Asked;
use crate::blob::{self, BlobPath, Opened, Reader};
use crate::id::Id;
use crate::server::Server;

/// The characters that RFC 8187 §3.2.1 leaves unencoded.
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Deserialize)]
pub struct Wish {
    r#type: Option<String>,
}

pub async fn download(
    State(server): State<Arc<Server>>,
    Person(person, wire): Person,
    line: Line,
    Path((account, blob, name)): Path<(String, String, String)>,
    Query(wish): Query<Wish>,
    method: Method,
    asked: HeaderMap,
) -> Response {
    let missing = || answer::plain_problem(StatusCode::NOT_FOUND, "there is no such blob");
    let Some(place) = BlobPath::read(&blob).filter(|_| AccountId::read(&account) == Some(person.account)) else {
        return missing();
    };
    let letter = place.letter_key();
    let look = move |view: &store::View| {
        let opened = blob::open(view, Access::own(person.account), &place)?;
        // The octets are proved before their length is promised.
        opened.as_ref().map_or(Ok(()), |opened| opened.prove(view))?;
        Ok::<_, mailbox::Error>(opened)
    };
    let opened = match server.read(person.account, look).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return missing(),
        Err(error) => return unreadable(&error),
    };
    // A blob id always stands for the same octets (RFC 8620 §6.2), so the id is also their entity tag.
    let tag = format!("\"{blob}\"");
    let part = match Asked::of(&method, &asked, &tag) {
        None => None,
        Some(range) => match part(&server, person.account, &opened, range).await {
            Ok(part) => Some(part),
            Err(error) => return unreadable(&error.into()),
        },
    };
    server.note_read(person.account, letter.into_iter().collect());
    let stay = server.shared.logins.stay(&person, Doing::Download, wire.ip);
    let body = |wanted| {
        Body::from_stream(pieces(server.shared.store.clone(), Asker(person.account.0), Rest::of(&opened, wanted)))
    };
    let mut response = match part {
        None => Response::new(line.body_while(stay, body(0..u64::MAX))),
        Some(Part { wanted: None, length }) => return unsatisfiable(length),
        Some(Part { wanted: Some(wanted), length }) => {
            ranged(line.body_while(stay, body(wanted.clone())), wanted, length)
        }
    };
    let is_whole = response.status() == StatusCode::OK;
    let headers = response.headers_mut();
    let kind = wish.r#type.and_then(|kind| HeaderValue::from_str(&kind).ok());
    headers.insert(header::CONTENT_TYPE, kind.unwrap_or_else(|| HeaderValue::from_static("application/octet-stream")));
    if let Some(length) = opened.known_length().filter(|_| is_whole) {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    // A letter's part must not run as a page of ours, whatever type the link gives it.
    // The name comes with the link: it is made harmless as the names in letters are.
    let name = clean_file_name(&name).unwrap_or_else(|| "file".to_owned());
    let disposition = format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(&name, ATTRIBUTE));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, immutable, max-age=31536000"));
    response
}

fn unreadable(error: &mailbox::Error) -> Response {
    if matches!(error, mailbox::Error::Store(error) if error.is_permanent()) {
        tracing::error!(%error, "a blob is damaged or lost");
        let why = "the blob is damaged or lost; the administrator can restore it from a backup";
        return answer::plain_problem(StatusCode::INTERNAL_SERVER_ERROR, why);
    }
    tracing::error!(%error, "a blob cannot be read");
    answer::plain_problem(StatusCode::SERVICE_UNAVAILABLE, "the blob cannot be read now")
}

/// A range of a blob, and the length of the blob.
struct Part {
    /// `None`: the blob has none of those octets.
    wanted: Option<Range<u64>>,
    length: u64,
}

/// Returns the range of a blob that the client asks for. The length of an encoded blob is found by reading it once, a
/// piece at a time.
async fn part(server: &Server, account: AccountId, opened: &Opened, asked: Asked) -> Result<Part, store::Error> {
    let length = match opened.known_length() {
        Some(length) => length,
        None => {
            let (mut reader, mut length, mut goes_on) = (opened.reader(), 0, true);
            while goes_on {
                let read = move |view: &store::View| Ok::<_, store::Error>((reader.next(view)?, reader));
                let (piece, rest) = server.read(account, read).await?;
                reader = rest;
                goes_on = piece.is_some();
                length += piece.map_or(0, |piece| piece.len() as u64);
            }
            length
        }
    };
    Ok(Part { wanted: asked.within(length), length })
}

/// Answers with a part of the octets (RFC 9110 §15.3.7).
fn ranged(body: Body, wanted: Range<u64>, length: u64) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, (wanted.end - wanted.start).into());
    if let Ok(range) = HeaderValue::from_str(&format!("bytes {}-{}/{length}", wanted.start, wanted.end - 1)) {
        headers.insert(header::CONTENT_RANGE, range);
    }
    response
}

/// Refuses the range (RFC 9110 §15.5.17).
fn unsatisfiable(length: u64) -> Response {
    let mut response = answer::plain_problem(StatusCode::RANGE_NOT_SATISFIABLE, "the blob has none of these octets");
    if let Ok(range) = HeaderValue::from_str(&format!("bytes */{length}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

/// The part of a blob that is still to be sent.
struct Rest {
    reader: Reader,
    /// Octets that have to be read before it, because they are encoded together.
    before: u64,
    wanted: u64,
}

impl Rest {
    fn of(opened: &Opened, wanted: Range<u64>) -> Self {
        let narrowed = opened.narrowed(wanted.clone());
        let before = if narrowed.is_some() { 0 } else { wanted.start };
        Self { reader: narrowed.as_ref().unwrap_or(opened).reader(), before, wanted: wanted.end - wanted.start }
    }

    /// Returns the next octets, of which none may be wanted; `None` at the end.
    fn next(&mut self, view: &store::View) -> Result<Option<Bytes>, store::Error> {
        if self.wanted == 0 {
            return Ok(None);
        }
        let Some(mut piece) = self.reader.next(view)? else { return Ok(None) };
        let length = |octets: u64, piece: &Bytes| usize::try_from(octets).unwrap_or(usize::MAX).min(piece.len());
        let passed = piece.split_to(length(self.before, &piece)).len();
        self.before -= passed as u64;
        piece.truncate(length(self.wanted, &piece));
        self.wanted -= piece.len() as u64;
        Ok(Some(piece))
    }
}

/// Returns one piece after the other; each is read when the one before it has been taken.
fn pieces(store: Store, asker: Asker, rest: Rest) -> impl stream::Stream<Item = Result<Bytes, store::Error>> {
    stream::try_unfold((store, rest), move |(store, mut rest)| async move {
        let read = store.read_for(asker, move |view| Ok::<_, store::Error>((rest.next(view)?, rest))).await;
        let (piece, rest) = read?;
        Ok(piece.map(|piece| (piece, (store, rest))))
    })
}
