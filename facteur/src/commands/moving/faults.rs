//! Says why something was passed over, and how a person can mend it.

use import_export::{Beside, Fault, Foreign};

use super::super::size;
use crate::language::{say, system_words};

/// Says why a letter or a file was passed over.
pub fn fault(fault: &Fault) -> String {
    match fault {
        Fault::NoLetter => {
            say!("this is no letter: it has no header", "ce n'est pas une lettre : il n'y a pas d'en-tête")
        }
        Fault::TooLarge(octets) => {
            let (octets, most) = (size::show(*octets), size::show(Fault::LARGEST));
            say!("it is too large: {octets}, and {most} is the most", "trop grand : {octets}, au plus {most}")
        }
        Fault::Unreadable(why) => match system_words(why) {
            Some(why) => say!("it cannot be read: {why}", "lecture impossible : {why}"),
            None => say!("it cannot be read: {why}", "lecture impossible ({why})"),
        },
        Fault::Bomb => say!(
            "it unpacks to far more than letters do; it was left alone",
            "son contenu décompressé dépasse de loin celui de lettres ; il a été laissé"
        ),
        Fault::Refused(why) => say!("the mailbox does not take it: {why}", "la boîte ne la prend pas : {why}"),
        Fault::Foreign(foreign) => other_form(*foreign),
        Fault::Encrypted => say!(
            "it is encrypted; unpack the archive with its password, then import the folder",
            "chiffré ; décompressez l'archive avec son mot de passe, puis importez le dossier"
        ),
        Fault::Short => say!(
            "it is shorter than it says, so that a part is missing; export it once more from the program it comes from",
            "plus court qu'il ne le dit, une partie manque donc ; exportez-le à nouveau du programme dont il vient"
        ),
        other => of_place(other),
    }
}

/// Says what lies at a place where no letter is looked for.
fn of_place(fault: &Fault) -> String {
    match fault {
        Fault::Link => say!(
            "it is a link, which is not followed; import what it leads to",
            "c'est un lien, qui n'est pas suivi ; importez ce à quoi il mène"
        ),
        Fault::Special => say!("it is neither a file nor a folder", "ce n'est ni un fichier ni un dossier"),
        Fault::Deep => {
            say!("it lies too deep; import this folder by itself", "trop profond ; importez ce dossier à part")
        }
        Fault::Unfinished => say!(
            "its delivery was never finished, or it is hidden; if it is a letter, import the file by itself",
            "sa remise n'a jamais été achevée, ou il est caché ; si c'est une lettre, importez le fichier à part"
        ),
        Fault::Apart => say!(
            "an attachment that Apple Mail keeps beside its letter; to have both in one, export the mailbox in Apple Mail (Mailbox > Export)",
            "une pièce jointe qu'Apple Mail garde à côté de sa lettre ; pour les réunir, exportez la boîte dans Apple Mail (Boîte aux lettres > Exporter)"
        ),
        Fault::Orphan => say!(
            "it describes a letter that is not there; export once more",
            "il décrit une lettre qui n'est pas là ; exportez à nouveau"
        ),
        Fault::Unasked => say!(
            "it lies in no Maildir, and only Maildirs were asked for; import it without --format",
            "il n'est dans aucun Maildir, et seuls des Maildirs sont demandés ; importez-le sans --format"
        ),
        _ => say!("it was passed over", "laissé de côté"),
    }
}

/// Says how a person gets letters out of a form that is not read here.
fn other_form(foreign: Foreign) -> String {
    match foreign {
        Foreign::Pst => say!(
            "a store of Outlook; run readpst -r -o FOLDER FILE (of pst-utils), then import FOLDER",
            "un fichier d'Outlook ; lancez readpst -r -o DOSSIER FICHIER (de pst-utils), puis importez DOSSIER"
        ),
        Foreign::Msg => say!(
            "a letter of Outlook's own; save it as .eml with msgconvert (of libemail-outlook-message-perl) or Thunderbird, then import that",
            "une lettre propre à Outlook ; enregistrez-la en .eml avec msgconvert (de libemail-outlook-message-perl) ou Thunderbird, puis importez cela"
        ),
        Foreign::Olm => say!(
            "an archive of Outlook for Mac; drag the folders from Outlook to the desktop, which makes .mbox files, then import those",
            "une archive d'Outlook pour Mac ; faites glisser les dossiers d'Outlook sur le bureau, ce qui donne des fichiers .mbox, puis importez ceux-ci"
        ),
        Foreign::Mbx => say!(
            "a mailbox in the mbx form of UW IMAP; run mailutil copy FILE '#driver.unix/NEW' (of uw-mailutils), then import NEW",
            "une boîte au format mbx d'UW IMAP ; lancez mailutil copy FICHIER '#driver.unix/NOUVEAU' (d'uw-mailutils), puis importez NOUVEAU"
        ),
        Foreign::Dbx => say!(
            "a folder of Outlook Express; run undbx FILE FOLDER, then import FOLDER",
            "un dossier d'Outlook Express ; lancez undbx FICHIER DOSSIER, puis importez DOSSIER"
        ),
        Foreign::Nsf => say!(
            "a database of Notes; in Notes, drag the letters out as .eml, or fetch them over IMAP with facteur fetch",
            "une base de Notes ; dans Notes, faites glisser les lettres dehors en .eml, ou relevez-les en IMAP avec facteur fetch"
        ),
        Foreign::Tnef => say!(
            "an attachment in Outlook's wrapping; run tnef FILE to unwrap it; it is no letter",
            "une pièce jointe emballée par Outlook ; lancez tnef FICHIER pour la déballer ; ce n'est pas une lettre"
        ),
        _ => say!(
            "an archive that is not unpacked here; unpack it, then import the folder",
            "une archive qui n'est pas décompressée ici ; décompressez-la, puis importez le dossier"
        ),
    }
}

/// Names the kind of a file that is no letter.
pub fn beside(kind: Beside) -> String {
    match kind {
        Beside::Index => say!("indexes and lists", "index et listes"),
        Beside::Settings => say!("settings", "réglages"),
        Beside::System => say!("files of the system", "fichiers du système"),
        Beside::Contacts => say!("contacts", "contacts"),
        Beside::Calendar => say!("calendars", "agendas"),
        Beside::Empty => say!("empty files", "fichiers vides"),
        Beside::Deleted => say!("deleted where they come from", "effacées là d'où elles viennent"),
        _ => say!("others", "autres"),
    }
}
