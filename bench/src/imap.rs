//! A blocking IMAP client over TLS, as small as it can be.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use net::ClientTls;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

/// A logged-in connection.
pub struct Imap {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    line: Vec<u8>,
}

impl Imap {
    /// Connects and logs in.
    pub fn open(port: u16, name: &str, password: &str) -> Self {
        let server = ServerName::try_from("localhost").expect("a name");
        // Both servers of a benchmark sign their own certificate.
        let tls = ClientTls::opportunistic().expect("TLS");
        let connection = ClientConnection::new(tls.config(), server).expect("TLS");
        let socket = TcpStream::connect(("127.0.0.1", port)).expect("connected");
        socket.set_nodelay(true).expect("nodelay");
        let stream = BufReader::with_capacity(64 * 1024, StreamOwned::new(connection, socket));
        let mut imap = Self { stream, line: Vec::new() };
        imap.read_line();
        imap.ask(&format!("LOGIN {name} \"{password}\""));
        imap
    }

    /// Sends a command and reads to its tagged answer, which must be OK. Gives the octets and lines that came.
    pub fn ask(&mut self, command: &str) -> (usize, usize) {
        self.send(command);
        let (mut octets, mut lines) = (0, 0);
        loop {
            octets += self.read_line();
            lines += 1;
            if self.line.starts_with(b"t ") {
                assert!(self.line.starts_with(b"t OK"), "{command}: {}", String::from_utf8_lossy(&self.line));
                return (octets, lines);
            }
        }
    }

    /// Starts IDLE and reads up to the `+`.
    pub fn idle(&mut self) {
        self.send("IDLE");
        while !self.line.starts_with(b"+") {
            self.read_line();
        }
    }

    fn send(&mut self, command: &str) {
        let stream = self.stream.get_mut();
        stream.write_all(format!("t {command}\r\n").as_bytes()).and_then(|()| stream.flush()).expect("sent");
    }

    fn read_line(&mut self) -> usize {
        self.line.clear();
        let length = self.stream.read_until(b'\n', &mut self.line).expect("read");
        assert!(length > 0, "the server closed");
        length
    }
}
