//! Translates flags and labels at the other end to those here.

use bytes::Bytes;
use mailbox::{Keywords, SpecialUse, System};

use super::folders::{ours, readable};
use crate::folder::SourceFolder;

/// Keywords of one letter, at most.
const MOST: usize = 50;

/// Splits flags into those of the system and keywords that can be some here.
pub fn split(flags: &[String]) -> (System, Vec<String>) {
    let mut system = System::NONE;
    let mut keywords = Vec::new();
    for flag in flags {
        let known = System::NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(flag));
        match known {
            Some((bit, _)) => system |= *bit,
            None if flag.starts_with('\\') => {}
            None => keywords.extend(keyword(flag)),
        }
    }
    keywords.truncate(MOST);
    (system, keywords)
}

/// Returns the folder of a letter of Gmail's, its flags, and the labels that become keywords: a letter lies in one
/// folder here. A draft is a draft; else INBOX wins, then Sent, then the first label by the alphabet; a letter
/// without any label was archived.
pub fn by_labels(labels: &[Bytes]) -> (SourceFolder, System, Vec<String>) {
    let has = |name: &str| labels.iter().any(|label| label.eq_ignore_ascii_case(name.as_bytes()));
    let mut own: Vec<String> =
        labels.iter().filter(|label| !label.starts_with(b"\\")).map(|label| readable(label)).collect();
    own.sort_by_key(|label| (label.to_lowercase(), label.clone()));
    own.dedup();
    let used = |folder: &str, special_use| SourceFolder { folder: folder.to_owned(), special_use: Some(special_use) };
    let mut keywords_from = own.as_slice();
    let place = if has("\\Draft") || has("\\Drafts") {
        used("Drafts", SpecialUse::Drafts)
    } else if has("\\Inbox") {
        SourceFolder::inbox()
    } else if has("\\Sent") {
        used("Sent", SpecialUse::Sent)
    } else if let Some((first, others)) = own.split_first() {
        keywords_from = others;
        SourceFolder { folder: ours(first, Some('/')), special_use: None }
    } else {
        used("Archive", SpecialUse::Archive)
    };
    let mut keywords: Vec<String> = keywords_from.iter().filter_map(|label| keyword(label)).collect();
    if has("\\Important") {
        // RFC 8457 §3
        keywords.push("$Important".to_owned());
    }
    keywords.truncate(MOST);
    let system = if has("\\Starred") { System::FLAGGED } else { System::NONE };
    (place, system, keywords)
}

/// Returns the text as a keyword, which every client can read (RFC 9051 §9, atom): a character that an atom cannot
/// have becomes `_`.
fn keyword(text: &str) -> Option<String> {
    let fit = |c: char| c.is_ascii_graphic() && !matches!(c, '(' | ')' | '{' | '%' | '*' | '"' | '\\' | ']');
    let name: String = text.chars().map(|c| if fit(c) || c.is_alphanumeric() { c } else { '_' }).collect();
    // Clients that cannot read beyond ASCII see modified UTF-7, as with folders.
    let name = if name.is_ascii() { name } else { mail::mutf7::encode(&name) };
    let empty = name.chars().all(|c| c == '_');
    (!empty && name.len() <= Keywords::LONGEST).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&'static str]) -> Vec<Bytes> {
        names.iter().map(|name| Bytes::from_static(name.as_bytes())).collect()
    }

    #[test]
    fn flags_are_kept_but_for_those_of_no_meaning_here() {
        let flags = ["\\seen", "\\Deleted", "\\Recent", "$Forwarded", "a b", "\\Answered"].map(str::to_owned);
        let (system, keywords) = split(&flags);
        assert_eq!(system, System::SEEN | System::ANSWERED | System::DELETED);
        assert_eq!(keywords, ["$Forwarded", "a_b"]);
    }

    #[test]
    fn a_letter_with_many_labels_lies_in_one_folder() {
        let folder = |names: &[&'static str]| by_labels(&labels(names)).0.folder;
        assert_eq!(folder(&["\\Inbox", "\\Sent", "Travel"]), "INBOX");
        assert_eq!(folder(&["Travel", "\\Sent"]), "Sent");
        assert_eq!(folder(&["work/b", "Travel/2026", "\\Important"]), "Travel/2026");
        assert_eq!(folder(&[]), "Archive");
        assert_eq!(folder(&["\\Draft", "\\Inbox"]), "Drafts");
    }

    #[test]
    fn the_other_labels_become_keywords() {
        let (_, system, keywords) =
            by_labels(&labels(&["\\Inbox", "\\Starred", "\\Important", "To do", "&AMk-t&AOk-"]));
        assert_eq!(system, System::FLAGGED);
        assert_eq!(keywords, ["To_do", "&AMk-t&AOk-", "$Important"]);
        let (_, _, keywords) = by_labels(&labels(&["b", "a", "c"]));
        assert_eq!(keywords, ["b", "c"]);
    }
}
