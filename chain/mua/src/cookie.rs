//! The cookie that holds a session (RFC 6265).

use axum::http::{HeaderMap, HeaderValue, header};

/// Over TLS the browser itself sees to it that no other site or path has set it (RFC 6265bis §4.1.3.2).
const SECURE: &str = "__Host-facteur";
const PLAIN: &str = "facteur";

/// The token in the request, if there is one; the safer cookie wins.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let token = [SECURE, PLAIN].iter().find_map(|name| value(headers, name));
    token.filter(|token| (1..=128).contains(&token.len()))
}

fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| value)
}

/// The header that sets it, or takes it away where there is no token. `secure`: the browser speaks TLS with us.
pub fn set(token: Option<&str>, secure: bool) -> Option<HeaderValue> {
    let (name, attribute) = if secure { (SECURE, "; Secure") } else { (PLAIN, "") };
    let age = match token {
        Some(_) => directory::session::IDLE.as_secs(),
        None => 0,
    };
    let cookie =
        format!("{name}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{attribute}", token.unwrap_or_default());
    let mut value = HeaderValue::from_str(&cookie).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cookies: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        token(&headers).map(str::to_owned)
    }

    #[test]
    fn the_session_is_found_among_other_cookies_and_the_safer_one_wins() {
        assert_eq!(read(&["a=b; facteur=t1; c=d"]).as_deref(), Some("t1"));
        assert_eq!(read(&["facteur=t1", "__Host-facteur=t2"]).as_deref(), Some("t2"));
        assert_eq!(read(&["xfacteur=t1; facteur="]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn no_script_and_no_other_site_gets_at_it() {
        let cookie = |token, secure| set(token, secure).unwrap().to_str().unwrap().to_owned();
        let set = cookie(Some("t"), true);
        for part in ["__Host-facteur=t; ", "HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        assert!(cookie(None, false).contains("facteur=; ") && cookie(None, false).contains("Max-Age=0"));
    }
}
