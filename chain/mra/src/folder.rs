//! A folder of the mailbox elsewhere.

use mailbox::SpecialUse;

/// A folder at the other end, in our words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourceFolder {
    /// Its name, with `/` between the levels; `INBOX` for the inbox.
    pub folder: String,
    /// The use of the folder: letters go to our folder for that use.
    pub special_use: Option<SpecialUse>,
}

impl SourceFolder {
    /// The inbox.
    pub fn inbox() -> Self {
        Self { folder: "INBOX".to_owned(), special_use: None }
    }

    /// Names the folder in the ledger: by its use if it has one, since our folder for that use may be called anything.
    pub fn key(&self) -> &str {
        match self.special_use {
            Some(special_use) => special_use.attribute(),
            None => &self.folder,
        }
    }

    /// Returns true for a folder of letters that were thrown away, or are junk: a letter there lies in no other folder.
    pub fn is_apart(&self) -> bool {
        matches!(self.special_use, Some(SpecialUse::Trash | SpecialUse::Junk))
    }

    /// Returns true for the inbox.
    pub fn is_inbox(&self) -> bool {
        self.folder == "INBOX"
    }
}
