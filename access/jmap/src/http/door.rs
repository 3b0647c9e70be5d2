//! Finds out who makes each request: by name and password (RFC 7617), or by a token (RFC 6750).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Peer;
use mail::Password;
use mail::seam::{Login, OurFault, Wire};

use super::answer::plain_problem;
use crate::server::Server;

/// The longest `Authorization` that is read.
const LONGEST: usize = 8 * 1024;
/// The time after which a client may try again if the fault is ours.
const A_MOMENT: Duration = Duration::from_secs(10);

/// The person who makes the request.
pub struct Person(pub Login, pub Wire);

impl FromRequestParts<Arc<Server>> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Response> {
        // Without a peer, the door is not wired: then nothing is private.
        let peer = parts.extensions.get::<Peer>().cloned();
        let Some(peer) = peer.filter(Peer::is_private) else {
            return Err(plain_problem(StatusCode::FORBIDDEN, "passwords are only taken inside TLS: use https"));
        };
        let given = parts.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let given = std::str::from_utf8(given.get(..given.len().min(LONGEST)).unwrap_or_default()).unwrap_or_default();
        let (scheme, credentials) = given.split_once(' ').unwrap_or_default();
        let login = match scheme.to_ascii_lowercase().as_str() {
            "basic" => by_password(server, credentials.trim(), &peer).await?,
            "bearer" => by_token(server, credentials.trim()).await?,
            _ => return Err(log_in()),
        };
        let tls = peer.tls.as_deref().unwrap_or_default().to_owned();
        Ok(Self(login, Wire { tls, ..Wire::new(peer.ip) }))
    }
}

async fn by_password(server: &Server, credentials: &str, peer: &Peer) -> Result<Login, Response> {
    let decoded = BASE64_STANDARD.decode(credentials).ok().and_then(|octets| String::from_utf8(octets).ok());
    let decoded = Password::new(decoded.ok_or_else(log_in)?);
    let (name, password) = decoded.reveal().split_once(':').ok_or_else(log_in)?;
    let password = Password::new(password.to_owned());
    match sasl::check(server.shared.logins.as_ref(), name, &password, peer.ip).await {
        Ok(login) => Ok(login),
        Err(sasl::Refusal::Fault(fault)) => Err(unknown(&fault)),
        Err(sasl::Refusal::TooMany(wait)) => Err(later(StatusCode::TOO_MANY_REQUESTS, &sasl::too_many(wait), wait)),
        Err(sasl::Refusal::Busy(wait)) => Err(later(StatusCode::SERVICE_UNAVAILABLE, &sasl::busy(wait), wait)),
        Err(_) => Err(log_in()),
    }
}

async fn by_token(server: &Server, token: &str) -> Result<Login, Response> {
    let Some(tokens) = &server.tokens else { return Err(log_in()) };
    match tokens.person(token).await {
        Ok(Some(login)) => Ok(login),
        Ok(None) => Err(log_in()),
        Err(fault) => Err(unknown(&fault)),
    }
}

/// Returns the answer to a client that is not, or no longer, logged in.
pub(super) fn log_in() -> Response {
    let mut response = plain_problem(StatusCode::UNAUTHORIZED, "log in with your address and password");
    let challenge = HeaderValue::from_static("Basic realm=\"Facteur\", charset=\"UTF-8\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn unknown(fault: &OurFault) -> Response {
    tracing::error!(%fault, "log-ins cannot be checked");
    later(StatusCode::SERVICE_UNAVAILABLE, "log-ins cannot be checked now", A_MOMENT)
}

/// Refuses for now: the client may come back after `wait` (RFC 9110 §10.2.3).
fn later(status: StatusCode, why: &str, wait: Duration) -> Response {
    let mut response = plain_problem(status, why);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    response
}
