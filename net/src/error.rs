//! The faults of a connection, a port, a certificate.

use std::io;
use std::path::PathBuf;

use mail::stay::Leave;

use crate::UnixFault;

/// The reason why a conversation cannot go on, or (for [`Error::LineTooLong`]) why this line was skipped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The peer has closed its side.
    #[error("the peer closed the connection")]
    Closed,
    /// The line was longer than allowed. It has been read to its end and thrown away: the next one can be read.
    #[error("the line is longer than {0} octets")]
    LineTooLong(usize),
    /// A line so long that it looks like an attack: the caller closes the connection.
    #[error("the peer sent far too much without a line end")]
    Flood,
    /// Nothing came, or nothing could be sent, for too long.
    #[error("the peer was silent for too long")]
    TimedOut,
    /// The person at the other end has to go (see [`crate::Connection::stay_while`]).
    #[error("what let them in is no longer good")]
    Dismissed(Leave),
    /// The socket or TLS failed.
    #[error("{0}")]
    Io(io::Error),
}

impl Error {
    /// Returns true if the other end began without TLS although TLS had to come first: its octets are no record of TLS.
    pub fn is_no_tls(&self) -> bool {
        let Self::Io(error) = self else { return false };
        let told = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        matches!(told, Some(rustls::Error::InvalidMessage(_)))
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::Closed,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Io(error),
        }
    }
}

/// The reason why a door could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The text is no address with a port.
    #[error("[listen] {role}: {given:?} is not an address with a port, such as \"127.0.0.1:2525\" or \"[::]:25\"")]
    NotAnAddress {
        /// `smtp`, `imaps`, …
        role: String,
        /// The text as it stands in the configuration.
        given: String,
    },
    /// Another program has the port.
    #[error(
        "port {port} of {ip} ({role}) is already in use: stop the program that has it (`ss -ltnp 'sport = :{port}'` \
         shows which), or give [listen] {role} another port"
    )]
    InUse {
        /// `smtp`, `imaps`, …
        role: String,
        /// The address.
        ip: std::net::IpAddr,
        /// The port.
        port: u16,
    },
    /// Ports below 1024 need a right that this process does not have.
    #[error(
        "port {port} of {ip} ({role}) may not be opened by this user: start as root, give the program the right \
         (`setcap cap_net_bind_service=+ep FACTEUR`), or give [listen] {role} a port above 1023"
    )]
    NotAllowed {
        /// `smtp`, `imaps`, …
        role: String,
        /// The address.
        ip: std::net::IpAddr,
        /// The port.
        port: u16,
    },
    /// The address is not one of this machine.
    #[error("{ip} ({role}) is not an address of this machine: correct [listen] {role}")]
    NotHere {
        /// `smtp`, `imaps`, …
        role: String,
        /// The address.
        ip: std::net::IpAddr,
    },
    /// A Unix socket cannot be opened.
    #[error("[listen] {role}: unix:{}: {problem}", path.display())]
    Unix {
        /// `lmtp`
        role: String,
        /// The path of the socket.
        path: PathBuf,
        /// The reason.
        problem: UnixFault,
    },
    /// Any other error of the system.
    #[error("cannot listen on {address} ({role}): {error}")]
    Io {
        /// `smtp`, `imaps`, …
        role: String,
        /// Address and port.
        address: std::net::SocketAddr,
        /// The error of the system.
        error: io::Error,
    },
}

/// The reason why there is no certificate to serve with, or no root to check other certificates by.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// A file has no certificate or no key in it.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The path of the file.
        path: PathBuf,
        /// The fault of it.
        problem: String,
    },
    /// Certificate and key do not fit, or the library does not accept them.
    #[error("the certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// A self-signed certificate could not be made.
    #[error("cannot make a certificate for {0:?}: {1}")]
    Make(String, rcgen::Error),
}
