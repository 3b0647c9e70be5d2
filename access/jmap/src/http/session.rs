//! The session resource (RFC 8620 §2), and the way to it (§2.2).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use http::Peer;

use super::answer;
use super::door::Person;
use crate::server::Server;

pub async fn session(
    State(server): State<Arc<Server>>,
    Person(person, _): Person,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    answer::json(&crate::session::session(&person, &base(&peer, &uri, &headers), server.push_key().await))
}

/// Returns the origin that the client sees before our paths. If the request does not name our host, the paths stand
/// alone.
fn base(peer: &Peer, uri: &Uri, headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // HTTP/2 names the host in the URI.
    let host = uri.authority().map(|authority| authority.as_str()).or_else(|| text(header::HOST.as_str()));
    let Some(host) = host.filter(|host| is_host(host)) else { return String::new() };
    let scheme = if peer.speaks_tls() { "https" } else { "http" };
    format!("{scheme}://{host}")
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.len() <= 255 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]_".contains(&b))
}
