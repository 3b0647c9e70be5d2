//! Labels of a Google Takeout. A letter there has many; here it lies in one folder, and the other labels become keywords.

use mail::mutf7;
use mailbox::parse::decode;
use mailbox::{Keywords, SpecialUse, System};

/// Where a letter with labels goes, and what they say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorted {
    /// Its folder.
    pub place: Place,
    /// Its flags.
    pub system: System,
    /// Keywords from the labels that are no folder.
    pub keywords: Vec<String>,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// INBOX
    Inbox,
    /// The folder for a use.
    Use(SpecialUse),
    /// The folder of a label.
    Label(String),
}

/// What a label of Gmail's own means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Inbox,
    Use(SpecialUse),
    Unread,
    Starred,
    Important,
    /// Archived, opened, the tabs of the inbox: nothing that a folder or keyword would say better.
    Nothing,
}

/// The labels as Takeout writes them, in English and French (which has changed its words over the years).
const KNOWN: &[(&str, Meaning)] = &[
    ("inbox", Meaning::Inbox),
    ("boîte de réception", Meaning::Inbox),
    ("sent", Meaning::Use(SpecialUse::Sent)),
    ("sent mail", Meaning::Use(SpecialUse::Sent)),
    ("envoyé", Meaning::Use(SpecialUse::Sent)),
    ("envoyés", Meaning::Use(SpecialUse::Sent)),
    ("messages envoyés", Meaning::Use(SpecialUse::Sent)),
    ("draft", Meaning::Use(SpecialUse::Drafts)),
    ("drafts", Meaning::Use(SpecialUse::Drafts)),
    ("brouillon", Meaning::Use(SpecialUse::Drafts)),
    ("brouillons", Meaning::Use(SpecialUse::Drafts)),
    ("trash", Meaning::Use(SpecialUse::Trash)),
    ("bin", Meaning::Use(SpecialUse::Trash)),
    ("corbeille", Meaning::Use(SpecialUse::Trash)),
    ("spam", Meaning::Use(SpecialUse::Junk)),
    ("unread", Meaning::Unread),
    ("non lu", Meaning::Unread),
    ("non lus", Meaning::Unread),
    ("messages non lus", Meaning::Unread),
    ("starred", Meaning::Starred),
    ("suivi", Meaning::Starred),
    ("suivis", Meaning::Starred),
    ("messages suivis", Meaning::Starred),
    ("favoris", Meaning::Starred),
    ("important", Meaning::Important),
    ("importants", Meaning::Important),
    ("messages importants", Meaning::Important),
    ("archived", Meaning::Nothing),
    ("archivé", Meaning::Nothing),
    ("archivés", Meaning::Nothing),
    ("messages archivés", Meaning::Nothing),
    ("opened", Meaning::Nothing),
    ("ouvert", Meaning::Nothing),
    ("ouverts", Meaning::Nothing),
    ("messages ouverts", Meaning::Nothing),
];

/// `Category Promotions`, `Catégorie : Promotions`: Gmail's tabs.
const CATEGORIES: [&str; 4] = ["category ", "category:", "catégorie ", "catégorie:"];

/// The order in which they decide where a letter lies: the special ones first, then the first of the person's own, then
/// the archive.
const ORDER: [Meaning; 5] = [
    Meaning::Inbox,
    Meaning::Use(SpecialUse::Sent),
    Meaning::Use(SpecialUse::Drafts),
    Meaning::Use(SpecialUse::Trash),
    Meaning::Use(SpecialUse::Junk),
];

/// Sorts a letter by the value of its X-Gmail-Labels.
pub fn sort(labels: &[u8]) -> Sorted {
    let (mut meanings, mut own) = (Vec::new(), Vec::new());
    for label in split(&decode::words(labels)) {
        match meaning(&label) {
            Some(meaning) => meanings.push(meaning),
            None => own.push(label),
        }
    }
    let mut system = if meanings.contains(&Meaning::Unread) { System::NONE } else { System::SEEN };
    if meanings.contains(&Meaning::Starred) {
        system |= System::FLAGGED;
    }
    let first = ORDER.into_iter().find(|meaning| meanings.contains(meaning));
    if first == Some(Meaning::Use(SpecialUse::Drafts)) {
        system |= System::DRAFT;
    }
    let place = match first {
        Some(Meaning::Inbox) => Place::Inbox,
        Some(Meaning::Use(special_use)) => Place::Use(special_use),
        _ if own.is_empty() => Place::Use(SpecialUse::Archive),
        _ => Place::Label(own.remove(0)),
    };
    let mut keywords: Vec<String> = own.iter().filter_map(|label| keyword(label)).collect();
    if meanings.contains(&Meaning::Important) {
        // RFC 8457
        keywords.push("$Important".to_owned());
    }
    Sorted { place, system, keywords }
}

fn meaning(label: &str) -> Option<Meaning> {
    let folded = label.replace('\u{a0}', " ").to_lowercase();
    if CATEGORIES.iter().any(|category| folded.starts_with(category)) {
        return Some(Meaning::Nothing);
    }
    KNOWN.iter().find(|(name, _)| *name == folded).map(|(_, meaning)| *meaning)
}

/// The labels, separated by commas; one with a comma in it stands in quotes.
fn split(labels: &str) -> Vec<String> {
    let (mut found, mut label, mut quoted) = (Vec::new(), String::new(), false);
    for c in labels.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => found.push(std::mem::take(&mut label)),
            c => label.push(c),
        }
    }
    found.push(label);
    found.into_iter().map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()).collect()
}

/// A label as a keyword, which is an atom of IMAP: in modified UTF-7, `_` for what atoms cannot have.
fn keyword(label: &str) -> Option<String> {
    let atom = |c: char| if c.is_ascii_graphic() && !"(){%*\"\\]".contains(c) { c } else { '_' };
    let keyword: String = mutf7::encode(label).chars().map(atom).collect();
    (keyword.len() <= Keywords::LONGEST).then_some(keyword)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(labels: &str) -> Sorted {
        sort(labels.as_bytes())
    }

    #[test]
    fn special_labels_decide_before_the_persons_own() {
        let letter = sorted("Important,Travail,Inbox,Unread,Category Updates,Starred");
        assert_eq!(letter.place, Place::Inbox);
        assert_eq!(letter.system, System::FLAGGED);
        assert_eq!(letter.keywords, ["Travail", "$Important"]);
        assert_eq!(sorted("Travail/Clients,Opened").place, Place::Label("Travail/Clients".into()));
        assert_eq!(sorted("Archived,Opened").place, Place::Use(SpecialUse::Archive));
        assert_eq!(sorted("Inbox,Sent").place, Place::Inbox);
        assert_eq!(sorted("").place, Place::Use(SpecialUse::Archive));
        assert_eq!(sorted("Drafts").system, System::SEEN | System::DRAFT);
    }

    #[test]
    fn french_labels_are_known_and_encoded_words_are_read() {
        let inbox = sorted("=?UTF-8?Q?Bo=C3=AEte_de_r=C3=A9ception,Non_lus,Messages_suivis?=");
        assert_eq!((inbox.place, inbox.system), (Place::Inbox, System::FLAGGED));
        let archived = sorted(
            "=?UTF-8?Q?Messages_archiv=C3=A9s,Ouvert,Cat=C3=A9gorie=C2=A0:_E-mails_?= =?UTF-8?Q?personnels,\"Culture,_associations\"?=",
        );
        assert_eq!(archived.place, Place::Label("Culture, associations".into()));
        assert_eq!((archived.system, archived.keywords), (System::SEEN, vec![]));
        assert_eq!(sorted("=?UTF-8?Q?Archiv=C3=A9s,Envoy=C3=A9?=").place, Place::Use(SpecialUse::Sent));
    }

    #[test]
    fn a_label_becomes_an_atom() {
        assert_eq!(keyword("Vacances d'été (2024)").as_deref(), Some("Vacances_d'&AOk-t&AOk-__2024_"));
        assert_eq!(keyword(&"é".repeat(200)), None);
    }
}
