//! `/login`, `/logout`, `/session`: also for browsers without script.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use directory::session::SessionOrigin;
use http::Peer;
use mail::Password;
use sasl::Refusal;
use serde::Deserialize;

use crate::cookie::Names;
use crate::host::Host;
use crate::reader::{Reader, bearer};
use crate::{Server, answer, browser};

#[derive(Deserialize)]
pub struct Given {
    name: String,
    password: String,
}

/// Checks name and password, and begins a session. No other site may log a browser in as a person it does not know:
/// [`crate::guard`] has refused the forms of other sites.
pub async fn log_in(
    State(server): State<Server>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    Form(Given { name, password }): Form<Given>,
) -> Response {
    let password = Password::new(password);
    let form = !wants_json(&headers);
    let login = match sasl::check(&server.directory, name.trim(), &password, peer.ip).await {
        Ok(login) => login,
        Err(refusal) => return refused(&refusal, form),
    };
    let at = SessionOrigin { network: Some(peer.ip), browser: browser::name(&headers) };
    let token = match server.directory.begin_session_at(&login, rand::random(), at).await {
        Ok(token) => token,
        Err(error) => return answer::fault(&error),
    };
    tracing::info!(person = %login.address, peer = %peer.ip, "logged in on the pages");
    let response = if form { go_to("/") } else { answer::empty(StatusCode::NO_CONTENT) };
    with_cookie(response, &names(&uri, &headers, &peer), Some(token.reveal()))
}

/// Ends the session.
pub async fn log_out(
    State(server): State<Server>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = bearer(&headers)
        && let Err(error) = server.directory.end_session(token).await
    {
        return answer::fault(&error);
    }
    let response = if wants_html(&headers) { go_to("/") } else { answer::empty(StatusCode::NO_CONTENT) };
    with_cookie(response, &names(&uri, &headers, &peer), None)
}

/// Leads a person who is logged in to the session of JMAP.
pub async fn session(Reader(_): Reader) -> Response {
    let mut response = answer::empty(StatusCode::FOUND);
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/jmap/session"));
    response
}

fn refused(refusal: &Refusal, form: bool) -> Response {
    match refusal {
        Refusal::Fault(fault) => answer::fault(fault),
        Refusal::TooMany(_) if form => go_to("/?login=later"),
        Refusal::Busy(_) if form => go_to("/?login=busy"),
        _ if form => go_to("/?login=failed"),
        Refusal::TooMany(wait) => later(StatusCode::TOO_MANY_REQUESTS, sasl::too_many(*wait), *wait),
        Refusal::Busy(wait) => later(StatusCode::SERVICE_UNAVAILABLE, sasl::busy(*wait), *wait),
        _ => answer::plain(StatusCode::UNAUTHORIZED, "wrong name or password"),
    }
}

/// Refuses for now: the client may come back after `wait` (RFC 9110 §10.2.3).
fn later(status: StatusCode, why: String, wait: Duration) -> Response {
    let mut response = answer::plain(status, why);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    response
}

fn wants_json(headers: &HeaderMap) -> bool {
    accepts(headers, "application/json")
}

fn wants_html(headers: &HeaderMap) -> bool {
    accepts(headers, "text/html")
}

fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(kind))
}

pub(crate) fn go_to(place: &'static str) -> Response {
    let mut response = answer::empty(StatusCode::SEE_OTHER);
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(place));
    response
}

pub(crate) fn names(uri: &Uri, headers: &HeaderMap, peer: &Peer) -> Names {
    Names::of(Host::of(uri, headers).ok().flatten().as_ref(), peer.speaks_tls())
}

pub(crate) fn with_cookie(mut response: Response, names: &Names, token: Option<&str>) -> Response {
    if let Some(cookie) = names.set(token) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_answer_and_says_when_to_try_again() {
        let (minute, moment) = (Duration::from_secs(60), Duration::from_secs(5));
        for (refusal, status, after, place) in [
            (Refusal::Wrong, 401, None, "/?login=failed"),
            (Refusal::TooMany(minute), 429, Some("60"), "/?login=later"),
            (Refusal::Busy(moment), 503, Some("5"), "/?login=busy"),
        ] {
            let script = refused(&refusal, false);
            let field = |name| script.headers().get(name).and_then(|value| value.to_str().ok());
            assert_eq!((script.status().as_u16(), field(header::RETRY_AFTER)), (status, after));
            let form = refused(&refusal, true);
            assert_eq!(
                (form.status(), form.headers()[header::LOCATION].to_str().ok()),
                (StatusCode::SEE_OTHER, Some(place))
            );
        }
    }
}
