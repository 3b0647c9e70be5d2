//! The cookie that holds a session (RFC 6265).

use axum::http::{HeaderMap, HeaderValue, Uri, header};

/// Over TLS the browser itself sees to it that no other site or path has set it (RFC 6265bis §4.1.3.2).
const SECURE: &str = "__Host-facteur";
const PLAIN: &str = "facteur";

/// The names under which an office keeps its sessions. Cookies know no ports (RFC 6265 §8.5), so two offices on one host,
/// as those of the demo, would log each other's people out: the name holds the port, where the address does.
pub struct Names {
    port: Option<u16>,
}

impl Names {
    /// For the address a request was sent to.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let named = |authority: &str| authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        Self { port: uri.port_u16().or_else(|| host.and_then(named)) }
    }

    fn full(&self, name: &str) -> String {
        self.port.map_or_else(|| name.to_owned(), |port| format!("{name}-{port}"))
    }

    /// The token in the request, if there is one; the safer cookie wins.
    pub fn token<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let token = [SECURE, PLAIN].iter().find_map(|name| value(headers, &self.full(name)));
        token.filter(|token| (1..=128).contains(&token.len()))
    }

    /// The header that sets it, or takes it away where there is no token. `secure`: the browser speaks TLS with us.
    pub fn set(&self, token: Option<&str>, secure: bool) -> Option<HeaderValue> {
        let (name, attribute) = if secure { (SECURE, "; Secure") } else { (PLAIN, "") };
        let age = match token {
            Some(_) => directory::session::IDLE.as_secs(),
            None => 0,
        };
        let (name, token) = (self.full(name), token.unwrap_or_default());
        let cookie = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{attribute}");
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(host: &'static str, cookies: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        Names::of(&Uri::from_static("/"), &headers).token(&headers).map(str::to_owned)
    }

    #[test]
    fn the_session_is_found_among_other_cookies_and_the_safer_one_wins() {
        let read = |cookies: &[&'static str]| read("mail.alpha.test", cookies);
        assert_eq!(read(&["a=b; facteur=t1; c=d"]).as_deref(), Some("t1"));
        assert_eq!(read(&["facteur=t1", "__Host-facteur=t2"]).as_deref(), Some("t2"));
        assert_eq!(read(&["xfacteur=t1; facteur="]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn two_offices_on_one_host_have_sessions_of_their_own() {
        let both = ["facteur-8080=a; facteur-18080=b; facteur=c"];
        assert_eq!(read("127.0.0.1:8080", &both).as_deref(), Some("a"));
        assert_eq!(read("[::1]:18080", &both).as_deref(), Some("b"));
        assert_eq!(read("127.0.0.1:nonsense", &both).as_deref(), Some("c"));
        let headers = HeaderMap::new();
        let second = Names::of(&Uri::from_static("https://mail.alpha.test:8443/login"), &headers);
        let cookie = second.set(Some("t"), true).unwrap();
        assert!(
            cookie.to_str().unwrap().starts_with("__Host-facteur-8443=t; "),
            "HTTP/2 names the host in the address"
        );
    }

    #[test]
    fn no_script_and_no_other_site_gets_at_it() {
        let names = Names { port: None };
        let cookie = |token, secure| names.set(token, secure).unwrap().to_str().unwrap().to_owned();
        let set = cookie(Some("t"), true);
        for part in ["__Host-facteur=t; ", "HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        assert!(cookie(None, false).contains("facteur=; ") && cookie(None, false).contains("Max-Age=0"));
    }
}
