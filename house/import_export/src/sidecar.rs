//! `facteur-mailbox.json`, which an export has beside its letters: the names of the folders as they are, their uses,
//! and which of them are subscribed to. No format of the letters has a place for that.

use mailbox::SpecialUse;
use serde::{Deserialize, Serialize};

/// The name of the file.
pub const NAME: &str = "facteur-mailbox.json";
const VERSION: u32 = 1;

/// The content of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    version: u32,
    /// The folders, in their order.
    pub folders: Vec<Listed>,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name in the mailbox.
    pub name: String,
    /// The file or directory that holds its letters, below the place of this file.
    pub path: String,
    /// The use of the folder: `\Sent` (RFC 6154).
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub special_use: Option<String>,
    /// True if the folder is subscribed to.
    #[serde(default)]
    pub subscribed: bool,
}

impl Listed {
    /// Returns the use of the folder, if we know that use.
    pub fn special(&self) -> Option<SpecialUse> {
        SpecialUse::from_attribute(self.special_use.as_deref()?)
    }
}

impl Sidecar {
    /// Makes the sidecar of these folders.
    pub fn new(folders: Vec<Listed>) -> Self {
        Self { version: VERSION, folders }
    }

    /// Returns the content of the file.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// Reads one; `None` where it is none, or of a version that we do not know.
    pub fn read(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().filter(|sidecar: &Self| sidecar.version == VERSION)
    }
}
