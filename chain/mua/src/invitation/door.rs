//! The way in by a link.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use directory::session::SessionOrigin;
use http::Peer;

use crate::login::{go_to, names, with_cookie};
use crate::{Server, answer, browser};

/// Answers `GET /enter/{token}`: begins a session of the person for whom the link was made. A link that is no longer
/// good leads to the log-in.
pub async fn enter(
    State(server): State<Server>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    // A prefetch is no visit, and must not use the link up.
    let is_visit = method == Method::GET && !headers.contains_key("sec-purpose");
    let person = if is_visit && peer.ip.is_loopback() { server.invitations.take(&token) } else { None };
    let Some(person) = person else { return go_to("/") };
    let at = SessionOrigin { network: Some(peer.ip), browser: browser::name(&headers) };
    match server.directory.begin_session_at(&person, rand::random(), at).await {
        Ok(session) => {
            tracing::info!(person = %person.address, peer = %peer.ip, "let in on the pages by a link");
            with_cookie(go_to("/"), &names(&uri, &headers, &peer), Some(session.reveal()))
        }
        Err(error) => answer::fault(&error),
    }
}
