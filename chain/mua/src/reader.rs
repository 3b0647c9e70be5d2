//! The person who asks, by the token that [`crate::guard`] has put in the request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use mail::seam::Login;

use crate::{Server, answer};

/// A person with a session.
pub struct Reader(pub Login);

impl FromRequestParts<Server> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Response> {
        who(server, &parts.headers).await.map(Self)
    }
}

/// Returns the person whose session the request shows, or the answer to a stranger.
pub async fn who(server: &Server, headers: &HeaderMap) -> Result<Login, Response> {
    let token = bearer(headers).ok_or_else(log_in)?;
    match server.directory.session(token).await {
        Ok(login) => login.ok_or_else(log_in),
        Err(error) => Err(answer::fault(&error)),
    }
}

/// Returns the token in the request (RFC 6750 §2.1).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn log_in() -> Response {
    answer::plain(StatusCode::UNAUTHORIZED, "log in first")
}
