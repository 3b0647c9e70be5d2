//! The reason why a certificate was not trusted, for the code that tells a person.

use std::fmt;

use rustls::CertificateError;
use rustls_pki_types::CertificateDer;

/// A certificate that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distrust {
    /// The fault of it.
    pub doubt: Doubt,
    /// Its SHA-256 fingerprint, by which it can be trusted all the same.
    pub fingerprint: [u8; 32],
}

/// The fault of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The certificate was good once.
    Expired,
    /// The certificate will be good later, or our clock is wrong.
    NotYetValid,
    /// The certificate is for these names (a few of them), and for no other.
    OtherName(Vec<String>),
    /// Only the server itself vouches for the certificate.
    SelfSigned,
    /// This machine does not trust the authority that vouches for it.
    UnknownIssuer,
    /// Its issuer has taken it back.
    Revoked,
    /// Another reason, in the words of the library.
    Unfit(String),
}

/// The most names of a certificate that are reported; those of a provider may be hundreds.
const MOST_NAMES: usize = 5;

impl Distrust {
    pub(crate) fn of(certificate: &CertificateDer<'_>, error: &rustls::Error, fingerprint: [u8; 32]) -> Self {
        Self { doubt: doubt(certificate, error), fingerprint }
    }

    /// Returns the fingerprint as `openssl x509 -fingerprint -sha256` shows it.
    pub fn shown_fingerprint(&self) -> String {
        let pairs: Vec<String> = self.fingerprint.iter().map(|octet| format!("{octet:02X}")).collect();
        pairs.join(":")
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.doubt {
            Doubt::Expired => f.write_str("its certificate has expired"),
            Doubt::NotYetValid => f.write_str("its certificate is not valid yet"),
            Doubt::OtherName(names) if names.is_empty() => f.write_str("its certificate is for another name"),
            Doubt::OtherName(names) => write!(f, "its certificate is for {}", names.join(", ")),
            Doubt::SelfSigned => f.write_str("its certificate is signed by itself"),
            Doubt::UnknownIssuer => f.write_str("the issuer of its certificate is not known here"),
            Doubt::Revoked => f.write_str("its certificate was revoked"),
            Doubt::Unfit(why) => write!(f, "its certificate is not good: {why}"),
        }?;
        write!(f, " (SHA-256 {})", self.shown_fingerprint())
    }
}

fn doubt(certificate: &CertificateDer<'_>, error: &rustls::Error) -> Doubt {
    let rustls::Error::InvalidCertificate(error) = error else { return Doubt::Unfit(error.to_string()) };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Doubt::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Doubt::NotYetValid,
        CertificateError::NotValidForName => Doubt::OtherName(Vec::new()),
        CertificateError::NotValidForNameContext { presented, .. } => {
            Doubt::OtherName(presented.iter().take(MOST_NAMES).map(|name| plain(name)).collect())
        }
        CertificateError::UnknownIssuer if is_self_signed(certificate) => Doubt::SelfSigned,
        CertificateError::UnknownIssuer => Doubt::UnknownIssuer,
        CertificateError::Revoked => Doubt::Revoked,
        // A server's own certificate may sign others: OpenSSL makes them so.
        _ if is_self_signed(certificate) => Doubt::SelfSigned,
        other => Doubt::Unfit(other.to_string()),
    }
}

/// Returns `mail.example.org` out of `DnsName("mail.example.org")`, without characters that a terminal would obey.
fn plain(name: &str) -> String {
    let inner = name.split_once('"').and_then(|(_, rest)| rest.split_once('"')).map_or(name, |(inner, _)| inner);
    inner.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// Returns true if its issuer is its subject (RFC 5280 §4.1).
fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    issuer_and_subject(certificate).is_some_and(|(issuer, subject)| issuer == subject)
}

fn issuer_and_subject(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    const INTEGER: u8 = 0x02;
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (SEQUENCE, certificate, _) = value(certificate)? else { return None };
    let (SEQUENCE, signed, _) = value(certificate)? else { return None };
    let rest = match value(signed)? {
        (VERSION, _, rest) => rest,
        _ => signed,
    };
    let (INTEGER, _, rest) = value(rest)? else { return None };
    let (SEQUENCE, _algorithm, rest) = value(rest)? else { return None };
    let (SEQUENCE, issuer, rest) = value(rest)? else { return None };
    let (SEQUENCE, _validity, rest) = value(rest)? else { return None };
    let (SEQUENCE, subject, _) = value(rest)? else { return None };
    Some((issuer, subject))
}

/// Reads a value of DER (X.690 §8.1): its tag, its content, and the rest.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(issued_by_another: bool) -> CertificateDer<'static> {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = |name: &str| {
            let mut wish = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
            wish.distinguished_name.push(rcgen::DnType::CommonName, name);
            wish
        };
        if issued_by_another {
            let above = rcgen::KeyPair::generate().unwrap();
            let issuer = rcgen::Issuer::new(names("issuer.test"), above);
            return names("mail.test").signed_by(&key, &issuer).unwrap().der().clone();
        }
        names("mail.test").self_signed(&key).unwrap().der().clone()
    }

    #[test]
    fn a_certificate_that_a_server_made_for_itself_is_told_from_one_of_an_unknown_issuer() {
        let unknown: rustls::Error = CertificateError::UnknownIssuer.into();
        assert_eq!(Distrust::of(&made(false), &unknown, [0; 32]).doubt, Doubt::SelfSigned);
        assert_eq!(Distrust::of(&made(true), &unknown, [0; 32]).doubt, Doubt::UnknownIssuer);
    }

    #[test]
    fn what_is_no_certificate_has_no_names() {
        let whole = made(false);
        for end in 0..whole.len() {
            let _ = issuer_and_subject(&whole[..end]);
        }
        for odd in [&b""[..], b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x83\xff\xff\xff", b"\x30\x00"] {
            assert_eq!(issuer_and_subject(odd), None);
        }
    }

    #[test]
    fn names_and_fingerprints_are_shown_as_people_know_them() {
        let error: rustls::Error = CertificateError::NotValidForNameContext {
            expected: rustls_pki_types::ServerName::try_from("imap.example.org").unwrap(),
            presented: vec!["DnsName(\"mail.example.org\")".into()],
        }
        .into();
        let distrust = Distrust::of(&made(false), &error, [0xab; 32]);
        assert_eq!(distrust.doubt, Doubt::OtherName(vec!["mail.example.org".into()]));
        assert!(distrust.to_string().starts_with("its certificate is for mail.example.org (SHA-256 AB:AB:"));
    }
}
