//! Pages of a database that hold nothing any more.

use crate::error::Result;
use crate::tx::Tx;
use crate::view::View;

/// Returns true if the database has enough of them to be worth a write.
pub(crate) fn has_some(view: &View) -> Result<bool> {
    view.session().has_room_to_give()
}

/// Gives at most so many of them back to the disk.
pub(crate) fn give_back(tx: &mut Tx, pages: u32) -> Result<()> {
    tx.session().give_back(pages)
}
