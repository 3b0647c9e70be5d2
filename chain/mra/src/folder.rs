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

    /// Returns true for the inbox.
    pub fn is_inbox(&self) -> bool {
        self.folder == "INBOX"
    }
}
