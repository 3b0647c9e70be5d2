//! What the operating system says went wrong, in the person's language: its own words are English here.

use std::io::Error;

use rustix::io::Errno;

use super::{Language, say};

/// What went wrong, in words; what has none here by its number.
pub fn system(why: &Error) -> String {
    in_language(why, Language::of_the_person())
}

fn in_language(why: &Error, language: Language) -> String {
    match (why.raw_os_error(), language) {
        (Some(number), _) => words(Errno::from_raw_os_error(number), language)
            .unwrap_or_else(|| say!(in language; "error {number} of the system", "erreur {number} du système")),
        (None, Language::English) => why.to_string(),
        (None, Language::French) => of_kind(why),
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

/// Without a number of the system. What our own code says of it was said in the person's language.
fn of_kind(why: &Error) -> String {
    use std::io::ErrorKind;
    match why.kind() {
        ErrorKind::UnexpectedEof => "la fin manque".to_owned(),
        ErrorKind::InvalidData => "ce n'est pas du texte, ou c'est abîmé".to_owned(),
        ErrorKind::PermissionDenied => "le droit manque".to_owned(),
        ErrorKind::NotFound => "ce fichier ou ce dossier n'existe pas".to_owned(),
        ErrorKind::TimedOut => "c'était trop long".to_owned(),
        ErrorKind::WriteZero | ErrorKind::BrokenPipe => "l'autre côté a raccroché".to_owned(),
        _ => why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_faults_have_words_in_both_languages_and_others_their_number() {
        let missing = std::fs::read("/nowhere/at/all").expect_err("there is no such file");
        assert_eq!(in_language(&missing, Language::English), "there is no such file or folder");
        assert_eq!(in_language(&missing, Language::French), "ce fichier ou ce dossier n'existe pas");
        let odd = Error::from_raw_os_error(95);
        assert_eq!(in_language(&odd, Language::French), "erreur 95 du système");
        for number in 1..134 {
            let told = in_language(&Error::from_raw_os_error(number), Language::French);
            assert!(!told.contains("os error") && !told.contains("No such"), "{told}");
        }
    }
}
