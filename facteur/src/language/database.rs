//! Says what went wrong in the store, in the person's language: its own words, and those of SQLite, are English.

use store::Error;

use super::Language;

/// Says in words what went wrong with the data, as a part of a sentence.
pub fn database(why: &Error) -> String {
    in_language(why, Language::of_the_person())
}

#[rustfmt::skip]
fn in_language(why: &Error, language: Language) -> String {
    if language == Language::English {
        return why.to_string();
    }
    match why {
        Error::Busy(_) => "elles sont occupées, réessayez".to_owned(),
        Error::Full(_) => "le disque est plein ; faites-y de la place, et le bureau de poste continue de lui-même".to_owned(),
        Error::Io(_) => "le disque n'a pu être lu ou écrit".to_owned(),
        Error::Corrupt(what) => format!("la base est endommagée ({what}) ; arrêtez le bureau de poste et restaurez une sauvegarde"),
        Error::ReadOnly(_) => "la base ne peut être écrite ; voyez à qui est le dossier".to_owned(),
        Error::Constraint(what) => format!("une règle de la base l'interdit ({what})"),
        Error::NoRow => "il n'y a pas de telle ligne dans la base".to_owned(),
        Error::NoBlob(blob) => format!("ce corps de lettre n'existe pas ({blob})"),
        Error::Missing { blob, what } => format!("un corps de lettre est perdu ({blob}, {what}) ; restaurez-le d'une sauvegarde"),
        Error::Damaged { blob, what } => format!("un corps de lettre est endommagé ({blob}, {what}) ; restaurez-le d'une sauvegarde"),
        Error::Type { .. } | Error::Sql(_) | Error::Panicked(_) => format!("c'est une faute de ce programme ({why})"),
        Error::TooLarge => "la valeur est trop grande pour la base".to_owned(),
        Error::Interrupted => "la lecture était trop longue et a été arrêtée".to_owned(),
        Error::Closed => "le bureau de poste ferme".to_owned(),
        other => format!("cause inconnue ({other})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQLite's own words, as it says them for the codes that can occur (sqlite3_errstr).
    const SQLITE: &str = "database or disk is full";

    #[test]
    fn what_the_database_says_is_said_in_french() {
        let said = || SQLITE.to_owned();
        let faults = [
            (Error::Busy("database is locked"), "occupées"),
            (Error::Full(said()), "plein"),
            (Error::Io(said()), "disque"),
            (Error::Corrupt("database disk image is malformed".to_owned()), "endommagée"),
            (Error::ReadOnly(said()), "à qui est le dossier"),
            (Error::Constraint(said()), "règle"),
            (Error::NoRow, "ligne"),
            (Error::Type { column: 1, wanted: "a number" }, "faute de ce programme"),
            (Error::TooLarge, "trop grande"),
            (Error::Sql(said()), "faute de ce programme"),
            (Error::Interrupted, "trop longue"),
            (Error::Panicked(said()), "faute de ce programme"),
            (Error::Closed, "ferme"),
        ];
        for (fault, word) in faults {
            let told = in_language(&fault, Language::French);
            assert!(told.contains(word), "{told}");
            // The words that stay English stand in parentheses, behind the French.
            let before = told.split(" (").next().unwrap_or_default();
            for english in [SQLITE, "database", "the ", "locked", "malformed"] {
                assert!(!before.contains(english), "{told}");
            }
            assert_eq!(in_language(&fault, Language::English), fault.to_string());
        }
    }
}
