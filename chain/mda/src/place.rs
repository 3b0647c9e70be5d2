//! The folder a letter goes to.

use mail::seam::AccountId;
use mailbox::{Folder, folder};
use store::View;

/// The folder called `wanted`, or INBOX. The name comes from an address (`alice+lists.rust@`): its case does not
/// matter, and a dot may stand for the slash between folders.
pub fn folder(view: &View, account: AccountId, wanted: Option<&str>) -> Result<Option<Folder>, mailbox::Error> {
    if let Some(wanted) = wanted
        && let Some(found) = named(view, account, wanted)?
    {
        return Ok(Some(found));
    }
    folder::by_name(view, account, "INBOX")
}

fn named(view: &View, account: AccountId, wanted: &str) -> Result<Option<Folder>, mailbox::Error> {
    if let Some(exactly) = folder::by_name(view, account, wanted)? {
        return Ok(Some(exactly));
    }
    let wanted = wanted.to_lowercase();
    let with_slashes = wanted.replace('.', "/");
    let folders = folder::list(view, account)?;
    let called = |name: &str| folders.iter().find(|folder| folder.name.to_lowercase() == name);
    Ok(called(&wanted).or_else(|| called(&with_slashes)).cloned())
}
