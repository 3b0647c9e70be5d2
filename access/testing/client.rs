//! A client that speaks lines with a door of the house, for what a text file cannot show.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use net::{ClientTls, Connection, ServerTls, Stream};

/// How long a line is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a door.
pub struct Client(pub Connection);

impl Client {
    /// A client that has said nothing yet.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut connection = Connection::new(Stream::connect(address, PATIENCE).await.unwrap());
        connection.set_read_timeout(PATIENCE);
        Self(connection)
    }

    /// The same inside TLS.
    pub async fn encrypted(self) -> Self {
        Self(self.0.start_tls_client(&ClientTls::opportunistic().unwrap(), "mail.alpha.test").await.unwrap())
    }

    /// Says a line.
    pub async fn say(&mut self, text: &str) {
        self.0.write(format!("{text}\r\n").as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// The next line, without its end; empty when the server has closed.
    pub async fn hear(&mut self) -> String {
        match self.0.line(200_000).await {
            Ok(line) => String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned(),
            Err(net::Error::Closed) => String::new(),
            Err(error) => panic!("{error}"),
        }
    }

    /// The next line, which begins so.
    pub async fn expect(&mut self, start: &str) -> String {
        let line = self.hear().await;
        assert!(line.starts_with(start), "expected {start:?}, got {line:?}");
        line
    }
}

/// What a door needs to offer TLS.
pub fn tls(folder: &Path) -> Option<ServerTls> {
    Some(ServerTls::self_signed(folder, "mail.alpha.test").unwrap())
}
