//! The uses of the folders that every mailbox has, and the names that programs and servers give them in many
//! languages.

/// A use of a folder (RFC 6154).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpecialUse {
    /// `\Drafts`
    Drafts,
    /// `\Sent`
    Sent,
    /// `\Archive`
    Archive,
    /// `\Junk`
    Junk,
    /// `\Trash`
    Trash,
}

impl SpecialUse {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Drafts, Self::Sent, Self::Archive, Self::Junk, Self::Trash];

    /// The attribute in LIST.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Drafts => "\\Drafts",
            Self::Sent => "\\Sent",
            Self::Archive => "\\Archive",
            Self::Junk => "\\Junk",
            Self::Trash => "\\Trash",
        }
    }

    /// The use of an attribute, whatever its case.
    pub fn from_attribute(attribute: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|special| special.attribute().eq_ignore_ascii_case(attribute))
    }

    pub(crate) fn code(self) -> i64 {
        self as i64 + 1
    }

    pub(crate) fn from_code(code: Option<i64>) -> Option<Self> {
        Self::ALL.into_iter().find(|special| Some(special.code()) == code)
    }
}

/// The meaning of a folder's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usual {
    /// INBOX
    Inbox,
    /// The folder for a use.
    Use(SpecialUse),
}

/// Folds a name to one spelling: case, kinds of blanks and apostrophes do not count.
pub fn folded(name: &str) -> String {
    let one = |c: char| match c {
        '\u{a0}' | '\u{202f}' => ' ',
        '’' => '\'',
        c => c,
    };
    name.trim().chars().map(one).collect::<String>().to_lowercase()
}

/// Returns the meaning of a folder of this name.
pub fn folder(name: &str) -> Option<Usual> {
    let folded = folded(name);
    let find = |names: &&(Usual, &[&str])| names.1.contains(&folded.as_str());
    FOLDERS.iter().find(find).map(|(usual, _)| *usual)
}

const DRAFTS: Usual = Usual::Use(SpecialUse::Drafts);
const SENT: Usual = Usual::Use(SpecialUse::Sent);
const ARCHIVE: Usual = Usual::Use(SpecialUse::Archive);
const JUNK: Usual = Usual::Use(SpecialUse::Junk);
const TRASH: Usual = Usual::Use(SpecialUse::Trash);

/// The names in English, French, German, Spanish, Italian, Portuguese, Dutch, Polish, Czech, Swedish, Danish,
/// Norwegian, Finnish, Hungarian, Romanian, Turkish, Greek, Russian, Ukrainian, Japanese, Chinese (simplified,
/// traditional) and Korean, as Gmail, Outlook, Thunderbird, Apple Mail and KMail have them.
const FOLDERS: &[(Usual, &[&str])] = &[
    (
        Usual::Inbox,
        &[
            "inbox",
            "boîte de réception",
            "courrier entrant",
            "posteingang",
            "bandeja de entrada",
            "recibidos",
            "posta in arrivo",
            "caixa de entrada",
            "a receber",
            "postvak in",
            "odebrane",
            "skrzynka odbiorcza",
            "doručená pošta",
            "doručené",
            "inkorgen",
            "inkorg",
            "indbakke",
            "innboks",
            "saapuneet",
            "postilaatikko",
            "beérkező levelek",
            "beérkezett üzenetek",
            "mesaje primite",
            "gelen kutusu",
            "εισερχόμενα",
            "входящие",
            "вхідні",
            "受信トレイ",
            "受信箱",
            "收件箱",
            "收件匣",
            "받은편지함",
            "받은 편지함",
        ],
    ),
    (
        DRAFTS,
        &[
            "drafts",
            "draft",
            "brouillons",
            "brouillon",
            "entwürfe",
            "entwurf",
            "borradores",
            "borrador",
            "bozze",
            "bozza",
            "rascunhos",
            "rascunho",
            "concepten",
            "concept",
            "wersje robocze",
            "robocze",
            "szkice",
            "koncepty",
            "rozepsané",
            "utkast",
            "kladder",
            "kladde",
            "luonnokset",
            "luonnos",
            "piszkozatok",
            "mesaje nefinalizate",
            "schițe",
            "ciorne",
            "taslaklar",
            "taslak",
            "πρόχειρα",
            "черновики",
            "чернетки",
            "下書き",
            "草稿",
            "草稿箱",
            "임시보관함",
            "임시 보관함",
        ],
    ),
    (
        SENT,
        &[
            "sent",
            "sent items",
            "sent mail",
            "sent-mail",
            "sent messages",
            "sent objects",
            "envoyés",
            "envoyé",
            "messages envoyés",
            "éléments envoyés",
            "courrier envoyé",
            "gesendet",
            "gesendete elemente",
            "gesendete objekte",
            "gesendete nachrichten",
            "enviados",
            "enviado",
            "elementos enviados",
            "correo enviado",
            "mensajes enviados",
            "inviati",
            "posta inviata",
            "messaggi inviati",
            "itens enviados",
            "e-mails enviados",
            "mensagens enviadas",
            "correio enviado",
            "verzonden",
            "verzonden items",
            "verzonden berichten",
            "wysłane",
            "elementy wysłane",
            "odeslaná pošta",
            "odeslané",
            "skickat",
            "skickade",
            "skickade objekt",
            "sendt",
            "sendte",
            "sendt post",
            "sendte elementer",
            "sendt e-post",
            "lähetetyt",
            "lähetetyt viestit",
            "elküldött",
            "elküldött elemek",
            "elküldött üzenetek",
            "trimise",
            "mesaje trimise",
            "gönderilmiş postalar",
            "gönderilenler",
            "gönderilmiş öğeler",
            "απεσταλμένα",
            "отправленные",
            "надіслані",
            "送信済み",
            "送信済みメール",
            "送信済みアイテム",
            "送信済みトレイ",
            "已发送",
            "已发邮件",
            "已发送邮件",
            "寄件備份",
            "已傳送",
            "보낸편지함",
            "보낸 편지함",
        ],
    ),
    (
        ARCHIVE,
        &[
            "archive",
            "archives",
            "archived",
            "all mail",
            "archiv",
            "archivo",
            "archivio",
            "arquivo",
            "archief",
            "archiwum",
            "arkiv",
            "arkisto",
            "archívum",
            "arhivă",
            "arşiv",
            "αρχειοθήκη",
            "архив",
            "архів",
            "アーカイブ",
            "归档",
            "存档",
            "封存",
            "보관함",
        ],
    ),
    (
        JUNK,
        &[
            "junk",
            "junk e-mail",
            "junk email",
            "junk mail",
            "spam",
            "bulk mail",
            "bulk",
            "indésirables",
            "courrier indésirable",
            "pourriel",
            "junk-e-mail",
            "spamverdacht",
            "unerwünscht",
            "correo no deseado",
            "no deseado",
            "posta indesiderata",
            "indesiderata",
            "lixo eletrônico",
            "lixo electrónico",
            "e-mail não solicitado",
            "ongewenste e-mail",
            "ongewenst",
            "wiadomości-śmieci",
            "niechciane",
            "nevyžádaná pošta",
            "nevyžádané",
            "skräppost",
            "uønsket mail",
            "uønsket e-mail",
            "uønsket post",
            "søppelpost",
            "søppel-e-post",
            "roskaposti",
            "levélszemét",
            "nedorite",
            "istenmeyen",
            "gereksiz e-posta",
            "ανεπιθύμητα",
            "спам",
            "нежелательная почта",
            "небажана пошта",
            "迷惑メール",
            "垃圾邮件",
            "垃圾郵件",
            "스팸함",
            "스팸메일함",
            "정크 메일",
        ],
    ),
    (
        TRASH,
        &[
            "trash",
            "bin",
            "deleted",
            "deleted items",
            "deleted messages",
            "wastebasket",
            "corbeille",
            "éléments supprimés",
            "messages supprimés",
            "papierkorb",
            "gelöschte elemente",
            "gelöscht",
            "gelöschte objekte",
            "papelera",
            "elementos eliminados",
            "eliminados",
            "cestino",
            "posta eliminata",
            "lixeira",
            "lixo",
            "itens excluídos",
            "itens eliminados",
            "prullenbak",
            "verwijderde items",
            "verwijderd",
            "kosz",
            "elementy usunięte",
            "koš",
            "odstraněná pošta",
            "papperskorgen",
            "papperskorg",
            "borttaget",
            "papirkurv",
            "slettet post",
            "slettede elementer",
            "roskakori",
            "poistetut",
            "kuka",
            "lomtár",
            "törölt elemek",
            "coș de gunoi",
            "coș",
            "elemente șterse",
            "çöp kutusu",
            "çöp",
            "silinmiş öğeler",
            "κάδος απορριμμάτων",
            "корзина",
            "удаленные",
            "кошик",
            "видалені",
            "ゴミ箱",
            "削除済みアイテム",
            "已删除邮件",
            "已删除",
            "回收站",
            "垃圾桶",
            "刪除的郵件",
            "휴지통",
            "지운 편지함",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_folders_are_known_in_many_languages() {
        for name in ["Sent Items", "ENVOYÉS", "Gesendete Elemente", "送信済み", "Отправленные", "Wysłane"]
        {
            assert_eq!(folder(name), Some(SENT), "{name}");
        }
        assert_eq!(folder("Boîte de réception"), Some(Usual::Inbox));
        assert_eq!(folder("Travail"), None);
    }

    #[test]
    fn no_name_means_two_things() {
        for (at, (usual, names)) in FOLDERS.iter().enumerate() {
            for name in *names {
                assert_eq!(folder(name), Some(*usual), "{name}, {at}");
                assert_eq!(*name, folded(name));
            }
        }
    }
}
