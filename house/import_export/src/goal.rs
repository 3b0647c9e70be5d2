//! A folder of the mailbox, as an import means it.

use mailbox::SpecialUse;
use serde::{Deserialize, Serialize};

use crate::written;

/// A folder that letters go to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Goal {
    /// Its name.
    pub name: String,
    /// The use of the folder.
    #[serde(with = "written::special_use")]
    pub special_use: Option<SpecialUse>,
    /// Tells whether the name is taken as it stands; else a folder for a use is the one that the mailbox has for it.
    pub exact: bool,
    /// Tells whether a folder that has to be made is subscribed to.
    pub subscribed: bool,
}
