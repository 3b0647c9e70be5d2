//! A blocking connection over TLS to a server that signs its own certificate, as those of a benchmark do.

use std::io::BufReader;
use std::net::TcpStream;

use net::ClientTls;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

/// A stream that is buffered for reading; write to the inner one.
pub type Stream = BufReader<StreamOwned<ClientConnection, TcpStream>>;

/// Connects to a port of this machine.
pub fn connect(port: u16) -> Stream {
    let server = ServerName::try_from("localhost").expect("a name");
    let tls = ClientTls::opportunistic().expect("TLS");
    let connection = ClientConnection::new(tls.config(), server).expect("TLS");
    let socket = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    socket.set_nodelay(true).expect("nodelay");
    BufReader::with_capacity(64 * 1024, StreamOwned::new(connection, socket))
}
