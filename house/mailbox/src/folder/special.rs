//! Gives a folder a use by its name (RFC 6154), if no client named one.

use mail::seam::AccountId;
use store::{View, params};

use super::name;
use super::usual::{self, SpecialUse, Usual};
use crate::{Error, FolderId};

/// Returns the use of a folder of this name. Only a folder at the top, or below INBOX where clients of the Courier
/// kind make theirs, stands for the whole mailbox: `Projects/Archive` does not.
pub(super) fn by_name(full: &str) -> Option<SpecialUse> {
    let own = match name::parent(full) {
        None => full,
        Some(name::INBOX) => full.get(name::INBOX.len() + 1..)?,
        Some(_) => return None,
    };
    match usual::folder(own)? {
        Usual::Use(special_use) => Some(special_use),
        Usual::Inbox => None,
    }
}

/// The folder that a use goes to which nobody has any more: of those whose name stands for it, the one that was made first.
pub(super) fn candidate(view: &View, account: AccountId, special_use: SpecialUse) -> Result<Option<FolderId>, Error> {
    let sql = "SELECT folder, name FROM folder
         WHERE account = $1 AND name IS NOT NULL AND special_use IS NULL ORDER BY folder";
    let rows = view.query(sql, params![account.0], |row| Ok((FolderId(row.get(0)?), row.get::<String>(1)?)))?;
    Ok(rows.into_iter().find(|(_, full)| by_name(full) == Some(special_use)).map(|(folder, _)| folder))
}
