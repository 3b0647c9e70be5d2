//! The addresses of the pages.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::{
    Entrance, Server, account, archive, cards, doors, findings, guard, held, invitation, letter, login, pages, picture,
    plain, remote, thumbnail, unsubscribe, way,
};

/// Octets of a log-in form.
const FORM: usize = 16 * 1024;

/// Octets of an answer to an invitation: two thousand characters of any script, as forms write them.
const REPLY: usize = 64 * 1024;

/// Routes the pages, and the addresses that only they ask for.
pub fn router(server: Server) -> Router {
    Router::new()
        .route("/", get(held::front))
        .route("/login", get(plain::log_in).merge(post(login::log_in).layer(DefaultBodyLimit::max(FORM))))
        .route("/enter/{token}", get(invitation::enter))
        .route("/logout", post(login::log_out))
        .route("/held", get(held::show).merge(post(held::decide).layer(DefaultBodyLimit::max(FORM))))
        .route("/account", get(account::show))
        .route("/account/doors", get(doors::show))
        .route("/account/password", post(account::change_password).layer(DefaultBodyLimit::max(FORM)))
        .route("/account/strength", post(account::weigh).layer(DefaultBodyLimit::max(FORM)))
        .route("/account/sessions/end", post(account::end_sessions).layer(DefaultBodyLimit::max(FORM)))
        .route("/session", get(login::session))
        .route("/letter/{letter}/view", get(letter::view))
        .route("/letter/{letter}/findings", get(findings::findings))
        .route("/leave/{token}", get(findings::leave::leave))
        .route("/unsubscribe/{letter}", post(unsubscribe::unsubscribe))
        .route("/letter/{letter}/source", get(letter::source))
        .route("/letter/{letter}/cards", get(cards::show))
        .route("/letter/{letter}/reply", post(cards::reply).layer(DefaultBodyLimit::max(REPLY)))
        .route("/letter/{letter}/files.zip", get(archive::files))
        .route("/letter/{letter}/thumbnail", get(thumbnail::show))
        .route("/picture/{token}", get(picture::show))
        .route("/remote/{token}", get(remote::show))
        .route("/trace/{letter}", get(way::way))
        .with_state(server)
        .fallback(get(pages::page))
}

/// Guards all of `router`: nothing of it passes in clear, answers to a stranger's name, or is changed by the page of
/// another site. People with a session in a cookie pass.
pub fn guarded(router: Router, entrance: Entrance) -> Router {
    router.layer(from_fn_with_state(entrance, guard::guard))
}
