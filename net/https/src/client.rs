//! The exchanges of a client, one after the other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use net::{AddressAnswer, ClientTls, Resolver, Stream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use url::{Position, Url};

use crate::reach::final_address;
use crate::{Answer, Error, Home, Reach};

/// The time for one attempt to connect; the next address may be better.
const CONNECT: Duration = Duration::from_secs(10);
/// Addresses of a host that are tried.
const MOST_ADDRESSES: usize = 4;
/// Octets of a header.
const MAX_HEADER: usize = 64 * 1024;

/// The bounds of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The time from the first question to a name server to the last octet of the body, redirects included.
    pub time: Duration,
    /// Octets of a body.
    pub body: u64,
    /// The most redirects that a GET follows. A POST is never redirected.
    pub redirects: u8,
}

/// Sends requests to servers elsewhere. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    tls: ClientTls,
    resolver: Arc<dyn Resolver>,
    reach: Reach,
    home: Option<Home>,
    limits: Limits,
    /// True if nothing is requested in clear, even if an answer redirects there.
    tls_only: bool,
}

impl Client {
    /// Makes a client. `tls` must verify: [`ClientTls::verified`].
    pub fn new(tls: ClientTls, resolver: Arc<dyn Resolver>, reach: Reach, limits: Limits) -> Self {
        Self { tls, resolver, reach, home: None, limits, tls_only: false }
    }

    /// Keeps the client away from `home`: if its reach is the public internet, no stranger may lead us there either.
    #[must_use]
    pub fn away_from(self, home: Home) -> Self {
        Self { home: Some(home), ..self }
    }

    /// Requests over TLS or not at all, even after a redirect: for answers that must prove who gives them.
    #[must_use]
    pub fn over_tls_only(self) -> Self {
        Self { tls_only: true, ..self }
    }

    /// Returns true if this URL could be requested, by all that we know without a request: it is a web address within
    /// reach, with no name and password in it.
    pub fn may_ask(&self, url: &Url) -> bool {
        let is_plain = url.has_host() && url.username().is_empty() && url.password().is_none();
        let port = url.port_or_known_default().filter(|port| self.reach.allows_port(*port));
        let is_spoken = url.scheme() == "https" || url.scheme() == "http" && !self.tls_only;
        is_plain && port.is_some() && is_spoken
    }

    /// Requests `url`, and follows its redirects. `fields` are sent to each server on the way, so they must contain no
    /// secret; beside them goes only what HTTP needs.
    pub async fn get(&self, url: &Url, fields: &HeaderMap) -> Result<Answer, Error> {
        self.timed(async |until| {
            let mut url = url.clone();
            for _ in 0..=self.limits.redirects {
                let answer = self.exchange(Method::GET, &url, fields.clone(), Bytes::new(), until).await?;
                match answer.leads_to(&url)? {
                    Some(next) => url = next,
                    None => return Ok(answer),
                }
            }
            Err(Error::TooManyRedirects(self.limits.redirects))
        })
        .await
    }

    /// Posts `body`. A redirect is returned as an answer.
    pub async fn post(&self, url: &Url, fields: HeaderMap, body: Bytes) -> Result<Answer, Error> {
        self.timed(async |until| self.exchange(Method::POST, url, fields, body, until).await).await
    }

    async fn timed(&self, work: impl AsyncFnOnce(Instant) -> Result<Answer, Error>) -> Result<Answer, Error> {
        let until = Instant::now() + self.limits.time;
        timeout_at(until, Box::pin(work(until))).await.unwrap_or(Err(Error::TimedOut))
    }

    async fn exchange(
        &self,
        method: Method,
        url: &Url,
        fields: HeaderMap,
        body: Bytes,
        until: Instant,
    ) -> Result<Answer, Error> {
        if !self.may_ask(url) {
            return Err(Error::BadAddress);
        }
        let request = request(method, url, fields, body)?;
        let broken = |error: hyper::Error| Error::Broken(error.to_string());
        let stream = self.connect(url).await?;
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(MAX_HEADER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        // Ends with the answer, however that ends.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let response = sender.send_request(request).await.map_err(broken)?;
        Ok(Answer::new(response, self.limits.body, until, driver))
    }

    async fn connect(&self, url: &Url) -> Result<Stream, Error> {
        let (host, places) = self.places(url).await?;
        let mut last = Error::OutOfReach(host.clone());
        let within_reach = places.into_iter().filter(|place| self.reach.allows(*place));
        for place in within_reach.take(MOST_ADDRESSES) {
            if self.leads_home(place).await? {
                continue;
            }
            match self.connect_to(url, &host, place).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Error::Connect(error.to_string()),
            }
        }
        Err(last)
    }

    /// Returns true for an address of our own server that others must not lead us to.
    async fn leads_home(&self, place: SocketAddr) -> Result<bool, Error> {
        match &self.home {
            Some(home) if self.reach.asks_who(place) => Ok(home.holds(final_address(place.ip())).await?),
            _ => Ok(false),
        }
    }

    /// Returns the name of the host, and its addresses.
    async fn places(&self, url: &Url) -> Result<(String, Vec<SocketAddr>), Error> {
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default().ok_or(Error::BadAddress)?;
        match self.resolver.addresses(&host).await {
            Ok(AddressAnswer::Records(found, _)) => {
                // The check sees the addresses in the form that the connection uses.
                let places = found.into_iter().map(|ip| SocketAddr::new(ip.to_canonical(), port)).collect();
                Ok((host, places))
            }
            Ok(_) => Err(Error::NoSuchHost(host)),
            Err(fault) => Err(Error::Names(fault.to_string())),
        }
    }

    async fn connect_to(&self, url: &Url, host: &str, place: SocketAddr) -> Result<Stream, net::Error> {
        let stream = Stream::connect(place, CONNECT).await?;
        if url.scheme() == "https" { stream.start_tls_client(&self.tls, host).await } else { Ok(stream) }
    }
}

fn request(method: Method, url: &Url, fields: HeaderMap, body: Bytes) -> Result<Request<Full<Bytes>>, Error> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = url[Position::BeforePath..Position::AfterQuery].parse().map_err(|_| Error::BadAddress)?;
    *request.headers_mut() = fields;
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_str(authority).map_err(|_| Error::BadAddress)?);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}
