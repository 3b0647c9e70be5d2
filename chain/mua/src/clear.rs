//! What who speaks to us in clear from another machine gets: the way to the door with TLS, and nothing else.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use web::{Peer, Via};

use crate::entrance::Entrance;
use crate::host::Host;
use crate::plain::Notice;
use crate::{answer, plain};

/// Where a certificate authority asks whether we are who we say, always in clear (RFC 8555 §8.3).
const ACME: &str = "/.well-known/acme-challenge/";

/// Does a certificate authority ask? Nothing there is anybody's mail.
pub fn is_acme(request: &Request) -> bool {
    request.method() == Method::GET && request.uri().path().starts_with(ACME)
}

/// The answer to a request in clear.
pub fn answer(
    entrance: &Entrance,
    peer: &Peer,
    host: Option<&Host>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    let name = host.map_or(entrance.hostname().as_str(), |host| &host.name);
    let door = match (peer.via, entrance.https()) {
        (Via::Direct, Some(443)) | (Via::Proxy, _) => name.to_owned(),
        (Via::Direct, Some(port)) => format!("{name}:{port}"),
        (Via::Direct, None) => return plain::notice(StatusCode::FORBIDDEN, headers, &Notice::NoTls),
        // It may speak TLS with the client: to be led there would lead back here.
        (Via::SilentProxy, _) => return plain::notice(StatusCode::FORBIDDEN, headers, &Notice::SilentProxy),
    };
    // What was sent has been read by who listens, and must not be sent again as if nothing had happened.
    if !matches!(*method, Method::GET | Method::HEAD) {
        return plain::notice(StatusCode::FORBIDDEN, headers, &Notice::InClear);
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let place = HeaderValue::from_str(&format!("https://{door}{}", if path.starts_with('/') { path } else { "/" }));
    let mut response = answer::empty(StatusCode::PERMANENT_REDIRECT);
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    // The door may stand elsewhere tomorrow.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
