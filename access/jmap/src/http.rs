//! JMAP over HTTP (RFC 8620 §2, §3, §6, §7.3): a router that can stand beside others.

mod answer;
mod api;
mod aside;
mod door;
mod download;
mod events;
mod range;
mod session;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{get, post};

use crate::server::Server;

/// Returns the paths of JMAP: `/.well-known/jmap` and everything below `/jmap/`.
pub fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/.well-known/jmap", get(session::session).options(answer::preflight))
        .route("/jmap/session", get(session::session).options(answer::preflight))
        .route("/jmap/api", post(api::api).options(answer::preflight))
        .route("/jmap/upload/{account}", post(upload::upload).options(answer::preflight))
        .route("/jmap/download/{account}/{blob}/{name}", get(download::download).options(answer::preflight))
        .route("/jmap/events", get(events::events).options(answer::preflight))
        // Each handler reads its body itself and sets its limit.
        .layer(DefaultBodyLimit::disable())
        .layer(map_response(answer::open_to_all))
        .with_state(server)
}
