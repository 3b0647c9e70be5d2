//! Opens doors.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::unix::{self, UnixDoor};
use crate::{BindError, Peer, Proxies, ServerTls};

/// Connections that wait to be accepted, at most.
const BACKLOG: i32 = 1024;

/// The open sockets of one role, and the TLS that it begins with, if it does.
pub struct Listener {
    role: String,
    sockets: Vec<OpenSocket>,
    tls: Option<ServerTls>,
    proxies: Proxies,
    introduced: bool,
}

/// One open socket.
enum OpenSocket {
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
    /// `role` is the door's name in the configuration (`smtp`); errors name it.
    ///
    /// `[::]` hears IPv4 too, unless IPv4 addresses with its port stand beside it. On a machine without IPv6 it is
    /// `0.0.0.0`, and `[::1]` is skipped if another address of the list is open.
    pub fn bind<A: AsRef<str>>(role: &str, addresses: &[A]) -> Result<Self, BindError> {
        let mut tcp = Vec::new();
        let mut sockets = Vec::new();
        for address in addresses {
            match address.as_ref().strip_prefix("unix:") {
                Some(path) => sockets.push(OpenSocket::Unix(unix::open(role, Path::new(path))?)),
                None => tcp.push(parse(role, address.as_ref())?),
            }
        }
        let mut missing = None;
        for address in &tcp {
            match open_or_without_ipv6(*address, &tcp) {
                Ok(Some(socket)) => sockets.push(OpenSocket::Tcp(socket)),
                Ok(None) => missing = Some(address.ip()),
                Err(error) => return Err(bind_error(role, *address, error)),
            }
        }
        match missing {
            Some(ip) if sockets.is_empty() => Err(BindError::NotHere { role: role.to_owned(), ip }),
            _ => Ok(Self { role: role.to_owned(), sockets, tls: None, proxies: Proxies::default(), introduced: false }),
        }
    }

    /// Begins each connection with a TLS handshake (465, 993, …).
    pub fn with_tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Counts the connections of these proxies as those of many people, and not as those of one address. `introduced`:
    /// each of their connections begins with the PROXY protocol, before TLS, and belongs to the client that it names.
    pub fn with_proxies(self, proxies: Proxies, introduced: bool) -> Self {
        Self { proxies, introduced, ..self }
    }

    /// Returns its name in the configuration.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// Returns the addresses that it really listens on over TCP: with the port that the system chose.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let address = |socket: &OpenSocket| match socket {
            OpenSocket::Tcp(socket) => socket.local_addr().ok(),
            OpenSocket::Unix(_) => None,
        };
        self.sockets.iter().filter_map(address).collect()
    }

    /// Returns its Unix sockets.
    pub fn paths(&self) -> Vec<PathBuf> {
        let path = |socket: &OpenSocket| match socket {
            OpenSocket::Tcp(_) => None,
            OpenSocket::Unix(door) => Some(door.path.clone()),
        };
        self.sockets.iter().filter_map(path).collect()
    }

    pub(crate) fn tls(&self) -> Option<&ServerTls> {
        self.tls.as_ref()
    }

    pub(crate) fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// Returns true if the proxies name their clients at this door.
    pub(crate) fn is_introduced(&self) -> bool {
        self.introduced
    }

    /// Returns the next connection at any of the sockets. It never resolves if there is none.
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

impl OpenSocket {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Incoming, Peer)>> {
        match self {
            Self::Tcp(socket) => socket.poll_accept(cx).map_ok(|(tcp, peer)| (Incoming::Tcp(tcp), Peer::at(peer))),
            Self::Unix(door) => door.listener.poll_accept(cx).map_ok(|(unix, _)| (Incoming::Unix(unix), Peer::Unix)),
        }
    }
}

impl Incoming {
    /// Writes a few bytes without waiting, or fails.
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

/// Opens one of the addresses of a list. `None`: the address is of IPv6, which this machine does not have, and nothing
/// is lost by that.
fn open_or_without_ipv6(address: SocketAddr, list: &[SocketAddr]) -> io::Result<Option<TcpListener>> {
    let ipv4_apart = list.iter().any(|other| other.is_ipv4() && other.port() == address.port());
    let only_v6 = !address.ip().is_unspecified() || ipv4_apart;
    match open(address, only_v6) {
        Err(error) if lacks_ipv6(address, &error) && !only_v6 => {
            open(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()), false).map(Some)
        }
        Err(error) if lacks_ipv6(address, &error) => Ok(None),
        opened => opened.map(Some),
    }
}

/// Returns true if the failure is that of a machine without IPv6. An address of another machine is a mistake that is
/// reported.
fn lacks_ipv6(address: SocketAddr, error: &io::Error) -> bool {
    let of_every_machine = address.ip().is_unspecified() || address.ip().is_loopback();
    let no_family = error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    address.is_ipv6() && of_every_machine && (no_family || error.kind() == io::ErrorKind::AddrNotAvailable)
}

/// Opens a socket; `only_v6` says whether an address of IPv6 leaves IPv4 to others.
fn open(address: SocketAddr, only_v6: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait until the system forgets the last connections of the previous run.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // Set in either case: the default differs from machine to machine (sysctl net.ipv6.bindv6only).
        socket.set_only_v6(only_v6)?;
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

    /// Returns true if this machine has IPv6. Without it there is less to see.
    fn has_ipv6() -> bool {
        std::net::TcpListener::bind("[::1]:0").is_ok()
    }

    async fn peer_of_a_visit(listener: &Listener, from: &str, port: u16) -> Peer {
        let _visit = TcpStream::connect((from, port)).await.unwrap_or_else(|why| panic!("{from}: {why}"));
        listener.accept().await.unwrap().1
    }

    #[tokio::test]
    async fn a_door_to_everybody_hears_both_families_and_sees_ipv4_as_ipv4() {
        let listener = Listener::bind("smtp", &["[::]:0"]).unwrap();
        let port = listener.addresses()[0].port();
        let peer = peer_of_a_visit(&listener, "127.0.0.1", port).await;
        assert_eq!(peer.ip(), IpAddr::from([127, 0, 0, 1]));
        assert!(matches!(peer, Peer::Net(address) if address.is_ipv4()), "{peer:?}");
        if has_ipv6() {
            let peer = peer_of_a_visit(&listener, "::1", port).await;
            assert!(peer.ip().is_ipv6() && peer.ip().is_loopback());
        }
    }

    #[tokio::test]
    async fn addresses_of_both_families_stand_beside_each_other_with_one_port() {
        let port = Listener::bind("smtp", &["[::]:0"]).unwrap().addresses()[0].port();
        for v4 in ["0.0.0.0", "127.0.0.1"] {
            for list in
                [[format!("[::]:{port}"), format!("{v4}:{port}")], [format!("{v4}:{port}"), format!("[::]:{port}")]]
            {
                let listener = Listener::bind("smtp", &list).unwrap_or_else(|why| panic!("{list:?}: {why}"));
                assert_eq!(listener.addresses().len(), if has_ipv6() { 2 } else { 1 });
                assert!(peer_of_a_visit(&listener, "127.0.0.1", port).await.ip().is_ipv4());
            }
        }
    }

    #[tokio::test]
    async fn an_ipv4_port_that_another_program_has_is_not_silently_left_to_it() {
        let other = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        let port = other.local_addr().unwrap().port();
        assert!(matches!(Listener::bind("smtp", &[format!("[::]:{port}")]), Err(BindError::InUse { .. })));
    }

    #[test]
    fn only_what_every_machine_has_with_ipv6_is_passed_over_without() {
        let none = io::Error::from_raw_os_error(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
        let other = io::Error::from(io::ErrorKind::AddrInUse);
        for (address, without) in
            [("[::]:25", true), ("[::1]:25", true), ("[2001:db8::1]:25", false), ("0.0.0.0:25", false)]
        {
            assert_eq!(lacks_ipv6(address.parse().unwrap(), &none), without, "{address}");
            assert!(!lacks_ipv6(address.parse().unwrap(), &other), "{address}");
        }
    }

    #[tokio::test]
    async fn what_is_no_address_is_said_so() {
        for bad in ["25", "localhost:25", "127.0.0.1", "::1:25:x", ""] {
            let error = Listener::bind("smtp", &[bad]).err().unwrap();
            assert!(matches!(error, BindError::NotAnAddress { .. }), "{bad}");
        }
    }
}
