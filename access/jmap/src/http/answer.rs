//! The answers, and the headers that all of them have.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use crate::limits;
use crate::memory::Memory;

/// Answers with JSON and a status.
pub fn with(status: StatusCode, kind: &'static str, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    response
}

/// Answers a request. The answer's share of the memory for all requests is released when it has been sent.
pub fn held(value: &Value, memory: Memory) -> Response {
    let mut response = json(&Value::Null);
    let text = Bytes::from(value.to_string());
    response.headers_mut().insert(header::CONTENT_LENGTH, text.len().into());
    *response.body_mut() = match text.len() > limits::SMALL {
        true => Body::from_stream(stream::unfold((text, memory), |(mut rest, memory)| async {
            let piece = rest.split_to(rest.len().min(limits::SMALL));
            (!piece.is_empty()).then_some((Ok::<_, std::convert::Infallible>(piece), (rest, memory)))
        })),
        false => Body::from(text),
    };
    response
}

/// Answers with the requested value as JSON.
pub fn json(value: &Value) -> Response {
    with(StatusCode::OK, "application/json", value)
}

/// Answers with problem details (RFC 7807).
pub fn problem(value: &Value) -> Response {
    let status = value.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::BAD_REQUEST);
    with(status, "application/problem+json", value)
}

/// Answers with a problem that has no type of its own.
pub fn plain_problem(status: StatusCode, detail: &str) -> Response {
    problem(&json!({"type": "about:blank", "status": status.as_u16(), "detail": detail}))
}

/// Answers a request beyond a limit of the session.
pub fn limit(name: &'static str) -> Response {
    problem(&crate::api::RequestError::Limit(name).problem())
}

/// Answers a browser that asks if it may send a request (CORS).
pub async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Lets pages from any site ask: each request proves who makes it, and browsers never add that proof by themselves.
pub async fn open_to_all(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS");
    set(header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, Last-Event-ID, Accept-Language");
    let exposed = "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Retry-After";
    set(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    set(header::ACCESS_CONTROL_MAX_AGE, "86400");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

/// Returns true if the content is JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
