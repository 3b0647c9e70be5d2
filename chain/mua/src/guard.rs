//! What is asked of a request that shows a session, before anybody behind sees it.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use ring::hmac;

use crate::cookie::Names;
use crate::{answer, hex};

/// The pages send it with what changes something. A form of another site cannot send a header, and a script of another
/// site may not (it is none of those that CORS allows).
pub const OURS: HeaderName = HeaderName::from_static("x-facteur");

/// Does the request come from our own pages? Browsers say so themselves, and let no page say it falsely.
fn is_ours(headers: &HeaderMap) -> bool {
    headers.contains_key(OURS) || headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}

/// The key that lets the session of this token be ended by a plain form, which cannot send a header: nobody else can put it
/// into theirs.
pub fn leave(token: &str) -> String {
    hex::encode(hmac::sign(&leave_key(token), LEAVE).as_ref())
}

const LEAVE: &[u8] = b"log out";

fn leave_key(token: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes())
}

/// Does our own form end the session?
fn leaves(uri: &Uri, token: &str) -> bool {
    let key = uri.query().and_then(|query| query.strip_prefix("key=")).filter(|_| uri.path() == "/logout");
    let tag = key.and_then(hex::decode);
    tag.is_some_and(|tag| hmac::verify(&leave_key(token), LEAVE, &tag).is_ok())
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
        let may_change = is_ours(request.headers()) || leaves(request.uri(), token);
        if changes && request.uri().path() != "/login" && !may_change {
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
