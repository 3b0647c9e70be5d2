//! The person who asks, by the token that [`crate::guard`] has put in the request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use mail::seam::Login;

use crate::{House, answer};

/// Somebody with a session.
pub struct Reader(pub Login);

impl FromRequestParts<House> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Response> {
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some(token) = given.strip_prefix("Bearer ") else { return Err(log_in()) };
        match house.directory.session(token).await {
            Ok(Some(login)) => Ok(Self(login)),
            Ok(None) => Err(log_in()),
            Err(error) => Err(answer::fault(&error)),
        }
    }
}

fn log_in() -> Response {
    answer::plain(StatusCode::UNAUTHORIZED, "log in first")
}
