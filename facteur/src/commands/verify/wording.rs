//! Faults in people's words.

use mailbox::ThreadId;
use mailbox::verify::{Fault, Finding, Seen};

use super::Told;
use crate::language::say;

/// A line for a person.
pub fn line(told: &Told, mended: bool) -> String {
    let mut text = told.says.clone();
    if let Some(account) = &told.account {
        text = say!("{account}: {text}", "{account} : {text}");
    }
    if let Some(letter) = told.letter {
        let folder = told.folder.as_deref().unwrap_or("?");
        let subject = told.subject.as_deref().unwrap_or_default();
        text +=
            &say!(" (letter {letter} in {folder}, \"{subject}\")", " (lettre {letter} dans {folder}, « {subject} »)");
    }
    if mended {
        text += &say!("; mended", " ; réparé");
    }
    text + "\n"
}

/// A fault of the mailboxes.
pub fn mailbox(finding: &Finding, account: Option<String>) -> Told {
    let (fault, says) = fault(&finding.fault);
    let seen = finding.letter.clone();
    let (letter, folder, subject) = match seen {
        Some(Seen { letter, folder, subject, .. }) => (Some(letter), folder, Some(subject)),
        None => (None, None, None),
    };
    Told { fault, says, account, letter, folder, subject }
}

#[rustfmt::skip]
fn fault(fault: &Fault) -> (&'static str, String) {
    match fault {
        Fault::Table { table, says } => ("table", say!(
            "the table {table} of the database is damaged: {says}",
            "la table {table} de la base est endommagée : {says}")),
        Fault::Body { why, .. } => ("body", say!(
            "the body of a letter is damaged or missing: {why}",
            "le corps d'une lettre est endommagé ou manque : {why}")),
        Fault::References { blob, kept, found } => ("references", say!(
            "{blob} is referred to {found} times, and {kept} were counted",
            "{blob} : {found} références, et {kept} étaient comptées")),
        Fault::Card(column) => ("summary", say!(
            "what is kept of a letter beside its body is not what the body says ({column})",
            "ce qui est conservé d'une lettre à côté de son corps n'est pas ce que dit le corps ({column})")),
        Fault::NoFolder => ("no-folder", say!(
            "a letter lies in no folder",
            "une lettre n'est dans aucun dossier")),
        Fault::NoLetter(_, uid) => ("no-letter", say!(
            "at UID {uid} of a folder there is no letter",
            "à l'UID {uid} d'un dossier il n'y a pas de lettre")),
        Fault::Place(what) => ("place", say!(
            "a letter and its place in a folder do not agree ({what})",
            "une lettre et sa place dans un dossier ne concordent pas ({what})")),
        Fault::Places(what) => ("places", say!(
            "the places of a letter in its folders do not agree ({what})",
            "les places d'une lettre dans ses dossiers ne concordent pas ({what})")),
        Fault::Conversation(ThreadId(thread)) => ("conversation", say!(
            "the letters of the conversation {thread} are counted wrong",
            "les lettres de la conversation {thread} sont mal comptées")),
        Fault::LooseIds(ThreadId(thread)) => ("loose-ids", say!(
            "message ids or subjects lead to the conversation {thread}, which has no letter",
            "des identifiants ou des objets mènent à la conversation {thread}, qui n'a pas de lettre")),
        Fault::Counter { name, folder: Some(folder), kept, found } => ("counter", say!(
            "the counter {name} of the folder {folder} says {kept}, and it is {found}",
            "le compteur {name} du dossier {folder} dit {kept}, et c'est {found}")),
        Fault::Counter { name, folder: None, kept, found } => ("counter", say!(
            "the counter {name} says {kept}, and it is {found}",
            "le compteur {name} dit {kept}, et c'est {found}")),
        Fault::Checkpoint(folder) => ("checkpoint", say!(
            "the checkpoint of the folder {folder} is wrong",
            "le point de reprise du dossier {folder} est faux")),
        Fault::NotIndexed => ("not-indexed", say!(
            "a letter is missing from the full-text index",
            "une lettre manque dans l'index du texte")),
        Fault::IndexedInVain(letter) => ("indexed-in-vain", say!(
            "the full-text index knows the letter {letter}, which there is not",
            "l'index du texte connaît la lettre {letter}, qui n'existe pas")),
    }
}

/// A fault of the queue.
#[rustfmt::skip]
pub fn queue(found: &mta::queue::Fault) -> Told {
    use mta::queue::FaultKind;
    let (fault, says) = match &found.kind {
        FaultKind::NoBody(letter) => ("queue-body", say!(
            "the body of the letter {letter} in the queue is missing",
            "le corps de la lettre {letter} de la file manque")),
        FaultKind::NoRecipient(letter) => ("queue-recipient", say!(
            "the letter {letter} in the queue goes to nobody",
            "la lettre {letter} de la file ne va à personne")),
        FaultKind::NoLetter(address) => ("queue-letter", say!(
            "{address} waits in the queue for a letter that there is not",
            "{address} attend dans la file une lettre qui n'existe pas")),
        FaultKind::Forgotten(domain) => ("queue-domain", say!(
            "letters to {domain} wait in the queue, and nothing would look at them",
            "des lettres pour {domain} attendent dans la file, et rien ne s'en occuperait")),
    };
    Told { fault, says, account: None, letter: None, folder: None, subject: None }
}

/// A fault of the trace.
#[rustfmt::skip]
pub fn trace(found: &::trace::Fault) -> Told {
    let letter = found.letter;
    let (fault, says) = match found.kind {
        ::trace::FaultKind::Damaged => ("trace-row", say!(
            "a step of the way of the letter {letter} cannot be read",
            "une étape du chemin de la lettre {letter} est illisible")),
        ::trace::FaultKind::NotFound => ("trace-key", say!(
            "a step of the way of the letter {letter} is not found when it is looked for",
            "une étape du chemin de la lettre {letter} ne se trouve pas quand on la cherche")),
    };
    Told { fault, says, account: None, letter: None, folder: None, subject: None }
}
