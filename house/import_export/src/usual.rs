//! The names that other programs and servers give, in many languages, to the folders and labels that every mailbox
//! has.

pub use mailbox::folder::usual::{Usual, folded, folder};

/// Returns true for Gmail's file of all letters, in Google's Takeout: `All mail Including Spam and Trash-002`.
pub fn is_all_mail(name: &str) -> bool {
    let folded = folded(name);
    ALL_MAIL.iter().any(|start| folded.starts_with(start))
}

/// The beginnings of the name that Google gives to the file of all letters.
const ALL_MAIL: &[&str] = &[
    "all mail",
    "tous les messages",
    "alle e-mails",
    "alle nachrichten",
    "todo el correo",
    "todos los correos",
    "tutta la posta",
    "tutti i messaggi",
    "todos os e-mails",
    "todas as mensagens",
    "todo o correio",
    "todo o e-mail",
    "alle e-mail",
    "alle berichten",
    "cała poczta",
    "všechny zprávy",
    "veškerá pošta",
    "alla mejl",
    "all e-post",
    "al mail",
    "alle mails",
    "kaikki viestit",
    "kaikki postit",
    "minden levél",
    "összes levél",
    "toate mesajele",
    "toate e-mailurile",
    "tüm postalar",
    "όλα τα μηνύματα",
    "όλη η αλληλογραφία",
    "вся почта",
    "уся пошта",
    "すべてのメール",
    "所有邮件",
    "所有郵件",
    "全部邮件",
    "전체보관함",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_all_letters_is_known_in_many_languages() {
        assert!(is_all_mail("Todo el correo, incluido Spam y Papelera-002") && !is_all_mail("Mail"));
    }
}
