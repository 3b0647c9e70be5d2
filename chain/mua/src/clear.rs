//! Answers clients from other machines that speak in clear: they get the way to the door with TLS, and nothing else.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use http::{Peer, Via};

use crate::entrance::Entrance;
use crate::host::Host;
use crate::plain::Notice;
use crate::{answer, plain};

/// The path where a certificate authority checks our identity, always in clear (RFC 8555 §8.3).
const ACME: &str = "/.well-known/acme-challenge/";

/// Returns true if a certificate authority asks. No mail is there.
pub fn is_acme(request: &Request) -> bool {
    request.method() == Method::GET && request.uri().path().starts_with(ACME)
}

/// Returns the answer to a request in clear.
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
        // The proxy may speak TLS with the client: a redirect would lead back here.
        (Via::SilentProxy, _) => return plain::notice(StatusCode::FORBIDDEN, headers, &Notice::SilentProxy),
    };
    // Listeners have read the request, and it must not be sent again as if nothing had happened.
    if !matches!(*method, Method::GET | Method::HEAD) {
        return plain::notice(StatusCode::FORBIDDEN, headers, &Notice::InClear);
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let place = HeaderValue::from_str(&format!("https://{door}{}", if path.starts_with('/') { path } else { "/" }));
    let mut response = answer::empty(StatusCode::PERMANENT_REDIRECT);
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    // The door may be elsewhere tomorrow.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use store::{Options, Store};

    use super::*;

    const FAR: [u8; 4] = [198, 51, 100, 7];

    fn entrance(folder: &std::path::Path, https: Option<u16>) -> Entrance {
        let store = Store::open(Options::new(folder), directory::MIGRATIONS).unwrap();
        Entrance::new(store, mail::Domain::parse("mail.alpha.test").unwrap(), "machine", https)
    }

    async fn told(entrance: &Entrance, via: Via, method: Method, uri: &'static str) -> (u16, String, String) {
        let peer = Peer { via, ..Peer::in_clear(FAR.into()) };
        let host = Host::parse("Mail.Alpha.test:8080");
        let fields = [(header::ACCEPT, "text/html,*/*"), (header::ACCEPT_LANGUAGE, "fr")];
        let headers = HeaderMap::from_iter(fields.map(|(name, value)| (name, HeaderValue::from_static(value))));
        let uri = Uri::from_static(uri);
        let (head, body) = answer(entrance, &peer, host.as_ref(), &method, &uri, &headers).into_parts();
        let place = head.headers.get(header::LOCATION).map_or("", |place| place.to_str().unwrap()).to_owned();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), place, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn who_comes_in_clear_is_led_to_the_door_with_tls_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let usual = entrance(folder.path(), Some(443));
        let trial = usual.clone().with_door(8443);
        let place = |(status, place, body): (u16, String, String)| {
            assert_eq!((status, &*body), (308, ""));
            place
        };
        let led = told(&usual, Via::Direct, Method::GET, "/letter?x=1").await;
        assert_eq!(place(led), "https://mail.alpha.test/letter?x=1");
        let led = told(&usual, Via::Direct, Method::GET, "//evil.test/").await;
        assert_eq!(place(led), "https://mail.alpha.test//evil.test/");
        assert_eq!(place(told(&trial, Via::Direct, Method::HEAD, "/").await), "https://mail.alpha.test:8443/");
        assert_eq!(place(told(&trial, Via::Proxy, Method::GET, "/").await), "https://mail.alpha.test/");
        let (status, place, body) = told(&trial, Via::Direct, Method::POST, "/login").await;
        assert_eq!((status, &*place), (403, ""));
        assert!(body.contains("chiffrée"), "{body}");
    }

    #[tokio::test]
    async fn without_a_door_with_tls_a_page_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let none = entrance(folder.path(), None);
        let (status, place, body) = told(&none, Via::Direct, Method::GET, "/").await;
        assert_eq!((status, &*place), (403, ""));
        assert!(body.contains("https = [") && body.contains("mandataire"), "{body}");
        let (status, _, body) = told(&none, Via::SilentProxy, Method::GET, "/").await;
        assert_eq!(status, 403);
        assert!(body.contains("X-Forwarded-Proto"), "{body}");
    }
}
