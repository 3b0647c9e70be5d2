//! TLS for the servers that the tests make themselves.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::PrivateKeyDer;
use tempfile::TempDir;

/// A connection that a server of the tests has taken.
pub type Encrypted = StreamOwned<ServerConnection, TcpStream>;

/// A certificate for localhost and 127.0.0.1, signed by itself.
pub struct Certificate {
    config: Arc<ServerConfig>,
    path: PathBuf,
    _folder: TempDir,
}

impl Certificate {
    /// Makes one.
    pub fn make() -> Self {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("made");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("certificate.pem");
        std::fs::write(&path, own.cert.pem()).expect("written");
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .expect("key and certificate fit");
        Self { config: Arc::new(config), path, _folder: folder }
    }

    /// Returns the certificate as PEM: a client must trust it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings for [`accept`].
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }
}

/// Takes a connection. The handshake happens with the first octets read or written.
pub fn accept(socket: TcpStream, config: &Arc<ServerConfig>) -> std::io::Result<Encrypted> {
    socket.set_nodelay(true)?;
    let connection = ServerConnection::new(config.clone()).map_err(std::io::Error::other)?;
    Ok(StreamOwned::new(connection, socket))
}
