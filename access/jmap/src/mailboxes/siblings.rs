//! Names that nobody can tell apart: a client makes no `archive` beside `Archive`.
//!
//! RFC 8621 §2 forbids the same name twice under one parent, and this server has one name for each folder anyway.
//! People do not read names as computers do, however: they file into the one and look into the other. So nobody can
//! *make* or rename a mailbox here to a name that differs from a sibling's in case, width or normal form only. IMAP,
//! fetching and importing bring folders as they are elsewhere, and keep such names apart.

use std::collections::HashMap;

use mailbox::parse::decode::fold;
use mailbox::{Folder, FolderId};
use serde_json::json;

use super::{Tree, own_name};
use crate::api::SetError;
use crate::id::Id;

/// The parent, and the name as a person reads it.
type Key = (Option<FolderId>, String);

/// The mailboxes of an account, by their names as a person reads them.
pub struct Siblings(HashMap<Key, Vec<FolderId>>);

impl Siblings {
    /// Collects these folders.
    pub fn of(all: &[Folder]) -> Self {
        let tree = Tree::new(all);
        let mut siblings = Self::none();
        all.iter().for_each(|folder| siblings.add(folder.id, tree.parent(folder), own_name(folder)));
        siblings
    }

    /// Makes an empty collection.
    pub fn none() -> Self {
        Self(HashMap::new())
    }

    /// Adds a mailbox.
    pub fn add(&mut self, id: FolderId, parent: Option<FolderId>, name: &str) {
        self.0.entry(key(parent, name)).or_default().push(id);
    }

    /// Removes a mailbox.
    pub fn remove(&mut self, id: FolderId, parent: Option<FolderId>, name: &str) {
        if let Some(alike) = self.0.get_mut(&key(parent, name)) {
            alike.retain(|other| *other != id);
        }
    }

    /// Returns another mailbox than `id` under the parent whose name reads like this one.
    pub fn alike(&self, id: Option<FolderId>, parent: Option<FolderId>, name: &str) -> Option<FolderId> {
        self.0.get(&key(parent, name))?.iter().copied().find(|other| Some(*other) != id)
    }
}

/// Returns the error for a mailbox that cannot be made or renamed because `other` has its name.
pub fn taken(other: &Folder) -> SetError {
    let why = format!("there is a mailbox called {:?} here already", own_name(other));
    SetError::new("alreadyExists").because(why).with("existingId", other.id.id()).with("properties", json!(["name"]))
}

fn key(parent: Option<FolderId>, name: &str) -> Key {
    (parent, fold(name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_width_or_normal_form_read_alike() {
        for (one, other) in [
            ("Archive", "ARCHIVE"),
            ("Archive", "Ａｒｃｈｉｖｅ"),
            ("Élèves", "e\u{301}le\u{300}ves"),
            ("Straße", "STRASSE"),
            ("ﬁles", "Files"),
            ("Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
            ("Archive", "\u{a0}archive "),
            ("ｱｰｶｲﾌﾞ", "アーカイブ"),
        ] {
            assert_eq!(key(None, one), key(None, other), "{one} {other}");
        }
        for (one, other) in [("Archive", "Archives"), ("Ete", "Été"), ("a b", "ab"), ("1", "2")] {
            assert_ne!(key(None, one), key(None, other), "{one} {other}");
        }
    }
}
