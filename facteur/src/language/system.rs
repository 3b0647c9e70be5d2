//! Says what went wrong in the operating system, in the person's language: its own words are English here.

use std::io::{Error, ErrorKind};

use rustix::io::Errno;

use super::{Language, encryption, say};

/// Says what went wrong, in words; an error without words here keeps its number.
pub fn system(why: &Error) -> String {
    in_language(why, Language::of_the_person())
}

/// The same if nothing is left of the fault but its words, as [`Error`] writes them: they end with its number.
/// `None` if they do not.
pub fn system_words(said: &str) -> Option<String> {
    system_words_in(said, Language::of_the_person())
}

/// The same in this language.
pub(super) fn system_words_in(said: &str, language: Language) -> Option<String> {
    let number = said.rsplit_once("(os error ")?.1.strip_suffix(')')?.parse().ok()?;
    Some(in_language(&Error::from_raw_os_error(number), language))
}

fn in_language(why: &Error, language: Language) -> String {
    if let Some(why) = why.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return encryption::in_language(why, language);
    }
    match (why.raw_os_error(), language) {
        (Some(number), _) => words(Errno::from_raw_os_error(number), language)
            .unwrap_or_else(|| say!(in language; "error {number} of the system", "erreur {number} du système")),
        (None, Language::English) => why.to_string(),
        (None, Language::French) => match (of_kind(why.kind()), why.get_ref()) {
            (Some(told), _) => told.to_owned(),
            // Errors of our own code were made in the person's language.
            (None, Some(own)) if why.kind() == ErrorKind::Other => own.to_string(),
            (None, _) => format!("cause inconnue ({why})"),
        },
    }
}

#[rustfmt::skip]
fn words(errno: Errno, language: Language) -> Option<String> {
    Some(match errno {
        Errno::ACCESS => say!(in language; "no right to it", "le droit manque"),
        Errno::PERM => say!(in language; "this user may not do that", "cet utilisateur n'en a pas le droit"),
        Errno::NOENT => say!(in language; "there is no such file or folder", "ce fichier ou ce dossier n'existe pas"),
        Errno::EXIST => say!(in language; "it is there already", "il existe déjà"),
        Errno::ISDIR => say!(in language; "it is a folder", "c'est un dossier"),
        Errno::NOTDIR => say!(in language; "a part of the path is no folder", "une partie du chemin n'est pas un dossier"),
        Errno::NOTEMPTY => say!(in language; "the folder is not empty", "le dossier n'est pas vide"),
        Errno::NOSPC => say!(in language; "the disk is full", "le disque est plein"),
        Errno::DQUOT => say!(in language; "the disk quota of this user is used up", "le quota de disque de cet utilisateur est épuisé"),
        Errno::FBIG => say!(in language; "the file would be too large", "le fichier serait trop grand"),
        Errno::ROFS => say!(in language; "the disk can only be read", "le disque est en lecture seule"),
        Errno::IO => say!(in language; "the disk cannot be read or written", "le disque ne peut être lu ou écrit"),
        Errno::NAMETOOLONG => say!(in language; "the name is too long", "le nom est trop long"),
        Errno::LOOP => say!(in language; "its links lead in a circle", "ses liens tournent en rond"),
        Errno::MFILE | Errno::NFILE => say!(in language; "too many files are open", "trop de fichiers sont ouverts"),
        Errno::NOMEM => say!(in language; "there is not enough memory", "la mémoire manque"),
        Errno::AGAIN => say!(in language; "not now", "pas maintenant"),
        Errno::ADDRINUSE => say!(in language; "the address is in use", "l'adresse est déjà prise"),
        Errno::ADDRNOTAVAIL => say!(in language; "the address is not one of this machine", "l'adresse n'est pas de cette machine"),
        Errno::CONNREFUSED => say!(in language; "nobody answers there", "personne n'y répond"),
        Errno::CONNRESET | Errno::PIPE => say!(in language; "the other side hung up", "l'autre côté a raccroché"),
        Errno::TIMEDOUT => say!(in language; "it took too long", "c'était trop long"),
        Errno::HOSTUNREACH | Errno::NETUNREACH => say!(in language; "no way leads there", "aucun chemin n'y mène"),
        Errno::XDEV => say!(in language; "it lies on another disk", "il est sur un autre disque"),
        _ => return None,
    })
}

/// Without a number of the system.
#[rustfmt::skip]
fn of_kind(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::NotFound => "ce fichier ou ce dossier n'existe pas",
        ErrorKind::PermissionDenied => "le droit manque",
        ErrorKind::AlreadyExists => "il existe déjà",
        ErrorKind::IsADirectory => "c'est un dossier",
        ErrorKind::NotADirectory => "une partie du chemin n'est pas un dossier",
        ErrorKind::DirectoryNotEmpty => "le dossier n'est pas vide",
        ErrorKind::StorageFull => "le disque est plein",
        ErrorKind::QuotaExceeded => "le quota de disque de cet utilisateur est épuisé",
        ErrorKind::FileTooLarge => "le fichier serait trop grand",
        ErrorKind::ReadOnlyFilesystem => "le disque est en lecture seule",
        ErrorKind::InvalidFilename => "le nom est trop long, ou n'en est pas un",
        ErrorKind::CrossesDevices => "il est sur un autre disque",
        ErrorKind::TooManyLinks => "il a trop de liens",
        ErrorKind::NotSeekable => "on ne peut y lire que du début à la fin",
        ErrorKind::ExecutableFileBusy => "ce programme tourne en ce moment",
        ErrorKind::ResourceBusy => "il est occupé",
        ErrorKind::StaleNetworkFileHandle => "le disque du réseau n'est plus là",
        ErrorKind::Deadlock => "deux programmes s'attendent l'un l'autre",
        ErrorKind::OutOfMemory => "la mémoire manque",
        ErrorKind::ArgumentListTooLong => "il y a trop de mots",
        ErrorKind::AddrInUse => "l'adresse est déjà prise",
        ErrorKind::AddrNotAvailable => "l'adresse n'est pas de cette machine",
        ErrorKind::ConnectionRefused => "personne n'y répond",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "aucun chemin n'y mène",
        ErrorKind::NetworkDown => "le réseau est coupé",
        ErrorKind::NotConnected => "il n'y a pas de connexion",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe | ErrorKind::WriteZero => {
            "l'autre côté a raccroché"
        }
        ErrorKind::TimedOut => "c'était trop long",
        ErrorKind::WouldBlock => "pas maintenant",
        ErrorKind::Interrupted => "l'opération a été interrompue",
        ErrorKind::UnexpectedEof => "la fin manque",
        ErrorKind::InvalidData => "ce n'est pas du texte, ou c'est abîmé",
        ErrorKind::InvalidInput => "ce qui est demandé n'a pas de sens",
        ErrorKind::Unsupported => "ce système ne sait pas le faire",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_faults_have_words_in_both_languages_and_others_their_number() {
        let missing = std::fs::read("/nowhere/at/all").expect_err("there is no such file");
        assert_eq!(in_language(&missing, Language::English), "there is no such file or folder");
        assert_eq!(in_language(&missing, Language::French), "ce fichier ou ce dossier n'existe pas");
        assert_eq!(system_words(&missing.to_string()), Some(system(&missing)));
        assert_eq!(system_words("its name is too long"), None);
        let odd = Error::from_raw_os_error(95);
        assert_eq!(in_language(&odd, Language::French), "erreur 95 du système");
        for number in 1..134 {
            let told = in_language(&Error::from_raw_os_error(number), Language::French);
            assert!(!told.contains("os error") && !told.contains("No such"), "{told}");
        }
    }

    /// Every kind that is not bound to change its name (std has no list of them).
    const KINDS: &[ErrorKind] = &[
        ErrorKind::NotFound,
        ErrorKind::PermissionDenied,
        ErrorKind::ConnectionRefused,
        ErrorKind::ConnectionReset,
        ErrorKind::HostUnreachable,
        ErrorKind::NetworkUnreachable,
        ErrorKind::ConnectionAborted,
        ErrorKind::NotConnected,
        ErrorKind::AddrInUse,
        ErrorKind::AddrNotAvailable,
        ErrorKind::NetworkDown,
        ErrorKind::BrokenPipe,
        ErrorKind::AlreadyExists,
        ErrorKind::WouldBlock,
        ErrorKind::NotADirectory,
        ErrorKind::IsADirectory,
        ErrorKind::DirectoryNotEmpty,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::StaleNetworkFileHandle,
        ErrorKind::InvalidInput,
        ErrorKind::InvalidData,
        ErrorKind::TimedOut,
        ErrorKind::WriteZero,
        ErrorKind::StorageFull,
        ErrorKind::NotSeekable,
        ErrorKind::QuotaExceeded,
        ErrorKind::FileTooLarge,
        ErrorKind::ResourceBusy,
        ErrorKind::ExecutableFileBusy,
        ErrorKind::Deadlock,
        ErrorKind::CrossesDevices,
        ErrorKind::TooManyLinks,
        ErrorKind::InvalidFilename,
        ErrorKind::ArgumentListTooLong,
        ErrorKind::Interrupted,
        ErrorKind::Unsupported,
        ErrorKind::UnexpectedEof,
        ErrorKind::OutOfMemory,
    ];

    #[test]
    fn every_kind_of_fault_is_said_in_french() {
        for kind in KINDS {
            let told = in_language(&Error::from(*kind), Language::French);
            assert!(!told.contains(&kind.to_string()) && !told.contains("inconnue"), "{kind:?}: {told}");
            // Behind a kind somebody's own words are English, and are left out.
            assert_eq!(in_language(&Error::new(*kind, "own words"), Language::French), told);
        }
        assert_eq!(in_language(&Error::other("dit ici"), Language::French), "dit ici");
    }

    #[test]
    fn a_fault_of_tls_inside_is_said_as_such() {
        let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let inside = Error::new(ErrorKind::InvalidData, expired);
        assert_eq!(in_language(&inside, Language::French), "le certificat a expiré");
    }
}
