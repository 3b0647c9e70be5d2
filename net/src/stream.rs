//! A connection to a peer, plain or inside TLS, as one type.

use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::CommonState;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use crate::listen::Incoming;
use crate::places::Seat;
use crate::{ClientTls, Error, Peer, ServerTls};

/// The time that a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// A connection over TCP, plain or inside TLS, or over a Unix socket. It knows its peer for good, even if the peer has
/// gone.
pub struct Stream {
    peer: Peer,
    /// The address that the peer has reached, if a proxy in front has named it.
    reached: Option<IpAddr>,
    wire: Wire,
    /// The place it has at a door.
    seat: Option<Arc<Seat>>,
}

/// The TLS states are boxed: they are large, and a stream is moved a few times.
enum Wire {
    Plain(TcpStream),
    Unix(UnixStream),
    Server(Box<tokio_rustls::server::TlsStream<TcpStream>>),
    Client(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// The terms that both sides of TLS agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    /// `TLSv1.3`
    pub version: &'static str,
    /// `TLS_AES_256_GCM_SHA384`
    pub cipher: String,
}

/// Returns true if a server waits there for TLS, and sends nothing before it. Only the hello of TLS is sent, and the
/// certificate does not matter.
pub async fn begins_with_tls(place: SocketAddr, wait: Duration) -> bool {
    let Ok(tls) = ClientTls::opportunistic() else { return false };
    let attempt = async {
        let stream = Stream::connect(place, wait).await?;
        stream.start_tls_client(&tls, &place.ip().to_string()).await
    };
    tokio::time::timeout(wait, attempt).await.is_ok_and(|shaken| shaken.is_ok())
}

impl Stream {
    /// Takes over an accepted or made connection: no delay for small packets, keepalive for long silences.
    pub fn plain(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        // A peer that vanished without a word (a phone, a NAT that forgot) is found out after about ten minutes.
        let keepalive =
            socket2::TcpKeepalive::new().with_time(Duration::from_secs(300)).with_interval(Duration::from_secs(75));
        socket2::SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
        Ok(Self { peer: Peer::Net(socket.peer_addr()?), reached: None, wire: Wire::Plain(socket), seat: None })
    }

    /// Takes over a connection over a Unix socket.
    pub fn unix(socket: UnixStream) -> Self {
        Self { peer: Peer::Unix, reached: None, wire: Wire::Unix(socket), seat: None }
    }

    pub(crate) fn accepted(socket: Incoming, seat: Arc<Seat>) -> io::Result<Self> {
        let stream = match socket {
            Incoming::Tcp(socket) => Self::plain(socket)?,
            Incoming::Unix(socket) => Self::unix(socket),
        };
        Ok(Self { seat: Some(seat), ..stream })
    }

    /// Replaces the peer and the place after a proxy has named the owner of this connection.
    pub(crate) fn introduced(self, peer: SocketAddr, reached: IpAddr, seat: Arc<Seat>) -> Self {
        Self { peer: Peer::Net(peer), reached: Some(reached.to_canonical()), seat: Some(seat), ..self }
    }

    pub(crate) fn seat(&self) -> Option<Arc<Seat>> {
        self.seat.clone()
    }

    /// Gives up its place.
    pub(crate) fn rise(&mut self) {
        self.seat = None;
    }

    /// The peer has logged in: it keeps its place also when places become scarce (see [`crate::Places`]).
    pub fn has_logged_in(&self) {
        if let Some(seat) = &self.seat {
            seat.know();
        }
    }

    /// Connects to `to`, or gives up after `within`.
    pub async fn connect(to: SocketAddr, within: Duration) -> Result<Self, Error> {
        let connected = tokio::time::timeout(within, TcpStream::connect(to)).await;
        Ok(Self::plain(connected.map_err(|_| Error::TimedOut)?.map_err(Error::Io)?)?)
    }

    /// The same, from this address of the machine.
    pub async fn connect_from(from: IpAddr, to: SocketAddr, within: Duration) -> Result<Self, Error> {
        let attempt = async {
            let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            socket.bind(SocketAddr::new(from, 0))?;
            socket.connect(to).await
        };
        let connected = tokio::time::timeout(within, attempt).await;
        Ok(Self::plain(connected.map_err(|_| Error::TimedOut)?.map_err(Error::Io)?)?)
    }

    /// Connects to a Unix socket, or gives up after `within`.
    pub async fn connect_unix(to: &Path, within: Duration) -> Result<Self, Error> {
        let connected = tokio::time::timeout(within, UnixStream::connect(to)).await;
        Ok(Self::unix(connected.map_err(|_| Error::TimedOut)?.map_err(Error::Io)?))
    }

    /// Returns the other end: the client, if a trusted proxy speaks for one.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Returns the address that the peer has reached, of this machine or of a proxy in front; `None` over a Unix
    /// socket.
    pub fn local_ip(&self) -> Option<IpAddr> {
        if self.reached.is_some() {
            return self.reached;
        }
        let socket = match &self.wire {
            Wire::Plain(socket) => socket,
            Wire::Unix(_) => return None,
            Wire::Server(tls) => tls.get_ref().0,
            Wire::Client(tls) => tls.get_ref().0,
        };
        socket.local_addr().ok().map(|address| address.ip().to_canonical())
    }

    /// Returns true if the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        matches!(self.wire, Wire::Server(_) | Wire::Client(_))
    }

    /// Returns version and cipher inside TLS.
    pub fn tls_info(&self) -> Option<TlsInfo> {
        let state = self.tls_state()?;
        Some(TlsInfo {
            version: version_name(state.protocol_version()?),
            cipher: format!("{:?}", state.negotiated_cipher_suite()?.suite()).replace("TLS13_", "TLS_"),
        })
    }

    /// Returns the name that the client asked for in its TLS hello (SNI).
    pub fn asked_name(&self) -> Option<&str> {
        match &self.wire {
            Wire::Server(tls) => tls.get_ref().1.server_name(),
            _ => None,
        }
    }

    /// Runs the server's side of a handshake. It is refused inside TLS: there is no TLS in TLS.
    pub async fn start_tls_server(self, tls: &ServerTls) -> Result<Self, Error> {
        let (seat, reached) = (self.seat.clone(), self.reached);
        let (peer, socket) = self.into_plain()?;
        let shaken = tokio::time::timeout(HANDSHAKE, Box::pin(tls.acceptor().accept(socket))).await;
        let stream = shaken.map_err(|_| Error::TimedOut)??;
        Ok(Self { peer, reached, wire: Wire::Server(Box::new(stream)), seat })
    }

    /// Runs the client's side of a handshake. `name` is the host that we meant to reach, a name or an IP address.
    pub async fn start_tls_client(self, tls: &ClientTls, name: &str) -> Result<Self, Error> {
        let (peer, socket) = self.into_plain()?;
        let name = ClientTls::server_name(name, peer.ip());
        let shaken = tokio::time::timeout(HANDSHAKE, Box::pin(tls.connector().connect(name, socket))).await;
        let stream = shaken.map_err(|_| Error::TimedOut)??;
        Ok(Self { peer, reached: None, wire: Wire::Client(Box::new(stream)), seat: None })
    }

    fn into_plain(self) -> Result<(Peer, TcpStream), Error> {
        let not = |why| Err(Error::Io(io::Error::new(io::ErrorKind::InvalidInput, why)));
        match self.wire {
            Wire::Plain(socket) => Ok((self.peer, socket)),
            Wire::Unix(_) => not("there is no TLS on a Unix socket"),
            Wire::Server(_) | Wire::Client(_) => not("TLS is already on"),
        }
    }

    fn tls_state(&self) -> Option<&CommonState> {
        match &self.wire {
            Wire::Plain(_) | Wire::Unix(_) => None,
            Wire::Server(tls) => Some(tls.get_ref().1),
            Wire::Client(tls) => Some(tls.get_ref().1),
        }
    }
}

fn version_name(version: rustls::ProtocolVersion) -> &'static str {
    match version {
        rustls::ProtocolVersion::TLSv1_3 => "TLSv1.3",
        rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2",
        _ => "TLS",
    }
}

/// Calls the same method on whatever the stream is made of.
macro_rules! on_wire {
    ($stream:expr, $wire:ident => $call:expr) => {
        match &mut $stream.get_mut().wire {
            Wire::Plain($wire) => {
                let $wire = Pin::new($wire);
                $call
            }
            Wire::Unix($wire) => {
                let $wire = Pin::new($wire);
                $call
            }
            Wire::Server($wire) => {
                let $wire = Pin::new($wire.as_mut());
                $call
            }
            Wire::Client($wire) => {
                let $wire = Pin::new($wire.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = on_wire!(Pin::new(&mut *this), wire => wire.poll_read(cx, buf));
        match (&this.seat, read) {
            (None, read) => read,
            (Some(seat), Poll::Pending) => seat.poll_wait(cx).map(Err),
            (Some(seat), ready) => {
                seat.heard();
                ready
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        on_wire!(self, wire => wire.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_wire!(self, wire => wire.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, wire => wire.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, wire => wire.poll_shutdown(cx))
    }
}
