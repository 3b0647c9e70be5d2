//! The certificate we show.

mod public;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::TlsError;

/// The means of a server for TLS. Cheap to clone; all clones show the new certificate after [`replace`](Self::replace)
/// or [`reload`](Self::reload).
#[derive(Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
}

/// The files that the certificate came from, so that it can be read again.
#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// A certificate that replaces them if it exists: looked for each time.
    instead: Option<PathBuf>,
    /// The host name that the certificate must be for.
    hostname: Option<String>,
}

#[derive(Debug)]
struct Shown {
    certificate: ArcSwap<Proven>,
    files: ArcSwap<Files>,
}

/// A certificate, and the name that it proves to a stranger.
#[derive(Debug)]
struct Proven {
    key: Arc<CertifiedKey>,
    /// The host name that it proves to a client that trusts only public authorities.
    public_name: Option<String>,
}

impl ServerTls {
    /// Reads a certificate chain and its key from PEM files (they may be one file).
    pub fn from_pem(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned(), instead: None, hostname: None };
        let certificate = read(&files)?;
        Self::with(certificate, files)
    }

    /// Returns the certificate of a server, in `folder`/tls: the administrator's `HOSTNAME.pem` (certificates, then
    /// key), if it exists, and otherwise a self-signed one, made at the first call as `self-signed-HOSTNAME.pem`:
    /// encryption from the first minute, until there is a certificate that others can check. An administrator's
    /// certificate that cannot be used is an error.
    pub fn self_signed(folder: &Path, hostname: &str) -> Result<Self, TlsError> {
        let made = self_signed_path(folder, hostname);
        if !made.exists() {
            keep(&made, &make(hostname)?)?;
        }
        let instead = Some(own_path(folder, hostname));
        let files = Files { certificate: made.clone(), key: made, instead, hostname: Some(hostname.to_owned()) };
        Self::with(read(&files)?, files)
    }

    /// Shows another certificate from now on. Running conversations keep theirs.
    pub fn replace(&self, certificate: &Path, key: &Path) -> Result<(), TlsError> {
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned(), instead: None, hostname: None };
        self.shown.certificate.store(Arc::new(read(&files)?));
        self.shown.files.store(Arc::new(files));
        Ok(())
    }

    /// Reads the same files again. On an error the old certificate stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.shown.certificate.store(Arc::new(read(&self.shown.files.load())?));
        Ok(())
    }

    /// Returns true if the present certificate proves this host name to a stranger, who trusts the public authorities
    /// and no other. It was verified when it was read. False for a certificate that is self-signed or signed by a
    /// private authority, even if this machine trusts that, and for any other name than that of this server.
    pub fn is_public_for(&self, name: &str) -> bool {
        self.shown.certificate.load().public_name.as_deref().is_some_and(|proven| proven.eq_ignore_ascii_case(name))
    }

    /// Returns the same certificate for HTTP: it announces HTTP/2 and HTTP/1.1 to the client (RFC 7301).
    #[must_use]
    pub fn for_http(&self) -> Self {
        let mut config = ServerConfig::clone(&self.config);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { config: Arc::new(config), shown: self.shown.clone() }
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }

    fn with(certificate: Proven, files: Files) -> Result<Self, TlsError> {
        let shown =
            Arc::new(Shown { certificate: ArcSwap::from_pointee(certificate), files: ArcSwap::from_pointee(files) });
        // The server speaks TLS 1.2 and 1.3: older versions are not secure (RFC 8996).
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(shown.clone());
        config.ticketer = rustls::crypto::ring::Ticketer::new()?;
        Ok(Self { config: Arc::new(config), shown })
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certificate.load().key.clone())
    }
}

/// Returns the crypto everything here uses; never installed as the process's default.
pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Returns the path of the certificate that the server made for itself.
fn self_signed_path(folder: &Path, hostname: &str) -> PathBuf {
    folder.join("tls").join(format!("self-signed-{}.pem", file_name(hostname)))
}

/// Returns the path of the administrator's own certificate.
fn own_path(folder: &Path, hostname: &str) -> PathBuf {
    folder.join("tls").join(format!("{}.pem", file_name(hostname)))
}

fn file_name(hostname: &str) -> String {
    hostname.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
}

fn make(hostname: &str) -> Result<String, TlsError> {
    let wrong = |error| TlsError::Make(hostname.to_owned(), error);
    let names = [hostname, "localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut wish = rcgen::CertificateParams::new(names).map_err(wrong)?;
    // RFC 5280 appendix A.1: a common name has 64 characters at most. Names are checked by the other field anyway.
    let common = if hostname.len() <= 64 { hostname } else { "Facteur" };
    wish.distinguished_name.push(rcgen::DnType::CommonName, common);
    wish.use_authority_key_identifier_extension = true;
    wish.extended_key_usages.push(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
    // The certificate does not expire: nobody checks it, and a mail client that was told to trust it must not be asked
    // again.
    wish.not_before = rcgen::date_time_ymd(2024, 1, 1);
    wish.not_after = rcgen::date_time_ymd(2124, 1, 1);
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(wrong)?;
    let certificate = wish.self_signed(&key).map_err(wrong)?;
    Ok(certificate.pem() + &key.serialize_pem())
}

/// The file is written beside and renamed, so that it is whole or absent; only we can read it, from its first byte.
fn keep(path: &Path, pem: &str) -> Result<(), TlsError> {
    let attempt = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let beside = path.with_extension(format!("new-{}", std::process::id()));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(pem.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        fs::File::open(folder)?.sync_all()
    };
    attempt().map_err(|error| TlsError::File { path: path.to_owned(), error })
}

fn read(files: &Files) -> Result<Proven, TlsError> {
    // A file that this user may not look at exists, and is a mistake to report.
    let instead = files.instead.as_deref().filter(|path| path.try_exists().unwrap_or(true));
    let (certificate, key) = instead.map_or((&*files.certificate, &*files.key), |own| (own, own));
    let chain = parse_chain(certificate, &contents(certificate)?)?;
    let key = parse_key(key, &contents(key)?)?;
    let key = Arc::new(CertifiedKey::from_der(chain, key, &provider())?);
    let proves = |name: &String| public::proves(&key.cert, name, public::roots());
    let public_name = files.hostname.clone().filter(proves);
    Ok(Proven { key, public_name })
}

fn contents(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::File { path: path.to_owned(), error })
}

fn parse_chain(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(content(path, "there is no certificate in it (-----BEGIN CERTIFICATE-----)".into())),
        Err(error) => Err(content(path, error.to_string())),
    }
}

fn parse_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        rustls_pki_types::pem::Error::NoItemsFound => {
            content(path, "there is no private key in it (-----BEGIN PRIVATE KEY-----)".into())
        }
        error => content(path, error.to_string()),
    })
}

fn content(path: &Path, problem: String) -> TlsError {
    TlsError::Content { path: path.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tls: &ServerTls) -> CertificateDer<'static> {
        tls.shown.certificate.load().key.cert[0].clone().into_owned()
    }

    #[test]
    fn a_certificate_of_ones_own_has_a_name_of_its_own_and_goes_before_the_one_that_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let tls = ServerTls::self_signed(folder.path(), "mail.alpha.test").unwrap();
        let made = shown(&tls);
        assert!(!tls.is_public_for("mail.alpha.test"), "signed by itself");
        let own = own_path(folder.path(), "mail.alpha.test");
        assert_eq!(own, folder.path().join("tls/mail.alpha.test.pem"));
        fs::write(&own, make("mail.alpha.test").unwrap()).unwrap();
        tls.reload().unwrap();
        let given = shown(&tls);
        assert_ne!(given, made);
        assert_eq!(
            shown(&ServerTls::self_signed(folder.path(), "mail.alpha.test").unwrap()),
            given,
            "at the next start too"
        );

        fs::write(&own, "no certificate").unwrap();
        assert!(tls.reload().is_err() && shown(&tls) == given, "a mistake leaves what was shown");
        assert!(ServerTls::self_signed(folder.path(), "mail.alpha.test").is_err());
        fs::remove_file(&own).unwrap();
        tls.reload().unwrap();
        assert_eq!(shown(&tls), made);
    }
}
