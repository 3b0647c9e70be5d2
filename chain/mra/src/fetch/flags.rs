//! Translates flags and labels at the other end to those here.

use std::collections::HashSet;

use bytes::Bytes;
use mailbox::{Keywords, SpecialUse, System};

use super::folders::{ours, readable};
use crate::folder::SourceFolder;

/// Keywords of one letter, and folders that its labels make, at most.
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

/// The meaning of the labels of a letter of Gmail's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The folders that it lies in, one at least.
    pub places: Vec<SourceFolder>,
    /// The flags that labels say.
    pub system: System,
    /// The keywords that labels say.
    pub keywords: Vec<String>,
}

/// Sorts a letter by its labels: those of the system are the folders for their uses, or flags; each of the person's own is
/// a folder. A letter without any was archived. One that was thrown away, or is junk, lies nowhere else.
pub fn by_labels(labels: &[Bytes]) -> Labelled {
    let has = |name: &str| labels.iter().any(|label| label.eq_ignore_ascii_case(name.as_bytes()));
    let own = own_labels(labels);
    let (folders, rest) = own.split_at(own.len().min(MOST));
    let mut keywords: Vec<String> = rest.iter().filter_map(|label| keyword(label)).collect();
    if has("\\Important") {
        // RFC 8457 §3
        keywords.insert(0, "$Important".to_owned());
    }
    keywords.truncate(MOST);
    let used = |special_use| SourceFolder { folder: usual_name(special_use), special_use: Some(special_use) };
    let special = [
        (has("\\Draft") || has("\\Drafts"), used(SpecialUse::Drafts)),
        (has("\\Inbox"), SourceFolder::inbox()),
        (has("\\Sent"), used(SpecialUse::Sent)),
    ];
    let apart = [(has("\\Trash"), used(SpecialUse::Trash)), (has("\\Junk") || has("\\Spam"), used(SpecialUse::Junk))];
    let mut places: Vec<SourceFolder> =
        apart.into_iter().find(|(set, _)| *set).map(|(_, place)| place).into_iter().collect();
    if places.is_empty() {
        places.extend(special.into_iter().filter(|(set, _)| *set).map(|(_, place)| place));
        places.extend(folders.iter().map(|label| SourceFolder { folder: ours(label, Some('/')), special_use: None }));
    }
    if places.is_empty() {
        places.push(used(SpecialUse::Archive));
    }
    // Two labels may have one name here.
    let mut met = HashSet::new();
    places.retain(|place| met.insert(place.clone()));
    let system = if has("\\Starred") { System::FLAGGED } else { System::NONE };
    Labelled { places, system, keywords }
}

/// The labels that the person has made, by the alphabet.
fn own_labels(labels: &[Bytes]) -> Vec<String> {
    let own = labels.iter().filter(|label| !label.starts_with(b"\\"));
    let mut own: Vec<String> = own.map(|label| readable(label)).collect();
    own.sort_by_cached_key(|label| (label.to_lowercase(), label.clone()));
    own.dedup();
    own
}

/// `Sent` for `\Sent`.
fn usual_name(special_use: SpecialUse) -> String {
    special_use.attribute().trim_start_matches('\\').to_owned()
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
    fn a_letter_lies_in_the_folder_of_each_of_its_labels() {
        let folders = |names: &[&'static str]| {
            by_labels(&labels(names)).places.into_iter().map(|place| place.folder).collect::<Vec<_>>()
        };
        assert_eq!(folders(&["\\Inbox", "\\Sent", "Travel"]), ["INBOX", "Sent", "Travel"]);
        assert_eq!(folders(&["work/b", "Travel/2026", "\\Important"]), ["Travel/2026", "work/b"]);
        assert_eq!(folders(&["&AMk-t&AOk-", "To do"]), ["To do", "Été"]);
        assert_eq!(folders(&[]), ["Archive"]);
        assert_eq!(folders(&["\\Draft", "\\Inbox"]), ["Drafts", "INBOX"]);
        assert_eq!(folders(&["\\Trash", "\\Inbox", "Travel"]), ["Trash"]);
        assert_eq!(folders(&["\u{1}", "\u{2}"]), ["_"], "labels that have one name here are one folder");
    }

    #[test]
    fn labels_of_the_system_are_flags_where_they_are_no_folders() {
        let Labelled { system, keywords, .. } = by_labels(&labels(&["\\Inbox", "\\Starred", "\\Important", "To do"]));
        assert_eq!(system, System::FLAGGED);
        assert_eq!(keywords, ["$Important"]);
    }

    #[test]
    fn thousands_of_labels_make_no_thousands_of_folders() {
        let many: Vec<Bytes> = (0..5000).map(|number| Bytes::from(format!("l{number}"))).collect();
        let Labelled { places, keywords, .. } = by_labels(&many);
        assert_eq!((places.len(), keywords.len()), (MOST, MOST));
    }
}
