//! Mailbox (RFC 8621 §2): our folders. A name here is the last part of a folder's; the folder above is the parent.

pub mod changes;
pub mod get;
mod outcome;
pub mod query;
pub mod set;
mod siblings;
mod steps;
mod wish;

use std::collections::HashMap;

use mailbox::folder::{SpecialUse, name as names};
use mailbox::{Folder, FolderId};
use serde_json::{Value, json};

use crate::api::Object;
use crate::id::Id;

/// All properties.
pub const PROPERTIES: [&str; 11] = [
    "id",
    "name",
    "parentId",
    "role",
    "sortOrder",
    "totalEmails",
    "unreadEmails",
    "totalThreads",
    "unreadThreads",
    "myRights",
    "isSubscribed",
];

/// The properties that change when a letter comes, goes or is read.
pub const COUNTERS: [&str; 4] = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"];

/// The roles that a person can give (RFC 8621 §2, by the registry of RFC 8457); INBOX has its own for good.
const ROLES: [(&str, SpecialUse); 5] = [
    ("drafts", SpecialUse::Drafts),
    ("sent", SpecialUse::Sent),
    ("archive", SpecialUse::Archive),
    ("junk", SpecialUse::Junk),
    ("trash", SpecialUse::Trash),
];

/// Returns the use of a role that can be given.
pub fn special_use(role: &str) -> Option<SpecialUse> {
    ROLES.iter().find(|(name, _)| *name == role).map(|(_, special)| *special)
}

/// Returns the role of the folder.
pub fn role(folder: &Folder) -> Option<&'static str> {
    if folder.name == names::INBOX {
        return Some("inbox");
    }
    ROLES.iter().find(|(_, special)| Some(*special) == folder.special_use).map(|(name, _)| *name)
}

/// Returns the role that keeps a folder from being destroyed: received, written, sent and discarded letters need a
/// place, and a client that finds none makes a folder of its own beside those of other clients. A person who wants the
/// folder to go gives the role to another.
pub fn lasting_role(folder: &Folder) -> Option<&'static str> {
    role(folder).filter(|role| ["inbox", "drafts", "sent", "trash"].contains(role))
}

/// Returns the name under its parent.
pub fn own_name(folder: &Folder) -> &str {
    if folder.name == names::INBOX {
        return "Inbox";
    }
    folder.name.rsplit_once(names::SEPARATOR).map_or(folder.name.as_str(), |(_, own)| own)
}

/// The folders of an account, each found directly: there can be ten thousand.
pub struct Tree<'a> {
    by_name: HashMap<&'a str, &'a Folder>,
    by_id: HashMap<FolderId, &'a Folder>,
}

impl<'a> Tree<'a> {
    /// Makes the tree of these folders.
    pub fn new(all: &'a [Folder]) -> Self {
        let by_name = all.iter().map(|folder| (folder.name.as_str(), folder)).collect();
        Self { by_name, by_id: all.iter().map(|folder| (folder.id, folder)).collect() }
    }

    /// Returns the folder of this number.
    pub fn get(&self, id: FolderId) -> Option<&'a Folder> {
        self.by_id.get(&id).copied()
    }

    /// Returns the folder above.
    pub fn above(&self, folder: &Folder) -> Option<&'a Folder> {
        self.by_name.get(names::parent(&folder.name)?).copied()
    }

    /// Returns the number of the folder above.
    pub fn parent(&self, folder: &Folder) -> Option<FolderId> {
        self.above(folder).map(|above| above.id)
    }
}

/// Returns the Mailbox object. `tree` has the folder above, if there is one.
pub fn object(folder: &Folder, tree: &Tree<'_>) -> Object {
    let is_inbox = folder.name == names::INBOX;
    let object = json!({
        "id": folder.id.id(),
        "name": own_name(folder),
        "parentId": tree.parent(folder).map(Id::id),
        "role": role(folder),
        "sortOrder": folder.sort_order,
        "totalEmails": folder.total.saturating_sub(folder.deleted),
        "unreadEmails": folder.unread,
        "totalThreads": folder.threads,
        "unreadThreads": folder.unread_threads,
        "myRights": {
            "mayReadItems": true,
            "mayAddItems": true,
            "mayRemoveItems": true,
            "maySetSeen": true,
            "maySetKeywords": true,
            "mayCreateChild": true,
            "mayRename": !is_inbox,
            "mayDelete": lasting_role(folder).is_none(),
            "maySubmit": true,
        },
        "isSubscribed": folder.subscribed,
    });
    match object {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
