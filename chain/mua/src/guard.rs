//! What is asked of a request that shows a session, before anybody behind sees it.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::answer;
use crate::cookie::Names;

/// The pages send it with what changes something. A form of another site cannot send a header, and a script of another
/// site may not (it is none of those that CORS allows).
pub const OURS: HeaderName = HeaderName::from_static("x-facteur");

/// Does the request come from our own pages? Browsers say so themselves, and let no page say it falsely.
fn is_ours(headers: &HeaderMap) -> bool {
    headers.contains_key(OURS) || headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}

/// Turns the cookie into a bearer token (RFC 6750), which is what everybody behind knows. A request that brings its own
/// log-in is let through as it is.
pub async fn guard(mut request: Request, next: Next) -> Response {
    let from_a_page = request.headers().contains_key("sec-fetch-site") || request.headers().contains_key(OURS);
    if !request.headers().contains_key(header::AUTHORIZATION)
        && let Some(token) = Names::of(request.uri(), request.headers()).token(request.headers())
    {
        let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        // Who logs in brings a password, and an old cookie means nothing.
        if changes && request.uri().path() != "/login" && !is_ours(request.headers()) {
            return answer::plain(StatusCode::FORBIDDEN, "this request lacks the header X-Facteur");
        }
        if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {token}")) {
            bearer.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
    }
    let mut response = next.run(request).await;
    // A browser would ask for name and password in a window of its own, over the pages.
    if from_a_page {
        response.headers_mut().remove(header::WWW_AUTHENTICATE);
    }
    response
}
