//! The name by which a browser calls us.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

/// Host and port of the address that a request was sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name in lower case, without a final dot; an IPv6 address in brackets.
    pub name: String,
    pub port: Option<u16>,
}

/// The request names its host twice, or the host is no name.
#[derive(Debug, PartialEq, Eq)]
pub struct NoHost;

impl Host {
    /// Returns the host that a request names: HTTP/2 says it in the address, HTTP/1.1 in a field. `None`: the request
    /// does not name one (HTTP/1.0), which no browser does.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Result<Option<Self>, NoHost> {
        let mut fields = headers.get_all(header::HOST).iter();
        let field = fields.next().map(|field| field.to_str().ok().and_then(Self::parse).ok_or(NoHost)).transpose()?;
        if fields.next().is_some() {
            return Err(NoHost);
        }
        match uri.authority() {
            Some(authority) => Self::parse(authority.as_str()).map(Some).ok_or(NoHost),
            None => Ok(field),
        }
    }

    /// Reads `mail.example.org`, `mail.example.org:8443`, `[::1]:8443`.
    pub fn parse(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let rest = text.strip_prefix(authority.host())?;
        let port = authority.port_u16();
        let whole = rest.is_empty() || port.is_some_and(|port| rest == format!(":{port}"));
        (whole && !name.is_empty()).then_some(Self { name, port })
    }

    /// Returns true for an address in digits. No name server has a say in where that leads.
    pub fn is_ip(&self) -> bool {
        let bare = self.name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<std::net::IpAddr>().is_ok()
    }

    /// Returns true for this name, or one below it.
    pub fn is_below(&self, name: &str) -> bool {
        let rest = self.name.strip_suffix(&*name.to_ascii_lowercase());
        !name.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

/// Writes the host with the port, if one was given.
impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(uri: &'static str, fields: &[&'static str]) -> Result<Option<String>, NoHost> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(header::HOST, HeaderValue::from_static(field));
        }
        Host::of(&Uri::from_static(uri), &headers).map(|host| host.map(|host| host.to_string()))
    }

    #[test]
    fn a_request_says_once_whom_it_asks() {
        for (uri, fields, host) in [
            ("/", &["Mail.Alpha.test."][..], "mail.alpha.test"),
            ("/", &["mail.alpha.test:8443"], "mail.alpha.test:8443"),
            ("/", &["[::1]:8443"], "[::1]:8443"),
            ("https://mail.alpha.test:8443/login", &[], "mail.alpha.test:8443"),
        ] {
            assert_eq!(of(uri, fields), Ok(Some(host.to_owned())));
        }
        assert_eq!(of("/", &[]), Ok(None));
        for fields in [
            &["a.test", "b.test"][..],
            &[""],
            &["."],
            &["me@a.test"],
            &["a.test/x"],
            &["a.test:"],
            &["a.test:99999"],
            &["a.test:080"],
            &["a b"],
            &["[::1"],
            &["::1"],
        ] {
            assert_eq!(of("/", fields), Err(NoHost), "{fields:?}");
        }
    }

    #[test]
    fn names_below_ours_are_told_from_names_that_end_alike() {
        let below = |name: &str| Host::parse(name).unwrap().is_below("Alpha.test");
        assert!(below("alpha.test") && below("MAIL.alpha.test:80"));
        assert!(!below("evilalpha.test") && !below("alpha.test.evil.test") && !below("test"));
        assert!(Host::parse("192.0.2.1:80").unwrap().is_ip() && Host::parse("[2001:db8::1]").unwrap().is_ip());
        assert!(!Host::parse("1.2.3.evil.test").unwrap().is_ip());
    }
}
