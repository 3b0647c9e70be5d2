//! Checks what a certificate proves to a stranger. The roots are those of the browsers: other machines do not know a
//! root that an administrator added to this one.

use std::sync::{Arc, LazyLock};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::provider;

/// Returns the roots of the public authorities (Mozilla's list).
pub fn roots() -> Arc<RootCertStore> {
    static ROOTS: LazyLock<Arc<RootCertStore>> =
        LazyLock::new(|| Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }));
    ROOTS.clone()
}

/// Returns true if a chain, with the server's certificate first, leads from one of these roots to `name`, now.
pub fn proves(chain: &[CertificateDer<'_>], name: &str, roots: Arc<RootCertStore>) -> bool {
    let (Some((certificate, others)), Ok(name)) = (chain.split_first(), ServerName::try_from(name)) else {
        return false;
    };
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(roots, provider()).build() else { return false };
    verifier.verify_server_cert(certificate, others, &name, &[], UnixTime::now()).is_ok()
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    use super::*;

    const NAME: &str = "mail.alpha.test";

    /// Returns an authority: its certificate, and its signing key.
    fn authority() -> (CertificateDer<'static>, Issuer<'static, KeyPair>) {
        let mut wish = CertificateParams::new(Vec::new()).unwrap();
        wish.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = wish.self_signed(&key).unwrap().der().clone();
        (certificate, Issuer::new(wish, key))
    }

    fn signed(by: &Issuer<'_, KeyPair>, name: &str, year: i32) -> CertificateDer<'static> {
        let mut wish = CertificateParams::new([name.to_owned()]).unwrap();
        (wish.not_before, wish.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(year, 1, 1));
        wish.signed_by(&KeyPair::generate().unwrap(), by).unwrap().der().clone()
    }

    fn store(roots: &[&CertificateDer<'static>]) -> Arc<RootCertStore> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().map(|root| (*root).clone()));
        Arc::new(store)
    }

    #[test]
    fn only_a_chain_from_a_public_root_to_the_name_that_is_asked_for_proves_it() {
        let ((public, issuer), (private, other)) = (authority(), authority());
        let roots = store(&[&public]);
        let good = signed(&issuer, NAME, 2100);
        assert!(proves(std::slice::from_ref(&good), NAME, roots.clone()));
        assert!(!proves(std::slice::from_ref(&good), "webmail.alpha.test", roots.clone()), "another name");
        assert!(!proves(&[signed(&other, NAME, 2100), private], NAME, roots.clone()), "a private authority");
        assert!(!proves(&[signed(&issuer, NAME, 2021)], NAME, roots.clone()), "it is over");
        assert!(!proves(&[good], NAME, super::roots()), "a test's root is none of the public ones");
        assert!(!proves(&[], NAME, roots));
    }

    #[test]
    fn the_public_roots_are_there() {
        assert!(super::roots().len() > 50);
    }
}
