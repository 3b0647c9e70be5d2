//! The cookie that holds a session (RFC 6265).

use axum::http::{HeaderMap, HeaderValue, header};

use crate::host::Host;

/// The name inside TLS: the browser itself makes sure that no other site, no other path and no connection in clear has
/// set it (RFC 6265bis §4.1.3.2).
const SECURE: &str = "__Host-facteur";
/// The name of the cookie on this machine alone, without TLS.
const PLAIN: &str = "facteur";

/// The longest token that is read.
const LONGEST: usize = 128;

/// The name under which a server keeps its sessions: one inside TLS, which is never read nor written in clear, and
/// another one in clear, which means nothing inside TLS. Cookies know no ports (RFC 6265 §8.5), so two servers on one
/// host, as those of the demo, would log each other's people out: the name contains the port, if the address does.
pub struct Names {
    name: String,
    secure: bool,
}

impl Names {
    /// Returns the names for the address that a request was sent to. `secure`: the browser speaks TLS with us.
    pub fn of(host: Option<&Host>, secure: bool) -> Self {
        let name = if secure { SECURE } else { PLAIN };
        let name = host.and_then(|host| host.port).map_or_else(|| name.to_owned(), |port| format!("{name}-{port}"));
        Self { name, secure }
    }

    /// Returns the token in the request, if there is one.
    pub fn token<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        value(headers, &self.name).filter(|token| (1..=LONGEST).contains(&token.len()))
    }

    /// Returns the header that sets it, or removes it if there is no token.
    pub fn set(&self, token: Option<&str>) -> Option<HeaderValue> {
        let Self { name, secure } = self;
        let attribute = if *secure { "; Secure" } else { "" };
        let age = match token {
            // A session in use lasts as long as this; the server ends an unused one earlier.
            Some(_) => directory::session::LONGEST.as_secs(),
            None => 0,
        };
        let token = token.unwrap_or_default();
        let cookie = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{attribute}");
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Returns the value of the first cookie of this name. Other cookies do not concern us, even if they are no text.
pub fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers.get_all(header::COOKIE).iter().flat_map(|field| field.as_bytes().split(|octet| *octet == b';'));
    let own = |pair: &'h [u8]| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=");
    std::str::from_utf8(pairs.into_iter().find_map(own)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(host: &str, secure: bool, cookies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
        }
        Names::of(Host::parse(host).as_ref(), secure).token(&headers).map(str::to_owned)
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let read = |cookies: &[&str]| read("mail.alpha.test", true, cookies);
        assert_eq!(read(&["a=b; __Host-facteur=t1; c=d"]).as_deref(), Some("t1"));
        assert_eq!(read(&["a=é; b", "__Host-facteur=t2"]).as_deref(), Some("t2"));
        assert_eq!(read(&["x__Host-facteur=t1; __Host-facteur=; __Host-facteurx=t"]), None);
        assert_eq!(read(&[&format!("__Host-facteur={}", "x".repeat(LONGEST + 1))]), None);
        assert_eq!(read(&["__Host-facteur=é"]).as_deref(), Some("é"), "and no session has that name");
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn inside_tls_only_what_was_set_inside_tls_counts_and_in_clear_only_what_was_set_in_clear() {
        let both = ["facteur=clear; __Host-facteur=tls; facteur-8443=clear2; __Host-facteur-8443=tls2"];
        assert_eq!(read("mail.alpha.test", true, &both).as_deref(), Some("tls"));
        assert_eq!(read("mail.alpha.test:8443", true, &both).as_deref(), Some("tls2"));
        assert_eq!(read("mail.alpha.test", false, &both).as_deref(), Some("clear"));
        for planted in ["facteur=evil", "facteur-8443=evil; facteur=evil", "__Secure-facteur-8443=evil"] {
            assert_eq!(read("mail.alpha.test:8443", true, &[planted]), None, "{planted}");
            assert_eq!(read("mail.alpha.test", true, &[planted]), None, "{planted}");
        }
    }

    #[test]
    fn two_offices_on_one_host_have_sessions_of_their_own() {
        let both = ["facteur-8080=a; facteur-18080=b; facteur=c"];
        assert_eq!(read("127.0.0.1:8080", false, &both).as_deref(), Some("a"));
        assert_eq!(read("[::1]:18080", false, &both).as_deref(), Some("b"));
        assert_eq!(read("127.0.0.1", false, &both).as_deref(), Some("c"));
        let cookie = Names::of(Host::parse("mail.alpha.test:8443").as_ref(), true).set(Some("t")).unwrap();
        assert!(cookie.to_str().unwrap().starts_with("__Host-facteur-8443=t; "));
    }

    #[test]
    fn no_script_and_no_other_site_gets_at_it() {
        let cookie = |token, secure| Names::of(None, secure).set(token).unwrap().to_str().unwrap().to_owned();
        let set = cookie(Some("t"), true);
        for part in ["__Host-facteur=t; ", "HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        assert!(set.contains(&format!("Max-Age={}", directory::session::LONGEST.as_secs())), "{set}");
        assert!(!set.contains("Domain"), "{set}");
        assert!(cookie(None, false).contains("facteur=; ") && cookie(None, false).contains("Max-Age=0"));
    }
}
