//! Short answers.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

/// Answers with a status and a sentence.
pub fn plain(status: StatusCode, sentence: impl Into<String>) -> Response {
    with(status, "text/plain; charset=utf-8", Body::from(sentence.into()))
}

/// Answers with JSON.
pub fn json(value: &Value) -> Response {
    with(StatusCode::OK, "application/json", Body::from(value.to_string()))
}

/// Answers with a status and nothing else.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Answers with a body of a type, which nobody may take for another type, nor keep.
pub fn with(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Answers with a picture that its reader may keep for a while. Whatever it contains, it is shown as a picture and does
/// nothing.
pub fn picture(kind: &'static str, octets: impl Into<Body>, kept: Duration) -> Response {
    let mut response = with(StatusCode::OK, kind, octets.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    if let Ok(kept) = HeaderValue::from_str(&format!("private, max-age={}", kept.as_secs())) {
        headers.insert(header::CACHE_CONTROL, kept);
    }
    response
}

/// Answers that the letter does not exist, or belongs to somebody else.
pub fn missing() -> Response {
    plain(StatusCode::NOT_FOUND, "there is no such letter")
}

/// Answers a failure of ours: a letter that cannot be read, for good or now.
pub fn unreadable(error: &mailbox::Error) -> Response {
    match error {
        mailbox::Error::Store(damage) if damage.is_permanent() => {
            tracing::error!(%error, "a letter is damaged or lost");
            let why = "the text of this letter is damaged or lost; the administrator can restore it from a backup";
            plain(StatusCode::INTERNAL_SERVER_ERROR, why)
        }
        error => fault(error),
    }
}

pub fn fault(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "a page cannot be answered");
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "this cannot be read now; try again in a moment");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}
