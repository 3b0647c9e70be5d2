//! Says what went wrong in rustls, in the person's language: its own words are English.

use rustls::{CertificateError, Error};

use super::Language;

/// Says what went wrong with a certificate or a handshake, as a part of a sentence.
pub fn encryption(why: &Error) -> String {
    in_language(why, Language::of_the_person())
}

pub(super) fn in_language(why: &Error, language: Language) -> String {
    match language {
        Language::English => why.to_string(),
        Language::French => in_french(why),
    }
}

fn in_french(why: &Error) -> String {
    match why {
        Error::InvalidCertificate(what) => of_certificate(what),
        Error::NoCertificatesPresented => "aucun certificat n'a été présenté".to_owned(),
        Error::InconsistentKeys(_) => "le certificat et la clé ne vont pas ensemble".to_owned(),
        Error::PeerIncompatible(_) => format!("l'autre côté ne sait aucun des chiffrements d'ici ({why})"),
        Error::AlertReceived(alert) => format!("l'autre côté refuse de chiffrer ({alert:?})"),
        Error::NoApplicationProtocol => "l'autre côté ne parle aucun des protocoles d'ici".to_owned(),
        Error::HandshakeNotComplete => "le chiffrement n'est pas encore convenu".to_owned(),
        Error::FailedToGetCurrentTime => "l'heure de cette machine est inconnue".to_owned(),
        Error::FailedToGetRandomBytes => "cette machine ne donne pas de nombres aléatoires".to_owned(),
        Error::DecryptError | Error::EncryptError | Error::PeerSentOversizedRecord => {
            "ce qui arrive est abîmé ou altéré".to_owned()
        }
        Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::InvalidMessage(_)
        | Error::PeerMisbehaved(_) => format!("l'autre côté ne parle pas TLS, ou le parle mal ({why})"),
        other => format!("cause inconnue ({other})"),
    }
}

fn of_certificate(what: &CertificateError) -> String {
    match what {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "le certificat a expiré".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "le certificat n'est pas encore valable (ou l'horloge d'ici est fausse)".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "le certificat est pour un autre nom".to_owned()
        }
        CertificateError::UnknownIssuer => "le certificat vient d'une autorité inconnue ici".to_owned(),
        CertificateError::Revoked => "le certificat a été révoqué par son autorité".to_owned(),
        CertificateError::BadEncoding => "le certificat est illisible".to_owned(),
        CertificateError::BadSignature => "la signature du certificat est fausse".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "le certificat n'est pas fait pour un serveur".to_owned()
        }
        CertificateError::UnhandledCriticalExtension => "le certificat exige ce qui n'est pas connu ici".to_owned(),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "la sorte de signature du certificat n'est pas acceptée ici".to_owned()
        }
        other => format!("le certificat n'est pas bon ({other})"),
    }
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, InconsistentKeys};

    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_said_in_french() {
        let bad = |what| Error::InvalidCertificate(what);
        for (why, told) in [
            (bad(CertificateError::Expired), "le certificat a expiré"),
            (bad(CertificateError::UnknownIssuer), "le certificat vient d'une autorité inconnue ici"),
            (bad(CertificateError::NotValidForName), "le certificat est pour un autre nom"),
            (bad(CertificateError::BadEncoding), "le certificat est illisible"),
            (bad(CertificateError::BadSignature), "la signature du certificat est fausse"),
            (bad(CertificateError::Revoked), "le certificat a été révoqué par son autorité"),
            (Error::InconsistentKeys(InconsistentKeys::KeyMismatch), "le certificat et la clé ne vont pas ensemble"),
            (Error::NoCertificatesPresented, "aucun certificat n'a été présenté"),
            (
                Error::AlertReceived(AlertDescription::HandshakeFailure),
                "l'autre côté refuse de chiffrer (HandshakeFailure)",
            ),
            (Error::General("unheard of".to_owned()), "cause inconnue (unexpected error: unheard of)"),
        ] {
            assert_eq!(in_language(&why, Language::French), told);
            assert_eq!(in_language(&why, Language::English), why.to_string());
        }
    }
}
