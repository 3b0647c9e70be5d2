//! A client inside TLS that may be as slow as it likes, and notices when it is sent away.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use socket2::{Domain, Socket, Type};

/// The longest time that anything that must happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time for which a test listens for something that may not come.
const MOMENT: Duration = Duration::from_millis(50);
/// The size of the buffer in which the system keeps octets that we do not read.
const BUFFER: usize = 64 * 1024;

/// A conversation inside TLS. The certificate does not matter here.
pub struct Secure {
    stream: StreamOwned<ClientConnection, TcpStream>,
    heard: Vec<u8>,
    closed: bool,
}

impl Secure {
    /// Connects to a door of this machine.
    pub fn open(port: u16) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        // The buffer is set before it connects: octets that are not read wait at the other end.
        socket.set_recv_buffer_size(BUFFER).expect("a small buffer");
        socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into()).expect("connected");
        let socket: TcpStream = socket.into();
        socket.set_nodelay(true).expect("no delay");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = StreamOwned::new(ClientConnection::new(Arc::new(config), name).expect("TLS"), socket);
        Self { stream, heard: Vec::new(), closed: false }
    }

    /// Sends it.
    pub fn say(&mut self, text: &str) {
        self.say_octets(text.as_bytes());
    }

    /// Sends a tagged IMAP command and hears its end; false if the other side has closed.
    pub fn imap(&mut self, tag: &str, command: &str) -> bool {
        let line = format!("{tag} {command}\r\n");
        if self.stream.write_all(line.as_bytes()).and_then(|()| self.stream.flush()).is_err() {
            return false;
        }
        while let Some(line) = self.line() {
            if line.starts_with(&format!("{tag} ")) {
                return true;
            }
        }
        false
    }

    /// Sends octets, which need be no text.
    pub fn say_octets(&mut self, octets: &[u8]) {
        self.stream.sock.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        self.stream.write_all(octets).expect("sent");
        self.stream.flush().expect("sent");
    }

    /// Reads until `end` was heard, and forgets all of it; returns the text.
    pub fn hear(&mut self, end: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = String::from_utf8_lossy(&self.heard).into_owned();
            if text.contains(end) {
                self.heard.clear();
                return text;
            }
            assert!(!self.closed && Instant::now() < until, "{end:?} does not come, but: {text}");
            self.listen();
        }
    }

    /// The next line, without its end; `None` if the other side has closed.
    pub fn line(&mut self) -> Option<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(end) = self.heard.windows(2).position(|two| two == b"\r\n") {
                let line = String::from_utf8_lossy(&self.heard[..end]).into_owned();
                self.heard.drain(..end + 2);
                return Some(line);
            }
            if self.closed {
                return None;
            }
            assert!(Instant::now() < until, "no line comes, but: {}", String::from_utf8_lossy(&self.heard));
            self.listen();
        }
    }

    /// Reads whole lines, at least one, and forgets them; returns them.
    pub fn hear_lines(&mut self) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(end) = self.heard.iter().rposition(|octet| *octet == b'\n') {
                let lines: Vec<u8> = self.heard.drain(..=end).collect();
                return String::from_utf8_lossy(&lines).into_owned();
            }
            assert!(!self.closed && Instant::now() < until, "no line comes");
            self.listen();
        }
    }

    /// Sends a line and hears the answer to its end.
    pub fn ask(&mut self, line: &str, end: &str) -> String {
        self.say(&format!("{line}\r\n"));
        self.hear(end)
    }

    /// All that comes until the other side closes; `None` if it does not.
    pub fn goodbye(&mut self) -> Option<String> {
        let until = Instant::now() + PATIENCE;
        while !self.closed && Instant::now() < until {
            self.listen();
        }
        self.closed.then(|| String::from_utf8_lossy(&self.heard).into_owned())
    }

    /// Reads until this many octets were heard, or the other side closes; returns how many there are.
    pub fn amount(&mut self, wanted: usize) -> usize {
        let until = Instant::now() + PATIENCE;
        while self.heard.len() < wanted && !self.closed && Instant::now() < until {
            self.listen();
        }
        self.heard.len()
    }

    /// Returns true if the other side is still there, with nothing more to say at this moment.
    pub fn is_open(&mut self) -> bool {
        while self.listen() {}
        !self.closed
    }

    /// Reads the octets that there are; true when some came.
    fn listen(&mut self) -> bool {
        self.stream.sock.set_read_timeout(Some(MOMENT)).expect("a timeout");
        let mut piece = [0; 16 * 1024];
        match self.stream.read(&mut piece) {
            Ok(0) => self.closed = true,
            Ok(count) => {
                self.heard.extend_from_slice(&piece[..count]);
                return true;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            // Cut off without a word of TLS.
            Err(_) => self.closed = true,
        }
        false
    }
}

/// Takes every certificate.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
