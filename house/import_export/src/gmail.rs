//! Labels of a Google Takeout: each is a folder that the letter lies in, or a flag.

use mailbox::parse::decode;
use mailbox::{SpecialUse, System};

use crate::proton::keyword;
use crate::usual::{self, Usual};

/// The folders that a letter with labels lies in, and the flags that its labels say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorted {
    /// Its folders, one at least: the special ones first, then the person's own in the order of its labels.
    pub places: Vec<TargetFolder>,
    /// Its flags.
    pub system: System,
    /// Keywords from the labels that are neither.
    pub keywords: Vec<String>,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetFolder {
    /// INBOX
    Inbox,
    /// The folder for a use.
    Use(SpecialUse),
    /// The folder of a label.
    Label(String),
}

/// The meaning of a label of Gmail's own.
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

/// The labels that are flags, as Takeout writes them: English, French, German, Spanish, Italian, Portuguese, Dutch, Polish,
/// Czech, Swedish, Danish, Norwegian, Finnish, Hungarian, Romanian, Turkish, Greek, Russian, Ukrainian, Japanese, Chinese and
/// Korean. Google has changed its words over the years. Those that are folders stand in [`usual`].
const KNOWN: &[(Meaning, &[&str])] = &[
    (
        Meaning::Unread,
        &[
            "unread",
            "non lu",
            "non lus",
            "messages non lus",
            "ungelesen",
            "no leído",
            "no leídos",
            "sin leer",
            "da leggere",
            "non letto",
            "non letti",
            "não lida",
            "não lidas",
            "não lido",
            "não lidos",
            "ongelezen",
            "nieprzeczytane",
            "nepřečtené",
            "nepřečteno",
            "oläst",
            "olästa",
            "ulæst",
            "ulæste",
            "ulest",
            "uleste",
            "lukematon",
            "lukemattomat",
            "olvasatlan",
            "necitit",
            "necitite",
            "okunmadı",
            "okunmamış",
            "μη αναγνωσμένα",
            "непрочитанные",
            "непрочитано",
            "непрочитані",
            "未読",
            "未读",
            "未讀",
            "읽지않음",
            "읽지 않음",
            "안읽음",
        ],
    ),
    (
        Meaning::Starred,
        &[
            "starred",
            "suivi",
            "suivis",
            "messages suivis",
            "favoris",
            "markiert",
            "destacado",
            "destacados",
            "speciale",
            "speciali",
            "com estrela",
            "marcado com estrela",
            "estrela",
            "met ster",
            "oznaczone gwiazdką",
            "z gwiazdką",
            "s hvězdičkou",
            "hvězdička",
            "stjärnmärkt",
            "stjärnmärkta",
            "stjernemarkeret",
            "stjernemarkerede",
            "stjernemerket",
            "stjernemerkede",
            "tähdellä merkityt",
            "tähdellä merkitty",
            "csillagozott",
            "cu stea",
            "yıldızlı",
            "με αστέρι",
            "помеченные",
            "із зірочкою",
            "スター付き",
            "已加星标",
            "加星标",
            "已加星號",
            "별표",
            "별표편지함",
            "중요편지함",
        ],
    ),
    (
        Meaning::Important,
        &[
            "important",
            "importants",
            "messages importants",
            "wichtig",
            "importante",
            "importantes",
            "importanti",
            "belangrijk",
            "ważne",
            "důležité",
            "viktigt",
            "viktig",
            "viktige",
            "vigtigt",
            "vigtig",
            "vigtige",
            "tärkeä",
            "tärkeät",
            "fontos",
            "önemli",
            "σημαντικά",
            "важное",
            "важные",
            "важливе",
            "важливі",
            "重要",
            "重要邮件",
            "重要郵件",
            "중요",
        ],
    ),
    (
        Meaning::Nothing,
        &[
            "archived",
            "archivé",
            "archivés",
            "messages archivés",
            "archiviert",
            "archivado",
            "archivados",
            "archiviato",
            "archiviati",
            "arquivado",
            "arquivados",
            "arquivada",
            "arquivadas",
            "gearchiveerd",
            "zarchiwizowane",
            "archivováno",
            "archivované",
            "arkiverad",
            "arkiverade",
            "arkiverat",
            "arkiveret",
            "arkiverede",
            "arkivert",
            "arkiverte",
            "arkistoitu",
            "arkistoidut",
            "archivált",
            "archiválva",
            "arhivat",
            "arhivate",
            "arşivlendi",
            "arşivlenmiş",
            "αρχειοθετημένα",
            "в архиве",
            "архивировано",
            "архивированные",
            "заархивированные",
            "архівовано",
            "архівовані",
            "アーカイブ済み",
            "アーカイブ",
            "已归档",
            "已存档",
            "已封存",
            "보관처리됨",
            "보관됨",
        ],
    ),
    (
        Meaning::Nothing,
        &[
            "opened",
            "ouvert",
            "ouverts",
            "messages ouverts",
            "geöffnet",
            "abierto",
            "abiertos",
            "aperto",
            "aperti",
            "aberto",
            "abertos",
            "aberta",
            "abertas",
            "geopend",
            "otwarte",
            "otwarto",
            "otevřeno",
            "otevřené",
            "öppnad",
            "öppnade",
            "öppnat",
            "åbnet",
            "åbnede",
            "åpnet",
            "åpnede",
            "avattu",
            "avatut",
            "megnyitott",
            "megnyitva",
            "deschis",
            "deschise",
            "açıldı",
            "açılmış",
            "ανοιγμένα",
            "открыто",
            "открытые",
            "прочитанные",
            "відкрито",
            "відкриті",
            "開封済み",
            "已打开",
            "已開啟",
            "열어봄",
            "열림",
            "읽음",
        ],
    ),
];

/// `Category Promotions`, `Catégorie : Promotions`, `Kategorie: "Werbung"`: Gmail's tabs.
const CATEGORIES: [&str; 17] = [
    "category",
    "catégorie",
    "kategorie",
    "categoría",
    "categoria",
    "categorie",
    "kategoria",
    "kategori",
    "luokka",
    "kategória",
    "κατηγορία",
    "категория",
    "категорія",
    "カテゴリ",
    "类别",
    "類別",
    "카테고리",
];

/// Returns true if the label names one of Gmail's tabs. A blank or a colon (of either width) stands behind the word.
fn is_category(folded: &str) -> bool {
    let behind = |word: &&str| folded.strip_prefix(*word).map(str::trim_start);
    CATEGORIES.iter().filter_map(|word| behind(word).map(|rest| (word, rest))).any(|(word, rest)| {
        rest.starts_with([':', '：', '「', '-']) || (!rest.is_empty() && folded[word.len()..].starts_with(' '))
    })
}

/// A letter that was thrown away, or is junk, lies in that folder and nowhere else: Gmail shows it under none of its labels.
const APART: [SpecialUse; 2] = [SpecialUse::Trash, SpecialUse::Junk];

/// The most folders that the labels of one letter make; what is beyond them stays with the letter as keywords.
const MOST: usize = 100;

/// Sorts a letter by the value of its X-Gmail-Labels.
pub fn sort(labels: &[u8]) -> Sorted {
    let (mut meanings, mut own, mut imap) = (Vec::new(), Vec::new(), Vec::new());
    for label in split(&decode::words(labels)) {
        // Keywords that IMAP clients have set.
        if let Some(keyword) = label.strip_prefix("IMAP_") {
            imap.push(keyword.to_owned());
            continue;
        }
        match meaning(&label) {
            Some(meaning) => meanings.push(meaning),
            None => own.push(label),
        }
    }
    let mut system = if meanings.contains(&Meaning::Unread) { System::NONE } else { System::SEEN };
    if meanings.contains(&Meaning::Starred) {
        system |= System::FLAGGED;
    }
    let (places, rest) = places(&meanings, &own);
    if places.contains(&TargetFolder::Use(SpecialUse::Drafts)) {
        system |= System::DRAFT;
    }
    let mut keywords: Vec<String> = rest.iter().filter_map(|label| keyword(label)).chain(imap).collect();
    if meanings.contains(&Meaning::Important) {
        // RFC 8457
        keywords.push("$Important".to_owned());
    }
    Sorted { places, system, keywords }
}

/// Returns the folders of a letter, and those of its own labels that are none.
fn places<'l>(meanings: &[Meaning], own: &'l [String]) -> (Vec<TargetFolder>, &'l [String]) {
    let has = |special_use: &SpecialUse| meanings.contains(&Meaning::Use(*special_use));
    if let Some(apart) = APART.into_iter().find(has) {
        return (vec![TargetFolder::Use(apart)], own);
    }
    let mut places = Vec::new();
    if meanings.contains(&Meaning::Inbox) {
        places.push(TargetFolder::Inbox);
    }
    places.extend([SpecialUse::Sent, SpecialUse::Drafts].into_iter().filter(has).map(TargetFolder::Use));
    let (folders, rest) = own.split_at(own.len().min(MOST));
    places.extend(folders.iter().cloned().map(TargetFolder::Label));
    if places.is_empty() {
        // Archived, and without any label.
        places.push(TargetFolder::Use(SpecialUse::Archive));
    }
    (places, rest)
}

fn meaning(label: &str) -> Option<Meaning> {
    let folded = usual::folded(label);
    if is_category(&folded) {
        return Some(Meaning::Nothing);
    }
    let known = KNOWN.iter().find(|(_, names)| names.contains(&folded.as_str())).map(|(meaning, _)| *meaning);
    known.or_else(|| match usual::folder(&folded)? {
        Usual::Inbox => Some(Meaning::Inbox),
        // Whoever makes a label called `Archive` means that.
        Usual::Use(SpecialUse::Archive) => None,
        Usual::Use(special_use) => Some(Meaning::Use(special_use)),
    })
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
    found
        .into_iter()
        .map(|label| label.trim().trim_matches('\u{a0}').to_owned())
        .filter(|label| !label.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(labels: &str) -> Sorted {
        sort(labels.as_bytes())
    }

    fn label(name: &str) -> TargetFolder {
        TargetFolder::Label(name.to_owned())
    }

    #[test]
    fn every_label_is_a_folder_or_a_flag() {
        let letter = sorted("Important,Travail,Inbox,Unread,Category Updates,Starred,Clients/Paris");
        assert_eq!(letter.places, [TargetFolder::Inbox, label("Travail"), label("Clients/Paris")]);
        assert_eq!(letter.system, System::FLAGGED);
        assert_eq!(letter.keywords, ["$Important"]);
        assert_eq!(sorted("Travail/Clients,Opened").places, [label("Travail/Clients")]);
        assert_eq!(sorted("Archived,Opened").places, [TargetFolder::Use(SpecialUse::Archive)]);
        assert_eq!(sorted("Inbox,Sent").places, [TargetFolder::Inbox, TargetFolder::Use(SpecialUse::Sent)]);
        assert_eq!(sorted("").places, [TargetFolder::Use(SpecialUse::Archive)]);
        assert_eq!(sorted("Drafts").system, System::SEEN | System::DRAFT);
    }

    #[test]
    fn what_was_thrown_away_lies_in_no_other_folder_and_keeps_its_labels_as_keywords() {
        let letter = sorted("Trash,Sent,Travail");
        assert_eq!(letter.places, [TargetFolder::Use(SpecialUse::Trash)]);
        assert_eq!(letter.keywords, ["Travail"]);
    }

    #[test]
    fn thousands_of_labels_make_no_thousands_of_folders() {
        let many: Vec<String> = (0..5000).map(|number| format!("l{number}")).collect();
        let letter = sorted(&many.join(","));
        assert_eq!((letter.places.len(), letter.keywords.len()), (MOST, 5000 - MOST));
    }

    #[test]
    fn french_labels_are_known_and_encoded_words_are_read() {
        let inbox = sorted("=?UTF-8?Q?Bo=C3=AEte_de_r=C3=A9ception,Non_lus,Messages_suivis?=");
        assert_eq!((inbox.places, inbox.system), (vec![TargetFolder::Inbox], System::FLAGGED));
        let archived = sorted(
            "=?UTF-8?Q?Messages_archiv=C3=A9s,Ouvert,Cat=C3=A9gorie=C2=A0:_E-mails_?= =?UTF-8?Q?personnels,\"Culture,_associations\"?=",
        );
        assert_eq!(archived.places, [label("Culture, associations")]);
        assert_eq!((archived.system, archived.keywords), (System::SEEN, vec![]));
        assert_eq!(sorted("=?UTF-8?Q?Archiv=C3=A9s,Envoy=C3=A9?=").places, [TargetFolder::Use(SpecialUse::Sent)]);
    }

    #[test]
    fn a_label_becomes_an_atom() {
        assert_eq!(keyword("Vacances d'été (2024)").as_deref(), Some("Vacances_d'&AOk-t&AOk-__2024_"));
        assert_eq!(keyword(&"é".repeat(200)), None);
    }
}
