//! Finds the site whose page has sent a request, as browsers report it.

use axum::http::{HeaderMap, header};
use http::{Peer, Via};

use crate::host::Host;

const SITE: &str = "sec-fetch-site";

/// Returns true if the browser reports that a page of another site asks. Sites beside ours on one domain are others,
/// too.
pub fn is_of_another_site(headers: &HeaderMap) -> bool {
    headers.get_all(SITE).iter().any(|site| site != "same-origin" && site != "none")
}

/// Returns true if the browser reports that our own page asks. No page can falsify that.
pub fn is_of_ours(headers: &HeaderMap) -> bool {
    headers.contains_key(SITE) && headers.get_all(SITE).iter().all(|site| site == "same-origin")
}

/// Returns true if a person goes to this address as a whole page, by a link or by hand.
pub fn is_a_visit(headers: &HeaderMap) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|given| given == value);
    says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document")
}

/// Returns true if this request may not change anything, because another site has sent it. Browsers report the site
/// (Fetch Metadata), the origin (RFC 6454), or both; programs report neither.
pub fn is_foreign(headers: &HeaderMap, host: Option<&Host>, peer: &Peer) -> bool {
    let foreign = |origin: &axum::http::HeaderValue| match origin.to_str() {
        // Our own page forbids the browser to name it as the origin of its forms.
        Ok("null") => !is_of_ours(headers),
        Ok(origin) => !is_ours(origin, host, peer),
        Err(_) => true,
    };
    is_of_another_site(headers) || headers.get_all(header::ORIGIN).iter().any(foreign)
}

/// Returns true if this origin is the address that the request was sent to.
fn is_ours(origin: &str, host: Option<&Host>, peer: &Peer) -> bool {
    let (scheme, usual) = if peer.speaks_tls() { ("https", 443) } else { ("http", 80) };
    let Some(host) = host else { return false };
    let authority = origin.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
    let Some(origin) = authority.and_then(Host::parse) else { return false };
    let port = |host: &Host| host.port.unwrap_or(usual);
    // A proxy may pass the name on without its own port.
    origin.name == host.name && (peer.via != Via::Direct || port(&origin) == port(host))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn peer(tls: bool, via: Via) -> Peer {
        Peer { tls: tls.then(|| "TLSv1.3".into()), via, ..Peer::in_clear([127, 0, 0, 1].into()) }
    }

    fn foreign(fields: &[(&'static str, &'static str)], host: &str, tls: bool) -> bool {
        is_foreign(&headers(fields), Host::parse(host).as_ref(), &peer(tls, Via::Direct))
    }

    #[test]
    fn only_our_own_pages_programs_and_people_change_something() {
        let host = "mail.alpha.test:8443";
        for ours in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://mail.alpha.test:8443")],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://mail.alpha.test:8443")],
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
        ] {
            assert!(!foreign(ours, host, true), "{ours:?}");
        }
        for other in [
            &[("sec-fetch-site", "same-site")][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.test")],
            &[("origin", "https://evil.test")],
            &[("origin", "https://evil.test"), ("origin", "https://mail.alpha.test:8443")],
            &[("origin", "https://mail.alpha.test")],
            &[("origin", "https://mail.alpha.test:8444")],
            &[("origin", "http://mail.alpha.test:8443")],
            &[("origin", "https://mail.alpha.test:8443.evil.test")],
            &[("origin", "https://mail.alpha.test:8443@evil.test")],
            &[("origin", "null")],
            &[("origin", "")],
            &[("sec-fetch-site", "none"), ("origin", "null")],
        ] {
            assert!(foreign(other, host, true), "{other:?}");
        }
        assert!(!foreign(&[("origin", "https://mail.alpha.test")], "mail.alpha.test:443", true));
        assert!(!foreign(&[("origin", "http://localhost:8080")], "localhost:8080", false));
        assert!(is_foreign(&headers(&[("origin", "https://a.test")]), None, &peer(true, Via::Direct)));
    }

    #[test]
    fn behind_a_proxy_the_port_is_the_proxys() {
        let fields = headers(&[("origin", "https://mail.alpha.test:9443")]);
        let host = Host::parse("mail.alpha.test");
        assert!(!is_foreign(&fields, host.as_ref(), &peer(true, Via::Proxy)));
        assert!(is_foreign(&fields, host.as_ref(), &peer(true, Via::Direct)));
    }
}
