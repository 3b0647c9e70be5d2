//! The letters that a search names by the ids of letters and conversations (RFC 8474 §6).

use std::collections::HashMap;
use std::ops::ControlFlow;

use mailbox::{Access, Error, FolderId, LetterKey, ThreadId, UidRange, Uids, Want};
use store::{Store, View};

use crate::codec::command::SearchKey;
use crate::codec::object_id;

/// The ids that search keys name.
#[derive(Debug, Default)]
pub struct Named {
    letters: Vec<LetterKey>,
    threads: Vec<ThreadId>,
}

/// The letters of a folder that have the ids.
#[derive(Debug, Default)]
pub struct Objects {
    letters: HashMap<LetterKey, Uids>,
    threads: HashMap<ThreadId, Uids>,
}

impl Named {
    /// Returns the ids that the keys name, however deep.
    pub fn by(keys: &[SearchKey]) -> Self {
        let mut named = Self::default();
        keys.iter().for_each(|key| named.add(key));
        named
    }

    fn add(&mut self, key: &SearchKey) {
        match key {
            SearchKey::EmailId(id) => self.letters.extend(object_id::letter(id)),
            SearchKey::ThreadId(id) => self.threads.extend(object_id::thread(id)),
            SearchKey::And(keys) | SearchKey::Or(keys) => keys.iter().for_each(|key| self.add(key)),
            SearchKey::Not(key) => self.add(key),
            _ => {}
        }
    }

    /// Returns true if the keys name no id that an object can have.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty() && self.threads.is_empty()
    }

    /// Finds the letters in the folder.
    pub async fn find(self, store: &Store, access: Access, folder: FolderId) -> Result<Objects, Error> {
        store.scan_for(access.asker(), move |view| self.look(view, access, folder)).await
    }

    fn look(&self, view: &View, access: Access, folder: FolderId) -> Result<Objects, Error> {
        let mut objects = Objects::default();
        for letter in &self.letters {
            view.check()?;
            let here =
                mailbox::letter::places(view, access, *letter)?.into_iter().filter(|place| place.folder == folder);
            objects.letters.insert(*letter, here.map(|place| place.uid).collect());
        }
        if self.threads.is_empty() {
            return Ok(objects);
        }
        objects.threads = self.threads.iter().map(|thread| (*thread, Uids::new())).collect();
        // The letters of a conversation in a folder are found in one walk through its rows, as those with a flag are.
        mailbox::fetch::each(view, access, folder, &[UidRange::ALL], Want::ROW, |row| {
            if let Some(uids) = objects.threads.get_mut(&row.thread) {
                uids.insert(row.uid);
            }
            ControlFlow::Continue(())
        })?;
        Ok(objects)
    }
}

impl Objects {
    /// Returns the letter of the id: none if it does not lie here.
    pub fn of_letter(&self, id: &str) -> Uids {
        object_id::letter(id).and_then(|letter| self.letters.get(&letter)).cloned().unwrap_or_default()
    }

    /// Returns the letters of the conversation of the id.
    pub fn of_thread(&self, id: &str) -> Uids {
        object_id::thread(id).and_then(|thread| self.threads.get(&thread)).cloned().unwrap_or_default()
    }
}
