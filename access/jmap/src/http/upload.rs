//! Uploads (RFC 8620 §6.1).

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt;
use mail::seam::AccountId;
use mail::stay::Doing;
use net::{NoRoom, Owner, Share};
use serde_json::json;

use super::door::Person;
use super::{answer, door};
use crate::blob::{self, BlobPath};
use crate::id::Id;
use crate::limits;
use crate::server::Server;

pub async fn upload(
    State(server): State<Arc<Server>>,
    Person(person, wire): Person,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if AccountId::read(&account) != Some(person.account) {
        return answer::plain_problem(StatusCode::NOT_FOUND, "there is no such account");
    }
    let Some(_turn) = server.uploads.begin(person.account, limits::CONCURRENT_UPLOAD) else {
        return answer::limit("maxConcurrentUpload");
    };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or("application/octet-stream").to_owned();
    let stay = server.shared.logins.stay(&person, Doing::Upload, wire.ip);
    let received = tokio::select! {
        biased;
        _ = stay.over() => return door::log_in(),
        received = receive(&server, person.account, body) => received,
    };
    let (octets, memory) = match received {
        Ok(received) => received,
        Err(refused) => return refused,
    };
    let size = octets.len();
    let kept = blob::keep(&server.shared.store, person.account, octets, (server.clock)()).await;
    drop(memory);
    match kept {
        Ok(number) => answer::with(
            StatusCode::CREATED,
            "application/json",
            &json!({"accountId": account, "blobId": BlobPath::upload(number).id(), "type": kind, "size": size}),
        ),
        Err(error) => {
            tracing::error!(%error, "an upload could not be kept");
            answer::plain_problem(StatusCode::SERVICE_UNAVAILABLE, "the upload cannot be kept now")
        }
    }
}

/// Takes in the octets, up to the limit, with their share of the memory.
async fn receive(server: &Server, person: AccountId, mut body: Body) -> Result<(Bytes, Share), Response> {
    if server.shared.store.may_grow().is_err() {
        let detail = "there is no room on the disk: try again later";
        return Err(answer::plain_problem(StatusCode::INSUFFICIENT_STORAGE, detail));
    }
    let mut upload = server.uploading.open(Some(Owner::Person(person.0)));
    if body.size_hint().lower() > limits::SIZE_UPLOAD as u64 {
        return Err(answer::limit("maxSizeUpload"));
    }
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(answer::plain_problem(StatusCode::REQUEST_TIMEOUT, "the upload did not come whole"));
        };
        let Ok(piece) = frame.into_data() else { continue };
        if upload.len() + piece.len() > limits::SIZE_UPLOAD {
            return Err(answer::limit("maxSizeUpload"));
        }
        upload.add(&piece).await.map_err(|no_room| later(&no_room))?;
    }
    upload.finish(b"").await.map_err(|no_room| later(&no_room))
}

fn later(no_room: &NoRoom) -> Response {
    if let NoRoom::Disk(error) = no_room {
        tracing::error!(%error, "an upload on its way in cannot be kept");
    }
    let detail = "too much is being uploaded at this time: try again in a minute";
    answer::plain_problem(StatusCode::SERVICE_UNAVAILABLE, detail)
}
