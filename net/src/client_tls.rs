//! TLS towards other servers.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::TlsConnector;

use crate::TlsError;
use crate::server_tls::provider;

/// What a client needs for TLS. Cheap to clone; sessions are resumed across clones.
#[derive(Clone)]
pub struct ClientTls(Arc<ClientConfig>);

impl ClientTls {
    /// Encrypts without asking who is at the other end (RFC 7435): any certificate will do. Protects against those who
    /// only listen, and is what one server can expect from another without DANE or MTA-STS.
    pub fn opportunistic() -> Result<Self, TlsError> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate))
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::in_memory_sessions(64);
        Ok(Self(Arc::new(config)))
    }

    /// The server must prove its name to the roots that this machine trusts. For smarthosts and for fetching.
    pub fn verified() -> Result<Self, TlsError> {
        Self::with_roots(rustls_native_certs::load_native_certs().certs)
    }

    /// The server must prove its name to these roots.
    pub fn with_roots(roots: impl IntoIterator<Item = CertificateDer<'static>>) -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots);
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// The settings for rustls itself, for a client that does not use our streams.
    pub fn config(&self) -> Arc<ClientConfig> {
        self.0.clone()
    }

    pub(crate) fn connector(&self) -> TlsConnector {
        TlsConnector::from(self.0.clone())
    }

    /// What is not a name is the address we are connected to: then the certificate is for that, or for nobody.
    pub(crate) fn server_name(name: &str, peer: IpAddr) -> ServerName<'static> {
        ServerName::try_from(name.trim_end_matches('.').to_owned()).unwrap_or(ServerName::IpAddress(peer.into()))
    }
}

/// Takes every certificate, also those that are too odd to be read: the other choice would be no encryption at all.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
