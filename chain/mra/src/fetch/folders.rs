//! Translates the names of folders at the other end to those here.

use bytes::Bytes;
use mailbox::SpecialUse;
use mailbox::folder::usual::{self, Usual};

use crate::folder::SourceFolder;
use crate::imap::Listed;
use crate::settings::Folders;

/// A folder to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The name as the server writes it.
    pub raw_name: Bytes,
    /// The folder here that its letters go to.
    pub place: SourceFolder,
    /// Gmail's folder of all letters: labels tell where each goes.
    pub by_label: bool,
}

/// Chooses the folders to be fetched, INBOX first. `gmail`: the server gives labels.
pub fn choose(listed: &[Listed], wanted: &Folders, gmail: bool) -> Vec<Folder> {
    let prefix = common_prefix(listed);
    let real: Vec<&Listed> = listed.iter().filter(|folder| holds_letters(folder)).collect();
    let all_mail = gmail && matches!(wanted, Folders::All) && real.iter().any(|folder| folder.has("\\All"));
    let mut folders: Vec<Folder> = Vec::new();
    for own in real {
        let place = place(own, prefix);
        let take = match wanted {
            Folders::Named(names) => names.iter().any(|name| is_called(own, &place, name)),
            // All Mail has every letter but those of Spam and Trash.
            Folders::All if all_mail => own.has("\\All") || own.has("\\Junk") || own.has("\\Trash"),
            // These show letters that lie in other folders.
            Folders::All => !own.has("\\All") && !own.has("\\Flagged") && !own.has("\\Important"),
        };
        if take && !folders.iter().any(|folder| folder.raw_name == own.raw_name) {
            let by_label = gmail && own.has("\\All");
            folders.push(Folder { raw_name: own.raw_name.clone(), place, by_label });
        }
    }
    folders.sort_by_key(|folder| !folder.place.is_inbox());
    folders
}

fn holds_letters(folder: &Listed) -> bool {
    !folder.has("\\Noselect") && !folder.has("\\NonExistent")
}

/// A folder may be asked for by its name there or here.
fn is_called(folder: &Listed, place: &SourceFolder, name: &str) -> bool {
    let here = if name.eq_ignore_ascii_case("INBOX") { place.is_inbox() } else { place.folder == name };
    here || readable(&folder.raw_name) == name
}

/// Servers of the Courier kind put everything below INBOX; here it stands beside it. The separator, if that is so.
fn common_prefix(listed: &[Listed]) -> Option<char> {
    let separator = listed.iter().find_map(|folder| folder.delimiter)?;
    let below =
        |folder: &&Listed| is_inbox(&folder.raw_name) || strip_inbox(&readable(&folder.raw_name), separator).is_some();
    let others = listed.iter().filter(|folder| !is_inbox(&folder.raw_name)).count();
    (others > 0 && listed.iter().all(|folder| below(&folder))).then_some(separator)
}

fn is_inbox(raw_name: &[u8]) -> bool {
    raw_name.eq_ignore_ascii_case(b"INBOX")
}

fn strip_inbox(name: &str, separator: char) -> Option<&str> {
    name.get(..5).filter(|start| start.eq_ignore_ascii_case("INBOX"))?;
    name.get(5..)?.strip_prefix(separator)
}

fn place(folder: &Listed, prefix: Option<char>) -> SourceFolder {
    if is_inbox(&folder.raw_name) {
        return SourceFolder::inbox();
    }
    let name = readable(&folder.raw_name);
    let name = prefix.and_then(|separator| strip_inbox(&name, separator)).unwrap_or(&name);
    let special_use = SpecialUse::ALL.into_iter().find(|special| folder.has(special.attribute()));
    SourceFolder { folder: ours(name, folder.delimiter), special_use: special_use.or_else(|| use_by_name(name)) }
}

/// The name as people read it. One that is not in modified UTF-7 is UTF-8 (RFC 9051, RFC 6855), or as near as can be.
pub fn readable(raw_name: &[u8]) -> String {
    mail::mutf7::decode(raw_name).unwrap_or_else(|| String::from_utf8_lossy(raw_name).into_owned())
}

/// A name that can be one here: `/` between the levels, and nothing that a name cannot have.
pub fn ours(name: &str, separator: Option<char>) -> String {
    let parts = name.split(|c| Some(c) == separator).map(|part| {
        let clean = |c: char| match c {
            '/' => '-',
            c if c.is_control() || is_unfit(c) => '_',
            c => c,
        };
        let part: String = part.trim().chars().map(clean).take(200).collect();
        match part.as_str() {
            "" | "." | ".." => "_".to_owned(),
            _ => part,
        }
    });
    // Deeper levels than we have are put together.
    let parts: Vec<String> = parts.collect();
    let (above, below) = parts.split_at(parts.len().min(mailbox::folder::name::DEEPEST - 1));
    let mut name = above.join("/");
    if !below.is_empty() {
        name.push('/');
        name.push_str(&below.join("-"));
    }
    let mut end = name.len().min(mailbox::folder::name::LONGEST);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name.trim_end_matches('/').to_owned()
}

/// Tells whether RFC 5198 keeps the character out of names, as in `mailbox::folder::name`.
fn is_unfit(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Servers without RFC 6154 have folders that everybody knows by their names.
fn use_by_name(name: &str) -> Option<SpecialUse> {
    match usual::folder(name)? {
        Usual::Use(special_use) => Some(special_use),
        Usual::Inbox => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listed(attributes: &str, delimiter: char, name: &'static str) -> Listed {
        let attributes = attributes.split_whitespace().map(str::to_owned).collect();
        Listed { attributes, delimiter: Some(delimiter), raw_name: name.into() }
    }

    fn places(listed: &[Listed], gmail: bool) -> Vec<(String, Option<SpecialUse>)> {
        let chosen = choose(listed, &Folders::All, gmail);
        chosen.into_iter().map(|folder| (folder.place.folder, folder.place.special_use)).collect()
    }

    #[test]
    fn folders_below_inbox_stand_beside_it_here() {
        let courier = [
            listed("", '.', "INBOX.Sent"),
            listed("\\Noselect", '.', "INBOX.Lists"),
            listed("", '.', "INBOX.Lists.rust/lang"),
            listed("", '.', "INBOX"),
        ];
        let here = places(&courier, false);
        let names: Vec<&str> = here.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["INBOX", "Sent", "Lists/rust-lang"]);
        assert_eq!(here[1].1, Some(SpecialUse::Sent));
    }

    #[test]
    fn folders_beside_inbox_keep_their_names_and_uses() {
        let dovecot = [
            listed("\\Sent", '/', "Envoy&AOk-s"),
            listed("", '/', "INBOX/old"),
            listed("\\All", '/', "virtual/All"),
            listed("", '/', "INBOX"),
        ];
        let here = places(&dovecot, false);
        let expected = [("INBOX", None), ("Envoyés", Some(SpecialUse::Sent)), ("INBOX/old", None)];
        assert_eq!(here, expected.map(|(name, special)| (name.to_owned(), special)));
    }

    #[test]
    fn of_gmail_only_three_folders_hold_all_letters() {
        let gmail = [
            listed("", '/', "INBOX"),
            listed("\\Noselect", '/', "[Gmail]"),
            listed("\\All", '/', "[Gmail]/All Mail"),
            listed("\\Junk", '/', "[Gmail]/Spam"),
            listed("\\Trash", '/', "[Gmail]/Trash"),
            listed("\\Flagged", '/', "[Gmail]/Starred"),
            listed("", '/', "Travel"),
        ];
        let chosen = choose(&gmail, &Folders::All, true);
        let by_label: Vec<bool> = chosen.iter().map(|folder| folder.by_label).collect();
        assert_eq!(by_label, [true, false, false]);
        // All Mail can be hidden in Gmail's settings; then the labels are folders.
        let hidden: Vec<Listed> = gmail.iter().filter(|folder| !folder.has("\\All")).cloned().collect();
        assert_eq!(choose(&hidden, &Folders::All, true).len(), 4);
        let one = choose(&gmail, &Folders::Named(vec!["inbox".to_owned(), "Travel".to_owned()]), true);
        assert_eq!(one.len(), 2);
    }

    proptest! {
        #[test]
        fn every_name_becomes_one_that_can_be_a_name_here(name in "\\PC{0,60}|[./\u{0}-\u{20}]{0,90}|(a/){0,80}", separator in prop::option::of(prop_oneof![Just('/'), Just('.')])) {
            prop_assert!(mailbox::folder::name::canonical(&ours(&name, separator)).is_ok());
        }
    }
}
