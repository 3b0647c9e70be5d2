//! TLS towards other servers.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::TlsConnector;

use crate::server_tls::provider;
use crate::{Distrust, TlsError};

/// The means of a client for TLS. Cheap to clone; sessions are resumed across clones.
#[derive(Clone)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    refused: Arc<Mutex<Option<Distrust>>>,
}

impl ClientTls {
    /// Encrypts without asking who is at the other end (RFC 7435): any certificate will do. This protects against those
    /// who only listen, and is all that one server can expect from another without DANE or MTA-STS.
    pub fn opportunistic() -> Result<Self, TlsError> {
        let mut config = judged_by(AnyCertificate)?;
        config.resumption = rustls::client::Resumption::in_memory_sessions(64);
        Ok(Self::of(config, Arc::default()))
    }

    /// Requires the server to prove its name to the roots that this machine trusts. For smarthosts and for fetching.
    pub fn verified() -> Result<Self, TlsError> {
        Self::with_roots(rustls_native_certs::load_native_certs().certs)
    }

    /// Requires the server to prove its name to these roots.
    pub fn with_roots(roots: impl IntoIterator<Item = CertificateDer<'static>>) -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots);
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self::of(config, Arc::default()))
    }

    /// Requires the server to prove its name to this machine's roots or to these, or to show a certificate with one of
    /// these SHA-256 fingerprints. For mailboxes elsewhere whose certificate somebody vouched for. If the server shows
    /// one of the certificates in `pem` (PEM text) itself, that one is accepted, whatever name stands in it.
    pub fn trusting(pem: &[u8], mut fingerprints: Vec<[u8; 32]>) -> Result<Self, TlsError> {
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|error| rustls::Error::General(error.to_string()))?;
        fingerprints.extend(certificates.iter().map(fingerprint));
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        store.add_parsable_certificates(certificates);
        let by_name = if store.is_empty() {
            None
        } else {
            let built = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider()).build();
            Some(built.map_err(|error| rustls::Error::General(error.to_string()))?)
        };
        let refused = Arc::<Mutex<Option<Distrust>>>::default();
        let verifier = KnownCertificate { fingerprints, by_name, refused: refused.clone() };
        Ok(Self::of(judged_by(verifier)?, refused))
    }

    fn of(config: ClientConfig, refused: Arc<Mutex<Option<Distrust>>>) -> Self {
        Self { config: Arc::new(config), refused }
    }

    /// Returns the certificate that was refused last, with the reason, for the code that tells a person. Only a value
    /// made by [`trusting`](Self::trusting) remembers it.
    pub fn distrust(&self) -> Option<Distrust> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the settings for rustls itself, for a client that does not use our streams.
    pub fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }

    pub(crate) fn connector(&self) -> TlsConnector {
        TlsConnector::from(self.config.clone())
    }

    /// Returns the name for the certificate. A text that is no name stands for the address of the connection.
    pub(crate) fn server_name(name: &str, peer: IpAddr) -> ServerName<'static> {
        ServerName::try_from(name.trim_end_matches('.').to_owned()).unwrap_or(ServerName::IpAddress(peer.into()))
    }
}

/// The settings of a client whose servers' certificates are judged by our own rules.
fn judged_by(rules: impl ServerCertVerifier + 'static) -> Result<ClientConfig, TlsError> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(rules))
        .with_no_client_auth())
}

/// Accepts every certificate, even one that is too odd to be read: the alternative would be no encryption at all.
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

/// Returns the SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` shows it.
fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    digest.as_ref().try_into().unwrap_or_default()
}

/// Accepts certificates that somebody vouched for, and those that a root vouches for. The server must have the key in
/// either case.
#[derive(Debug)]
struct KnownCertificate {
    fingerprints: Vec<[u8; 32]>,
    by_name: Option<Arc<WebPkiServerVerifier>>,
    refused: Arc<Mutex<Option<Distrust>>>,
}

impl ServerCertVerifier for KnownCertificate {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = fingerprint(leaf);
        if self.fingerprints.contains(&shown) {
            return Ok(ServerCertVerified::assertion());
        }
        let verified = match &self.by_name {
            Some(by_name) => by_name.verify_server_cert(leaf, between, name, ocsp, now),
            None => Err(rustls::CertificateError::UnknownIssuer.into()),
        };
        verified.inspect_err(|why| {
            let distrust = Distrust::of(leaf, why, shown);
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(distrust);
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
