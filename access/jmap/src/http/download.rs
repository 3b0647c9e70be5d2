//! Downloads (RFC 8620 §6.2).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use mail::seam::AccountId;
use mail::stay::Doing;
use mailbox::parse::clean_file_name;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use store::{Asker, Store};
use web::Line;

use super::answer;
use super::door::Person;
use crate::blob::{self, Place, Reader};
use crate::house::House;
use crate::id::Id;

/// What RFC 8187 §3.2.1 lets stand as it is.
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Deserialize)]
pub struct Wish {
    r#type: Option<String>,
}

pub async fn download(
    State(house): State<Arc<House>>,
    Person(person, wire): Person,
    line: Line,
    Path((account, blob, name)): Path<(String, String, String)>,
    Query(wish): Query<Wish>,
) -> Response {
    let missing = || answer::plain_problem(StatusCode::NOT_FOUND, "there is no such blob");
    let Some(place) = Place::read(&blob).filter(|_| AccountId::read(&account) == Some(person.account)) else {
        return missing();
    };
    let letter = place.letter_key();
    let look = move |view: &store::View| {
        let opened = blob::open(view, person.account, &place)?;
        // Before its length is promised.
        opened.as_ref().map_or(Ok(()), |opened| opened.prove(view))?;
        Ok::<_, store::Error>(opened)
    };
    let opened = match house.read(person.account, look).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return missing(),
        Err(error) if error.is_permanent() => {
            tracing::error!(%error, "a blob is damaged or lost");
            let why = "the blob is damaged or lost; the administrator can restore it from a backup";
            return answer::plain_problem(StatusCode::INTERNAL_SERVER_ERROR, why);
        }
        Err(error) => {
            tracing::error!(%error, "a blob cannot be read");
            return answer::plain_problem(StatusCode::SERVICE_UNAVAILABLE, "the blob cannot be read now");
        }
    };
    house.note_read(person.account, letter.into_iter().collect());
    let stay = house.logins.stay(&person, Doing::Download, wire.ip);
    let body = Body::from_stream(pieces(house.store.clone(), Asker(person.account.0), opened.reader()));
    let mut response = Response::new(line.body_while(stay, body));
    let headers = response.headers_mut();
    let kind = wish.r#type.and_then(|kind| HeaderValue::from_str(&kind).ok());
    headers.insert(header::CONTENT_TYPE, kind.unwrap_or_else(|| HeaderValue::from_static("application/octet-stream")));
    if let Some(length) = opened.known_length() {
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
    // What an id stands for never changes (RFC 8620 §6.2).
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, immutable, max-age=31536000"));
    response
}

/// One piece after the other, each read when the one before it has been taken.
fn pieces(store: Store, asker: Asker, reader: Reader) -> impl stream::Stream<Item = Result<Bytes, store::Error>> {
    stream::try_unfold((store, reader), move |(store, mut reader)| async move {
        let read = store.read_for(asker, move |view| Ok::<_, store::Error>((reader.next(view)?, reader))).await;
        let (piece, reader) = read?;
        Ok(piece.map(|piece| (piece, (store, reader))))
    })
}
