//! Proton's export: `NAME.eml` beside `NAME.metadata.json`, which says its labels and flags, and `labels.json`, which says
//! what the labels are called.

use std::collections::HashMap;

use mail::{Timestamp, mutf7};
use mailbox::{SpecialUse, System};
use serde::Deserialize;

use crate::state::FORWARDED;
use crate::told::Told;

/// The list of labels in a directory.
pub const LABELS: &str = "labels.json";
/// The ending of the names of files that describe a letter.
pub const METADATA: &str = ".metadata.json";
/// The size of the largest such file that is read.
pub const LARGEST_METADATA: u64 = 1 << 20;

/// The content of a file that describes a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    labels: Vec<Box<str>>,
    told: Told,
}

#[derive(Deserialize)]
struct Wrapped<T> {
    #[serde(rename = "Payload")]
    payload: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Described {
    #[serde(rename = "LabelIDs")]
    label_ids: Vec<Box<str>>,
    time: i64,
    unread: Bit,
    is_replied: Bit,
    is_replied_all: Bit,
    is_forwarded: Bit,
}

/// Written as a number or as a word, by version.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(from = "Either")]
struct Bit(bool);

#[derive(Deserialize)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Word(bool),
}

impl From<Either> for Bit {
    fn from(either: Either) -> Self {
        match either {
            Either::Number(number) => Self(number != 0),
            Either::Word(word) => Self(word),
        }
    }
}

/// A file has its content in an envelope with a version, or as it is.
fn payload<T: for<'de> Deserialize<'de>>(text: &[u8]) -> Option<T> {
    let wrapped = serde_json::from_slice::<Wrapped<T>>(text).map(|wrapped| wrapped.payload);
    wrapped.or_else(|_| serde_json::from_slice(text)).ok()
}

impl Metadata {
    /// Reads one; `None` if it is none.
    pub fn read(text: &[u8]) -> Option<Self> {
        // A list would be read as a description that says nothing.
        let described: Described = payload(text).filter(|_| text.trim_ascii_start().starts_with(b"{"))?;
        let flags = [
            (!described.unread.0, System::SEEN),
            (described.is_replied.0 || described.is_replied_all.0, System::ANSWERED),
            (described.label_ids.iter().any(|id| &**id == STARRED), System::FLAGGED),
        ];
        let system = flags.iter().filter(|(set, _)| *set).fold(System::NONE, |all, (_, flag)| all | *flag);
        let keywords = if described.is_forwarded.0 { vec![FORWARDED.to_owned()] } else { Vec::new() };
        let received = Some(described.time).filter(|time| *time > 0).map(Timestamp::from_seconds);
        Some(Self { labels: described.label_ids, told: Told { system, keywords, received, also: Vec::new() } })
    }
}

/// Labels that every mailbox there has, by their numbers. Others (all mail, all sent, all drafts) have no folder of theirs.
const STARRED: &str = "10";
const FOLDERS: [(&str, TargetFolder); 7] = [
    ("3", TargetFolder::Use(SpecialUse::Trash)),
    ("4", TargetFolder::Use(SpecialUse::Junk)),
    ("8", TargetFolder::Use(SpecialUse::Drafts)),
    ("0", TargetFolder::Inbox),
    ("7", TargetFolder::Use(SpecialUse::Sent)),
    ("6", TargetFolder::Use(SpecialUse::Archive)),
    ("2", TargetFolder::Use(SpecialUse::Sent)),
];

/// The folder that a letter goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetFolder {
    /// INBOX
    Inbox,
    /// The folder for a use.
    Use(SpecialUse),
    /// A folder of the person's own.
    Folder(String),
}

/// The labels of an export.
#[derive(Clone, Debug, Default)]
pub struct Labels(HashMap<Box<str>, Label>);

#[derive(Clone, Debug)]
struct Label {
    path: String,
    is_folder: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(rename = "ID")]
    id: Box<str>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    path: Path,
    #[serde(default)]
    r#type: i64,
}

/// Written in one piece or level by level, by version.
#[derive(Deserialize)]
#[serde(untagged)]
enum Path {
    Whole(String),
    Levels(Vec<String>),
}

impl Default for Path {
    fn default() -> Self {
        Self::Whole(String::new())
    }
}

/// The most labels of one letter.
const MOST: usize = 100;

/// `Type` of a folder; 1 is a label.
const FOLDER: i64 = 3;

impl Labels {
    /// Reads `labels.json`; nothing if it is none.
    pub fn read(text: &[u8]) -> Self {
        let listed: Vec<Listed> = payload(text).unwrap_or_default();
        let label = |listed: Listed| {
            let path = match listed.path {
                Path::Whole(path) => path,
                Path::Levels(levels) => levels.join("/"),
            };
            let path = if path.is_empty() { listed.name } else { path };
            (listed.id, Label { path, is_folder: listed.r#type == FOLDER })
        };
        Self(listed.into_iter().map(label).collect())
    }

    /// Decides which folders a letter lies in, the one that Proton has it in first and then its labels, and which flags it
    /// has. A letter without any folder goes to the archive. One that was thrown away, or is junk, lies nowhere else; its
    /// labels stay with it as keywords.
    pub fn sort(&self, metadata: &Metadata) -> (Vec<TargetFolder>, Told) {
        let has = |id: &str| metadata.labels.iter().any(|label| &**label == id);
        let own = || metadata.labels.iter().filter_map(|id| self.0.get(id));
        let folder = own().find(|label| label.is_folder && !label.path.is_empty());
        let place = match folder {
            Some(folder) => TargetFolder::Folder(folder.path.clone()),
            None => {
                let known = FOLDERS.iter().find(|(id, _)| has(id)).map(|(_, place)| place.clone());
                known.unwrap_or(TargetFolder::Use(SpecialUse::Archive))
            }
        };
        let mut told = metadata.told.clone();
        if place == TargetFolder::Use(SpecialUse::Drafts) {
            told.system |= System::DRAFT;
        }
        let is_own = |id: &str| !id.bytes().all(|byte| byte.is_ascii_digit());
        let labels = metadata.labels.iter().filter(|id| is_own(id)).filter_map(|id| self.0.get(id));
        let labels = labels.filter(|label| !label.is_folder && !label.path.is_empty());
        let mut places = vec![place];
        if matches!(places[..], [TargetFolder::Use(SpecialUse::Trash | SpecialUse::Junk)]) {
            told.keywords.extend(labels.filter_map(|label| keyword(&label.path)));
        } else {
            places.extend(labels.take(MOST).map(|label| TargetFolder::Folder(label.path.clone())));
        }
        (places, told)
    }
}

/// A label as a keyword, which is an atom of IMAP: in modified UTF-7, `_` for what atoms cannot have.
pub fn keyword(label: &str) -> Option<String> {
    let atom = |c: char| if c.is_ascii_graphic() && !"(){%*\"\\]".contains(c) { c } else { '_' };
    let keyword: String = mutf7::encode(label).chars().map(atom).collect();
    (!keyword.is_empty() && keyword.len() <= mailbox::Keywords::LONGEST).then_some(keyword)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS_JSON: &[u8] = br#"{"Version":1,"Payload":[
        {"ID":"0","Name":"Inbox","Path":"Inbox","Type":4},
        {"ID":"fold==","Name":"Clients","Path":["Travail","Clients"],"Type":3},
        {"ID":"lab==","Name":"A faire","Path":"A faire","Type":1}]}"#;

    fn sorted(metadata: &str) -> (Vec<TargetFolder>, Told) {
        let metadata = Metadata::read(metadata.as_bytes()).expect("metadata");
        Labels::read(LABELS_JSON).sort(&metadata)
    }

    #[test]
    fn a_letter_lies_in_its_folder_and_under_its_labels() {
        let (places, told) = sorted(
            r#"{"Version":1,"Payload":{"ID":"x","LabelIDs":["5","10","fold==","lab=="],"Time":1795501377,"Unread":0,"IsReplied":1,"IsForwarded":1}}"#,
        );
        assert_eq!(places, ["Travail/Clients", "A faire"].map(|name| TargetFolder::Folder(name.into())));
        assert_eq!(told.system, System::SEEN | System::ANSWERED | System::FLAGGED);
        assert_eq!(told.keywords, [FORWARDED]);
        assert_eq!(told.received, Some(Timestamp::from_seconds(1_795_501_377)));
    }

    #[test]
    fn the_folders_that_all_have_are_known_by_their_numbers() {
        let at = |labels: &str| sorted(&format!(r#"{{"Payload":{{"LabelIDs":[{labels}],"Unread":true}}}}"#));
        assert_eq!(at(r#""5","15","0""#).0, [TargetFolder::Inbox]);
        assert_eq!(at(r#""5","7","2""#).0, [TargetFolder::Use(SpecialUse::Sent)]);
        let (places, told) = at(r#""5","3","lab==""#);
        assert_eq!(places, [TargetFolder::Use(SpecialUse::Trash)]);
        assert_eq!(told.keywords, ["A_faire"]);
        assert_eq!(
            at(r#""1","8""#),
            (vec![TargetFolder::Use(SpecialUse::Drafts)], Told { system: System::DRAFT, ..Told::default() })
        );
        assert_eq!(at(r#""5""#).0, [TargetFolder::Use(SpecialUse::Archive)]);
        assert_eq!(Metadata::read(b"[]"), None);
        assert!(Labels::read(b"nothing").0.is_empty());
    }
}
