//! Says what is wrong with a TOML file, in the person's language: the words of the TOML reader are English.

use super::Language;

/// Says what is wrong with a file that is no TOML, as a part of a sentence.
pub fn toml(said: &str, language: Language) -> String {
    match language {
        Language::English => said.to_owned(),
        Language::French => in_french(said),
    }
}

/// The reader says `what is wrong, expected this, that`; only the first part is a sentence.
fn in_french(said: &str) -> String {
    let (what, expected) = said.split_once(", expected ").map_or((said, None), |(what, rest)| (what, Some(rest)));
    let Some((_, french)) = SAID.iter().find(|(english, _)| what.starts_with(english)) else {
        return format!("cela ne s'écrit pas ainsi ({said})");
    };
    match expected.and_then(only_sign) {
        Some(sign) => format!("{french} ; il faut « {sign} »"),
        None => (*french).to_owned(),
    }
}

/// The sign that would have been right, if there is only one: it stands between backticks. Words need no translation:
/// the sentence says as much.
fn only_sign(expected: &str) -> Option<&str> {
    let sign = expected.strip_prefix('`')?.strip_suffix('`')?;
    (sign.chars().count() == 1).then_some(sign)
}

/// The beginnings of its sentences; one that is the beginning of another stands behind that other.
const SAID: &[(&str, &str)] = &[
    ("duplicate key", "ce réglage est là deux fois"),
    ("cannot extend value", "ce réglage n'est pas une table"),
    ("key with no value", "ce réglage n'a pas de valeur"),
    ("missing value", "la valeur manque"),
    ("string values must be quoted", "un texte s'écrit entre guillemets"),
    ("invalid basic string", "ce texte n'est pas fermé par un guillemet"),
    ("invalid literal string", "ce texte n'est pas fermé par une apostrophe"),
    ("invalid multi-line", "ce texte de plusieurs lignes n'est pas fermé"),
    ("missing opening quote", "le guillemet du début manque"),
    ("missing escaped value", "il manque un signe derrière la barre oblique inverse"),
    ("too few unicode", "le numéro d'un caractère est trop court"),
    ("unclosed array", "cette liste n'est pas fermée"),
    ("missing comma between array", "une virgule manque dans la liste"),
    ("extra comma", "il y a une virgule de trop"),
    ("missing comma", "une virgule manque"),
    ("unexpected `=` in array", "un signe = n'a rien à faire dans une liste"),
    ("missing assignment", "le signe = manque"),
    ("extra", "il y a un signe = de trop"),
    ("unclosed inline table", "cette table n'est pas fermée"),
    ("unclosed table", "le nom de la table n'est pas fermé"),
    ("missing key", "le nom du réglage manque"),
    ("unquoted keys", "le nom du réglage manque"),
    ("invalid unquoted key", "le nom d'un réglage n'a que des lettres, des chiffres, _ et -"),
    ("keys cannot", "le nom d'un réglage tient sur une ligne"),
    ("invalid key-value pair", "une ligne s'écrit réglage = valeur"),
    ("unexpected key or value", "il y a un mot de trop"),
    ("unexpected content", "il y a quelque chose de trop"),
    ("unexpected leading zero", "un nombre ne commence pas par un zéro"),
    ("redundant", "ce nombre a un signe de trop"),
    ("invalid float", "ce nombre est mal écrit"),
    ("invalid integer", "ce nombre est mal écrit"),
    ("invalid datetime", "cette date est mal écrite"),
    ("invalid boolean", "cela s'écrit true ou false"),
    ("invalid value", "ce n'est pas une valeur"),
    ("carriage return", "une fin de ligne est abîmée"),
    ("invalid comment character", "un caractère de ce commentaire n'est pas du texte"),
    ("cannot recurse", "trop de listes sont l'une dans l'autre"),
];

#[cfg(test)]
mod tests {
    use ::toml::de::DeTable;

    use super::*;

    #[test]
    fn what_people_mistype_is_said_in_french() {
        for (text, part) in [
            ("a = 1\na = 2\n", "deux fois"),
            ("hostname = mail.alpha.test\n", "guillemets"),
            ("hostname = \"mail\n", "guillemet"),
            ("hostname\n", "valeur"),
            ("hostname =\n", "guillemets"),
            ("[listen\nsmtp = []\n", "fermé"),
            ("smtp = [\"[::]:25\"\n", "fermée"),
            ("smtp = [\"a\" \"b\"]\n", "virgule"),
            ("= 1\n", "nom"),
            ("a = 1 b\n", "guillemets"),
            ("a==1\n", "de trop"),
            ("a = 1.2.3\n", "mal écrit"),
            ("é = 1\n", "lettres"),
            ("a = 'b\n", "apostrophe"),
            ("a = 012\n", "zéro"),
        ] {
            let said = DeTable::parse(text).map(|_| ()).expect_err(text).message().to_owned();
            let told = toml(&said, Language::French);
            assert!(told.contains(part) && !told.contains(&said), "{text:?}: {said} → {told}");
            assert_eq!(toml(&said, Language::English), said);
        }
        assert_eq!(toml("never heard", Language::French), "cela ne s'écrit pas ainsi (never heard)");
    }
}
