//! Google Takeout in the languages of its people: labels become folders and flags.

use mailbox::System;

use crate::stores::{Store, letter};

/// For each language: the folder of the mail, the name of the file, and its words for the inbox, sent letters,
/// drafts, spam, the bin, starred, unread, opened, archived and important letters, and a tab.
const LANGUAGES: &[(&str, &str, [&str; 11])] = &[
    (
        "Mail",
        "All mail Including Spam and Trash",
        [
            "Inbox",
            "Sent",
            "Drafts",
            "Spam",
            "Trash",
            "Starred",
            "Unread",
            "Opened",
            "Archived",
            "Important",
            "Category Promotions",
        ],
    ),
    (
        "Messagerie",
        "Tous les messages, y compris spam et corbeille",
        [
            "Boîte de réception",
            "Messages envoyés",
            "Brouillons",
            "Spam",
            "Corbeille",
            "Messages suivis",
            "Non lus",
            "Ouvert",
            "Messages archivés",
            "Important",
            "Catégorie\u{a0}: E-mails personnels",
        ],
    ),
    (
        "E-Mail",
        "Alle E-Mails einschließlich Spam und Papierkorb",
        [
            "Posteingang",
            "Gesendet",
            "Entwürfe",
            "Spam",
            "Papierkorb",
            "Markiert",
            "Ungelesen",
            "Geöffnet",
            "Archiviert",
            "Wichtig",
            "Kategorie: \"Werbung\"",
        ],
    ),
    (
        "Correo",
        "Todo el correo, incluido Spam y Papelera",
        [
            "Recibidos",
            "Enviados",
            "Borradores",
            "Spam",
            "Papelera",
            "Destacados",
            "No leídos",
            "Abierto",
            "Archivado",
            "Importante",
            "Categoría: Promociones",
        ],
    ),
    (
        "Posta",
        "Tutta la posta, inclusi Spam e Cestino",
        [
            "Posta in arrivo",
            "Inviati",
            "Bozze",
            "Spam",
            "Cestino",
            "Speciali",
            "Da leggere",
            "Aperti",
            "Archiviati",
            "Importanti",
            "Categoria: Promozioni",
        ],
    ),
    (
        "E-mail",
        "Todos os e-mails, incluindo Spam e Lixeira-002",
        [
            "Caixa de entrada",
            "Enviados",
            "Rascunhos",
            "Spam",
            "Lixeira",
            "Com estrela",
            "Não lidas",
            "Abertos",
            "Arquivados",
            "Importantes",
            "Categoria Promoções",
        ],
    ),
    (
        "E-mail",
        "Alle e-mail, inclusief spam en prullenbak",
        [
            "Postvak IN",
            "Verzonden",
            "Concepten",
            "Spam",
            "Prullenbak",
            "Met ster",
            "Ongelezen",
            "Geopend",
            "Gearchiveerd",
            "Belangrijk",
            "Categorie Reclame",
        ],
    ),
    (
        "Poczta",
        "Cała poczta, łącznie ze spamem i koszem",
        [
            "Odebrane",
            "Wysłane",
            "Wersje robocze",
            "Spam",
            "Kosz",
            "Oznaczone gwiazdką",
            "Nieprzeczytane",
            "Otwarte",
            "Zarchiwizowane",
            "Ważne",
            "Kategoria Oferty",
        ],
    ),
    (
        "Pošta",
        "Všechny zprávy včetně spamu a koše",
        [
            "Doručená pošta",
            "Odeslané",
            "Koncepty",
            "Spam",
            "Koš",
            "S hvězdičkou",
            "Nepřečtené",
            "Otevřeno",
            "Archivováno",
            "Důležité",
            "Kategorie: Sociální sítě",
        ],
    ),
    (
        "E-post",
        "All e-post inklusive skräppost och papperskorg",
        [
            "Inkorgen",
            "Skickat",
            "Utkast",
            "Skräppost",
            "Papperskorgen",
            "Stjärnmärkt",
            "Oläst",
            "Öppnat",
            "Arkiverat",
            "Viktigt",
            "Kategori Kampanjer",
        ],
    ),
    (
        "Mail",
        "Alle mails inklusive spam og papirkurv",
        [
            "Indbakke",
            "Sendt",
            "Kladder",
            "Spam",
            "Papirkurv",
            "Stjernemarkeret",
            "Ulæst",
            "Åbnet",
            "Arkiveret",
            "Vigtigt",
            "Kategori Tilbud",
        ],
    ),
    (
        "Почта",
        "Вся почта, включая спам и корзину",
        [
            "Входящие",
            "Отправленные",
            "Черновики",
            "Спам",
            "Корзина",
            "Помеченные",
            "Непрочитанные",
            "Открыто",
            "В архиве",
            "Важное",
            "Категория: Промоакции",
        ],
    ),
    (
        "Пошта",
        "Уся пошта зі спамом і кошиком",
        [
            "Вхідні",
            "Надіслані",
            "Чернетки",
            "Спам",
            "Кошик",
            "Із зірочкою",
            "Непрочитані",
            "Відкриті",
            "Архівовані",
            "Важливі",
            "Категорія: Реклама",
        ],
    ),
    (
        "Postalar",
        "Tüm postalar (spam ve çöp dahil)",
        [
            "Gelen Kutusu",
            "Gönderilmiş Postalar",
            "Taslaklar",
            "Spam",
            "Çöp kutusu",
            "Yıldızlı",
            "Okunmamış",
            "Açıldı",
            "Arşivlendi",
            "Önemli",
            "Kategori Tanıtımlar",
        ],
    ),
    (
        "メール",
        "すべてのメール(迷惑メール、ゴミ箱を含む)",
        [
            "受信トレイ",
            "送信済み",
            "下書き",
            "迷惑メール",
            "ゴミ箱",
            "スター付き",
            "未読",
            "開封済み",
            "アーカイブ済み",
            "重要",
            "カテゴリ「プロモーション」",
        ],
    ),
    (
        "邮件",
        "所有邮件(包括垃圾邮件和已删除邮件)",
        [
            "收件箱",
            "已发邮件",
            "草稿",
            "垃圾邮件",
            "已删除邮件",
            "已加星标",
            "未读",
            "已打开",
            "已归档",
            "重要",
            "类别：推广",
        ],
    ),
];

#[test]
fn the_labels_of_many_languages_become_folders_and_flags() {
    for (folder, name, labels) in LANGUAGES {
        let [inbox, sent, drafts, spam, trash, starred, unread, opened, archived, important, tab] = labels;
        let letters = [
            labelled(&[inbox, unread, important, tab], "1"),
            labelled(&[sent, opened], "2"),
            labelled(&[drafts, opened], "3"),
            labelled(&[spam, unread], "4"),
            labelled(&[trash, opened], "5"),
            labelled(&[archived, opened, starred, tab], "6"),
            labelled(&[opened, "Famille"], "7"),
            // Without labels it is one of all letters.
            in_file(&letter("8")),
        ];
        let store = Store::new();
        store.write(&format!("Takeout/{folder}/{name}.mbox"), letters.concat());
        let seen = System::SEEN;
        store.must_give(&[
            ("Archive", "6", seen | System::FLAGGED, ""),
            ("Archive", "8", System::NONE, ""),
            ("Drafts", "3", seen | System::DRAFT, ""),
            ("Famille", "7", seen, ""),
            ("INBOX", "1", System::NONE, "$Important"),
            ("Junk", "4", System::NONE, ""),
            ("Sent", "2", seen, ""),
            ("Trash", "5", seen, ""),
        ]);
    }
}

/// Writes the labels as Takeout does: an encoded word for the whole.
fn labelled(labels: &[&str], subject: &str) -> String {
    let octet = |byte: u8| match byte {
        b' ' => "_".to_owned(),
        b',' | b':' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        other => format!("={other:02X}"),
    };
    let encoded: String = labels.join(",").bytes().map(octet).collect();
    in_file(&format!("X-Gmail-Labels: =?UTF-8?Q?{encoded}?=\n{}", letter(subject)))
}

fn in_file(letter: &str) -> String {
    format!("From 1@xxx Tue Nov 24 12:00:00 +0000 2026\n{letter}\n")
}
