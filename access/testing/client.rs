//! A client that exchanges lines with a door of the house, for tests that a text file cannot express.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use net::{ClientTls, Connection, ServerTls, Stream};

/// The time that the client waits for a line.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a door.
pub struct Client(pub Connection);

impl Client {
    /// Makes a client that has said nothing yet.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut connection = Connection::new(Stream::connect(address, PATIENCE).await.unwrap());
        connection.set_read_timeout(PATIENCE);
        Self(connection)
    }

    /// Returns the same client inside TLS.
    pub async fn encrypted(self) -> Self {
        Self(self.0.start_tls_client(&ClientTls::opportunistic().unwrap(), "mail.alpha.test").await.unwrap())
    }

    /// Sends a line.
    pub async fn say(&mut self, text: &str) {
        self.0.write(format!("{text}\r\n").as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Returns the next line without its end; it is empty if the server has closed the connection.
    pub async fn hear(&mut self) -> String {
        match self.0.line(200_000).await {
            Ok(line) => String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned(),
            Err(net::Error::Closed) => String::new(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns the next line, which must begin like this.
    pub async fn expect(&mut self, start: &str) -> String {
        let line = self.hear().await;
        assert!(line.starts_with(start), "expected {start:?}, got {line:?}");
        line
    }
}

/// Returns the parts that a door needs to offer TLS.
pub fn tls(folder: &Path) -> Option<ServerTls> {
    Some(ServerTls::self_signed(folder, "mail.alpha.test").unwrap())
}
