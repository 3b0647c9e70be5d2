//! Asks a token endpoint: the client posts a form and gets a small JSON object. It follows no redirect, for that
//! would take secrets elsewhere.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use https::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use https::{Client, HeaderMap, HeaderValue, Limits, Reach};
use net::{ClientTls, Resolver};
use url::Url;

use super::error::Error;

/// An answer with tokens has a few kilobytes.
const LIMITS: Limits = Limits { time: Duration::from_secs(30), body: 64 * 1024, redirects: 0 };
/// A provider that asks for more patience than this is asked again all the same.
const MOST_PATIENCE: u64 = 24 * 3600;

/// An address of a provider, proven to be HTTPS, or on this very machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Not an address that secrets may be sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an https address")]
pub struct BadEndpoint(String);

impl Endpoint {
    /// Takes an absolute URL of HTTPS without a fragment; plain HTTP only on a loopback address, for tests.
    pub fn parse(text: &str) -> Result<Self, BadEndpoint> {
        let bad = || BadEndpoint(super::error::line(text));
        let url = Url::parse(text).map_err(|_| bad())?;
        let safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
        let plain = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        if safe && plain && url.has_host() { Ok(Self(url)) } else { Err(bad()) }
    }

    /// The whole of it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host's name.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// Returns the address with more fields in its query.
    pub(super) fn with(&self, fields: &[(&str, &str)]) -> String {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(fields);
        url.into()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The client that reaches providers. It is cheap to clone.
#[derive(Clone)]
pub struct Https(Client);

/// The answer of a provider.
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Bytes,
}

impl Https {
    /// `tls` must verify: [`ClientTls::verified`].
    pub fn new(tls: ClientTls, resolver: Arc<dyn Resolver>) -> Self {
        // A provider may stand in our own network: the person who set up the source wrote its address down.
        Self(Client::new(tls, resolver, Reach::Anywhere, LIMITS))
    }

    /// Posts a form (`application/x-www-form-urlencoded`) and reads the answer. Bounded in time and size.
    pub(super) async fn post(&self, to: &Endpoint, fields: &[(&str, &str)]) -> Result<Answer, Error> {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let header = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
            (ACCEPT, HeaderValue::from_static("application/json")),
        ]);
        let later = |why| Error::later(to.host(), why);
        let answer = self.0.post(&to.0, header, form.into()).await.map_err(later)?;
        let (status, retry_after) = (answer.status, retry_after(&answer.fields));
        let body = answer.whole().await.map_err(later)?;
        Ok(Answer { status, retry_after, body })
    }
}

fn retry_after(fields: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = fields.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(MOST_PATIENCE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_https_or_nowhere() {
        for good in
            ["https://login.example.org/token", "http://127.0.0.1:1/t", "http://[::1]:1/t", "http://localhost/t"]
        {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://login.example.org/token",
            "http://127.0.0.1.evil.test/",
            "ftp://localhost/",
            "https://me:secret@login.example.org/",
            "https://login.example.org/#part",
            "login.example.org",
            "",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_stands_without_brackets_and_fields_join_the_query() {
        assert_eq!(Endpoint::parse("https://[::1]/t").unwrap().host(), "::1");
        let endpoint = Endpoint::parse("https://a.test/auth?x=1").unwrap();
        assert_eq!(endpoint.with(&[("scope", "a b&c")]), "https://a.test/auth?x=1&scope=a+b%26c");
    }
}
