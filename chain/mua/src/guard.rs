//! Checks every request before any other code sees it: the host that it names, whether others can listen, the page that
//! sent it, and the session that it shows.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use http::{Peer, Via};
use ring::hmac;

use crate::cookie::Names;
use crate::entrance::Entrance;
use crate::host::Host;
use crate::plain::{self, Notice};
use crate::{answer, clear, hex, origin};

/// The header that the pages send with each change. A form of another site cannot send a header, and a script of
/// another site may not (it is none of those that CORS allows).
pub const OURS: HeaderName = HeaderName::from_static("x-facteur");

/// The policy of a document that sets none: it may do nothing.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The features of a browser that no page of ours, nor a letter, asks for.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// Pages of other sites may not show our resources, and share no process with them (Fetch §3.7).
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// The header that keeps a page of another site, which opens ours or is opened by it, from any hold on it (HTML
/// §7.1.3).
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Tells a browser to ask for this name over TLS only, for a day (RFC 6797). The day begins anew with each answer, so a
/// daily reader is never without it; and a server whose certificate once cannot be renewed is closed to them for a day,
/// and not for a year. Names below ours (`includeSubDomains`) may be other machines, of which we know nothing.
const STRICT: &str = "max-age=86400";

/// Returns true if the browser speaks TLS with us, and not with a proxy, whose certificate we do not know; and by a
/// name that our certificate proves to anybody.
fn asks_in_confidence(entrance: &Entrance, request: &Request) -> bool {
    let is_ours = |peer: &Peer| peer.speaks_tls() && peer.via == Via::Direct;
    let host = || Host::of(request.uri(), request.headers()).ok().flatten();
    request.extensions().get().is_some_and(is_ours) && host().is_some_and(|host| entrance.is_proven(&host))
}

/// Returns the key with which a plain form, which cannot send a header, may change something with the session of this token
/// at this path: no other site can put the key into its form.
pub fn form_key(token: &str, path: &str) -> String {
    hex::encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes()), path.as_bytes()).as_ref())
}

/// The addresses at which plain forms change something.
const FORMS: [&str; 2] = ["/logout", "/held"];

/// Returns true if our own form was sent.
fn is_our_form(uri: &Uri, token: &str) -> bool {
    let key = uri.query().and_then(|query| query.strip_prefix("key=")).filter(|_| FORMS.contains(&uri.path()));
    let tag = key.and_then(hex::decode);
    let session = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
    tag.is_some_and(|tag| hmac::verify(&session, uri.path().as_bytes(), &tag).is_ok())
}

/// Lets a request in or refuses it with a reason, and adds to each answer what a browser may do with it.
pub async fn guard(State(entrance): State<Entrance>, request: Request, next: Next) -> Response {
    let is_strict = asks_in_confidence(&entrance, &request);
    let from_a_page = request.headers().contains_key("sec-fetch-site") || request.headers().contains_key(OURS);
    let mut response = match admit(&entrance, request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal,
    };
    let headers = response.headers_mut();
    // A browser would ask for name and password in a window of its own, over the pages.
    if from_a_page {
        headers.remove(header::WWW_AUTHENTICATE);
    }
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (PERMISSIONS_POLICY, PERMISSIONS),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_strict {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static(STRICT));
    }
    if !is_sandboxed(headers) {
        headers.entry(OPENER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    }
    response
}

/// Returns true if the policy puts the answer into a sandbox. A browser refuses to open that with an opener policy
/// (HTML §7.4.5).
fn is_sandboxed(headers: &HeaderMap) -> bool {
    let policies = headers.get_all(header::CONTENT_SECURITY_POLICY).iter().filter_map(|policy| policy.to_str().ok());
    policies.flat_map(|policy| policy.split(';')).any(|one| one.split_whitespace().next() == Some("sandbox"))
}

async fn admit(entrance: &Entrance, mut request: Request) -> Result<Request, Response> {
    let Ok(host) = Host::of(request.uri(), request.headers()) else {
        return Err(answer::plain(StatusCode::BAD_REQUEST, "the request does not say whom it asks"));
    };
    if let Some(host) = &host {
        match entrance.is_called(host).await {
            Ok(true) => {}
            Ok(false) => {
                let notice = Notice::NotOurName(host.name.clone());
                return Err(plain::notice(StatusCode::MISDIRECTED_REQUEST, request.headers(), &notice));
            }
            Err(error) => return Err(answer::fault(&error)),
        }
    }
    // Without a peer, the door is not wired: then nothing is private.
    let peer = request.extensions().get::<Peer>().cloned();
    let peer = peer.unwrap_or_else(|| Peer::in_clear(std::net::Ipv4Addr::UNSPECIFIED.into()));
    if !peer.is_private() {
        if !clear::is_acme(&request) {
            let (method, uri, headers) = (request.method(), request.uri(), request.headers());
            return Err(clear::answer(entrance, &peer, host.as_ref(), method, uri, headers));
        }
        request.headers_mut().remove(header::AUTHORIZATION);
        request.headers_mut().remove(header::COOKIE);
        return Ok(request);
    }
    match show_session(&mut request, host.as_ref(), &peer) {
        Some(refusal) => Err(refusal),
        None => Ok(request),
    }
}

/// Turns the cookie into a bearer token (RFC 6750), which all code behind understands, or refuses the request. A
/// request with its own log-in passes unchanged: no browser adds that by itself.
fn show_session(request: &mut Request, host: Option<&Host>, peer: &Peer) -> Option<Response> {
    let headers = request.headers();
    if headers.contains_key(header::AUTHORIZATION) {
        return None;
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && origin::is_foreign(headers, host, peer) {
        return Some(answer::plain(StatusCode::FORBIDDEN, "this request comes from a page of another site"));
    }
    let names = Names::of(host, peer.speaks_tls());
    // A page of another site sees our pages only as a stranger does.
    let shown = !origin::is_of_another_site(headers) || origin::is_a_visit(headers);
    let token = names.token(headers).filter(|_| shown)?;
    // A person who logs in brings a password, so an old cookie means nothing.
    let may_change = is_ours(headers) || is_our_form(request.uri(), token) || request.uri().path() == "/login";
    if changes && !may_change {
        return Some(answer::plain(StatusCode::FORBIDDEN, "this request lacks the header X-Facteur"));
    }
    if let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {token}")) {
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
    }
    None
}

/// Returns true if the request comes from our own pages.
fn is_ours(headers: &HeaderMap) -> bool {
    headers.contains_key(OURS) || origin::is_of_ours(headers)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::body::Body;
    use store::{Key, Options, Store};
    use tower_service::Service;

    use super::*;

    /// Returns the header about TLS in the answer to a client that calls us `host`.
    async fn told(entrance: &Entrance, host: &str, tls: bool, via: Via) -> Option<String> {
        let mut router = crate::guarded(Router::new().fallback(|| async { "pages" }), entrance.clone());
        let mut request = Request::builder().uri("/").header(header::HOST, host).body(Body::empty()).unwrap();
        let peer = Peer { tls: tls.then(|| "TLSv1.3".into()), via, ..Peer::in_clear([127, 0, 0, 1].into()) };
        request.extensions_mut().insert(peer);
        let response = router.call(request).await.unwrap();
        let told = response.headers().get(header::STRICT_TRANSPORT_SECURITY);
        told.map(|value| value.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn only_who_is_shown_a_public_certificate_for_our_name_is_told_to_come_back_over_tls() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path()), directory::MIGRATIONS).unwrap();
        let domain = mail::Domain::parse("beta.test").unwrap();
        let add = move |tx: &mut store::Tx| directory::domain::add(tx, &domain, mail::Timestamp(0));
        store.write(Key::Everything, add).await.unwrap();
        let unproven = Entrance::new(store, mail::Domain::parse("mail.alpha.test").unwrap(), "machine", Some(443));
        let proven = unproven.clone().proven_by(Arc::new(|name| name == "mail.alpha.test" || name == "beta.test"));
        for host in ["mail.alpha.test", "Mail.Alpha.test.", "mail.alpha.test:8443"] {
            assert_eq!(told(&proven, host, true, Via::Direct).await.as_deref(), Some("max-age=86400"), "{host}");
            assert_eq!(told(&unproven, host, true, Via::Direct).await, None, "signed by itself");
            assert_eq!(told(&proven, host, false, Via::Direct).await, None, "in clear");
            assert_eq!(told(&proven, host, true, Via::Proxy).await, None, "the certificate of a proxy");
        }
        for other in ["beta.test", "webmail.mail.alpha.test", "127.0.0.1", "localhost", "evil.test"] {
            assert_eq!(told(&proven, other, true, Via::Direct).await, None, "{other}");
        }
    }
}
