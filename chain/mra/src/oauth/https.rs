//! The little of HTTP that tokens need: a form is posted, a small JSON object comes back. No redirect is followed, for
//! it would take secrets elsewhere.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use net::{AddressAnswer, ClientTls, Resolver, Stream};
use tokio::task::JoinSet;
use url::Url;

use super::error::Error;

/// An answer with tokens has a few kilobytes.
const MAX_ANSWER: usize = 64 * 1024;
/// From the first question for the address to the last octet.
const DEADLINE: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);
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

    /// With more fields in its query.
    pub(super) fn with(&self, fields: &[(&str, &str)]) -> String {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(fields);
        url.into()
    }

    fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
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

/// What is needed to reach providers. Cheap to clone.
#[derive(Clone)]
pub struct Https {
    tls: ClientTls,
    resolver: Arc<dyn Resolver>,
}

/// What a provider answered.
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Bytes,
}

impl Https {
    /// `tls` must verify: [`ClientTls::verified`].
    pub fn new(tls: ClientTls, resolver: Arc<dyn Resolver>) -> Self {
        Self { tls, resolver }
    }

    /// Posts a form (`application/x-www-form-urlencoded`) and reads the answer. Bounded in time and size.
    pub(super) async fn post(&self, to: &Endpoint, fields: &[(&str, &str)]) -> Result<Answer, Error> {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let posted = tokio::time::timeout(DEADLINE, Box::pin(self.exchange(to, form))).await;
        posted.unwrap_or_else(|_| Err(Error::later(to.host(), "no answer in time")))
    }

    async fn exchange(&self, to: &Endpoint, form: String) -> Result<Answer, Error> {
        let later = |why: &dyn fmt::Display| Error::later(to.host(), why);
        let stream = self.connect(to).await?;
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(MAX_ANSWER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| later(&error))?;
        // Ends with this function, however it ends.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let answer = sender.send_request(request(to, form)?).await.map_err(|error| later(&error))?;
        read(answer).await.map_err(|why| later(&why))
    }

    async fn connect(&self, to: &Endpoint) -> Result<Stream, Error> {
        let mut last = Error::later(to.host(), "its name has no address");
        for ip in self.addresses(to).await? {
            match self.connect_to(to, ip).await {
                Ok(stream) => return Ok(stream),
                Err(why) => last = Error::later(to.host(), why),
            }
        }
        Err(last)
    }

    async fn addresses(&self, to: &Endpoint) -> Result<Vec<IpAddr>, Error> {
        match self.resolver.addresses(to.host()).await {
            Ok(AddressAnswer::Addresses(found)) => Ok(found),
            Ok(_) => Ok(Vec::new()),
            Err(fault) => Err(Error::later(to.host(), fault)),
        }
    }

    async fn connect_to(&self, to: &Endpoint, ip: IpAddr) -> Result<Stream, net::Error> {
        let stream = Stream::connect(SocketAddr::new(ip, to.port()), CONNECT).await?;
        if to.is_tls() { stream.start_tls_client(&self.tls, to.host()).await } else { Ok(stream) }
    }
}

fn request(to: &Endpoint, form: String) -> Result<Request<Full<Bytes>>, Error> {
    let query = to.0.query().map(|query| format!("?{query}")).unwrap_or_default();
    let authority = to.0.port().map_or_else(
        || to.0.host_str().unwrap_or_default().to_owned(),
        |port| format!("{}:{port}", to.0.host_str().unwrap_or_default()),
    );
    Request::post(format!("{}{query}", to.0.path()))
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::from(form)))
        .map_err(|error| Error::later(to.host(), error))
}

async fn read(answer: Response<Incoming>) -> Result<Answer, String> {
    let status = answer.status().as_u16();
    let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let retry_after = seconds.map(|seconds: u64| Duration::from_secs(seconds.min(MOST_PATIENCE)));
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await.map_err(|error| error.to_string())?;
    Ok(Answer { status, retry_after, body: body.to_bytes() })
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
