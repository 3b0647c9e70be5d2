//! Serves one connection: requests in, responses out, until either side ends it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Version;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use net::{Proxies, Shutdown, Stream};
use tower_service::Service;

use crate::forwarded::Gatekeeper;
use crate::patience::{PatientBody, PatientStream};
use crate::{Line, Peer, Via};

/// The time that a client may take for a header, and that a connection may idle between requests.
const HEADER: Duration = Duration::from_secs(60);
/// The time that a client may make us wait for the next piece of a body, or for room to send.
const PIECE: Duration = Duration::from_secs(60);
/// Octets of all header fields, and of a buffer that reads or writes.
const HEADERS: u32 = 32 * 1024;
const BUFFER: usize = 64 * 1024;
/// The most requests at one time on one connection.
const STREAMS: u32 = 100;
/// The octets that a client may send ahead, on one request and on a connection.
const WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// The interval at which a silent HTTP/2 connection is pinged.
const ALIVE: Duration = Duration::from_secs(45);

/// The router and the limits behind the HTTP doors. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    router: Router,
    server: auto::Builder<TokioExecutor>,
    gatekeeper: Gatekeeper,
    shutdown: Shutdown,
}

impl Http {
    /// Requests go to `router`, with a [`Peer`] among their extensions.
    pub fn new(router: Router, shutdown: Shutdown) -> Self {
        let mut server = auto::Builder::new(TokioExecutor::new());
        server
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER)
            .max_buf_size(BUFFER)
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEADERS)
            .max_send_buf_size(BUFFER)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(ALIVE)
            .keep_alive_timeout(ALIVE);
        Self { router, server, gatekeeper: Gatekeeper::default(), shutdown }
    }

    /// Trusts these proxies in front when they name the client of a request.
    #[must_use]
    pub fn behind(self, proxies: Proxies) -> Self {
        Self { gatekeeper: Gatekeeper::new(proxies), ..self }
    }

    /// Serves one connection, from its first request to its end.
    pub async fn converse(self, stream: Stream) {
        let tls = stream.tls_info().map(|tls| format!("{} {}", tls.version, tls.cipher).into());
        let peer = Peer { ip: stream.peer().ip(), tls, via: Via::Direct };
        let ip = peer.ip;
        let Self { router, server, gatekeeper, shutdown } = self;
        let line = Line::default();
        let on = line.clone();
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let peer = gatekeeper.who_asks(&peer, request.headers());
            answer(router.clone(), peer, on.clone(), request)
        });
        let io = TokioIo::new(PatientStream::new(stream, PIECE));
        let mut connection = pin!(server.serve_connection(io, service));
        let serving = async {
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = shutdown.requested() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        };
        tokio::select! {
            biased;
            ended = serving => if let Err(error) = ended {
                tracing::debug!(%error, peer = %ip, "an HTTP connection ended early");
            },
            leave = line.cut() => tracing::debug!(?leave, peer = %ip, "an HTTP connection was cut"),
        }
    }
}

/// Returns the router's answer to a request.
fn answer(
    mut router: Router,
    peer: Peer,
    line: Line,
    mut request: Request<Incoming>,
) -> impl Future<Output = Result<Response, Infallible>> {
    request.extensions_mut().insert(peer);
    if request.version() < Version::HTTP_2 {
        request.extensions_mut().insert(line);
    }
    router.call(request.map(|body| Body::new(PatientBody::new(body, PIECE))))
}
