//! Opening doors.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::unix::{self, UnixDoor};
use crate::{BindError, Peer, Proxies, ServerTls};

/// Connections that wait to be accepted, at most.
const BACKLOG: i32 = 1024;

/// The open sockets of one role, and the TLS it begins with, if it does.
pub struct Listener {
    role: String,
    sockets: Vec<Place>,
    tls: Option<ServerTls>,
    proxies: Proxies,
    introduced: bool,
}

/// One open socket.
enum Place {
    Tcp(TcpListener),
    Unix(UnixDoor),
}

/// A connection that has just come in.
pub(crate) enum Incoming {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// Opens all `addresses` (`"127.0.0.1:2525"`, `"[::]:25"`; port 0 lets the system choose; `"unix:/run/x/lmtp"` is a
    /// Unix socket for the owner and the group of its folder). Must run inside tokio.
    /// `role` is what the configuration calls it (`smtp`); errors name it.
    pub fn bind<A: AsRef<str>>(role: &str, addresses: &[A]) -> Result<Self, BindError> {
        let open = |address: &A| match address.as_ref().strip_prefix("unix:") {
            Some(path) => unix::open(role, Path::new(path)).map(Place::Unix),
            None => {
                let address = parse(role, address.as_ref())?;
                open(address).map(Place::Tcp).map_err(|error| bind_error(role, address, error))
            }
        };
        let sockets = addresses.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { role: role.to_owned(), sockets, tls: None, proxies: Proxies::default(), introduced: false })
    }

    /// Each connection begins with a TLS handshake (465, 993, …).
    pub fn with_tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Connections of these proxies are those of many people, and not counted as those of one address. `introduced`: each of
    /// theirs begins with the PROXY protocol, before TLS, and is that of whom they name.
    pub fn with_proxies(self, proxies: Proxies, introduced: bool) -> Self {
        Self { proxies, introduced, ..self }
    }

    /// What the configuration calls it.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// Where it really listens over TCP: with the port that the system chose.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let address = |socket: &Place| match socket {
            Place::Tcp(socket) => socket.local_addr().ok(),
            Place::Unix(_) => None,
        };
        self.sockets.iter().filter_map(address).collect()
    }

    /// Its Unix sockets.
    pub fn paths(&self) -> Vec<PathBuf> {
        let path = |socket: &Place| match socket {
            Place::Tcp(_) => None,
            Place::Unix(door) => Some(door.path.clone()),
        };
        self.sockets.iter().filter_map(path).collect()
    }

    pub(crate) fn tls(&self) -> Option<&ServerTls> {
        self.tls.as_ref()
    }

    pub(crate) fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// Do the proxies say at this door for whom they speak?
    pub(crate) fn is_introduced(&self) -> bool {
        self.introduced
    }

    /// The next connection at any of the sockets. Never resolves when there is none.
    pub(crate) async fn accept(&self) -> io::Result<(Incoming, Peer)> {
        poll_fn(|cx| {
            for socket in &self.sockets {
                if let Poll::Ready(accepted) = socket.poll_accept(cx) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl Place {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Incoming, Peer)>> {
        match self {
            Self::Tcp(socket) => socket.poll_accept(cx).map_ok(|(tcp, peer)| (Incoming::Tcp(tcp), Peer::Net(peer))),
            Self::Unix(door) => door.listener.poll_accept(cx).map_ok(|(unix, _)| (Incoming::Unix(unix), Peer::Unix)),
        }
    }
}

impl Incoming {
    /// Says a few bytes without waiting, or does not.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.try_write(bytes),
            Self::Unix(socket) => socket.try_write(bytes),
        }
    }
}

fn parse(role: &str, given: &str) -> Result<SocketAddr, BindError> {
    given.parse().map_err(|_| BindError::NotAnAddress { role: role.to_owned(), given: given.to_owned() })
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the last connections of the one before to be forgotten.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // So that "0.0.0.0:25" and "[::]:25" can stand beside each other.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn bind_error(role: &str, address: SocketAddr, error: io::Error) -> BindError {
    let role = role.to_owned();
    let (ip, port): (IpAddr, u16) = (address.ip(), address.port());
    match error.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { role, ip, port },
        io::ErrorKind::PermissionDenied => BindError::NotAllowed { role, ip, port },
        io::ErrorKind::AddrNotAvailable => BindError::NotHere { role, ip },
        _ => BindError::Io { role, address, error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_chooses_a_port_and_we_say_which() {
        let listener = Listener::bind("smtp", &["127.0.0.1:0", "127.0.0.1:0"]).unwrap();
        let addresses = listener.addresses();
        assert_eq!(addresses.len(), 2);
        assert!(addresses.iter().all(|address| address.port() != 0));
    }

    #[tokio::test]
    async fn a_port_in_use_is_named_with_its_role() {
        let first = Listener::bind("smtp", &["127.0.0.1:0"]).unwrap();
        let port = first.addresses()[0].port();
        let error = Listener::bind("imap", &[format!("127.0.0.1:{port}")]).err().unwrap().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("imap") && error.contains("in use"), "{error}");
    }

    #[tokio::test]
    async fn what_is_no_address_is_said_so() {
        for bad in ["25", "localhost:25", "127.0.0.1", "::1:25:x", ""] {
            let error = Listener::bind("smtp", &[bad]).err().unwrap();
            assert!(matches!(error, BindError::NotAnAddress { .. }), "{bad}");
        }
    }
}
