//! Does the work that remains after a folder was deleted or got another use.

use mail::seam::AccountId;
use store::{Store, Tx, View, params};

use crate::letter::visible;
use crate::{Access, Error, FolderId, Right, sliced};

/// Slices that [`finish`] does at most.
const SLICES: usize = 20;

/// Does the work that [`super::delete`] and [`super::set_use`] leave behind, slice by slice, for a caller that wants
/// to see it done. If there is very much to do, it does only the first slices, so that nobody waits for minutes: the
/// background task does the rest.
pub async fn finish(store: &Store, access: Access) -> Result<(), Error> {
    let account = access.may(Right::Administer)?;
    if store.read(move |view| Unfinished::look(view, account)).await?.is_none() {
        return Ok(());
    }
    let slice = move |tx: &mut Tx, room: usize| {
        match Unfinished::look(tx, account)? {
            None => return Ok(((), None)),
            Some(Unfinished::Settling(folder)) => visible::settle_slice(tx, folder)?,
            Some(Unfinished::LeftOver(folder)) => crate::letter::clear(tx, folder)?,
        };
        Ok::<_, Error>(((), room.checked_sub(1)))
    };
    sliced(store, access.key(), SLICES, slice, drop).await
}

/// Returns true if there is something that [`finish`] would do.
pub(crate) fn is_unfinished(view: &View, account: AccountId) -> Result<bool, Error> {
    Ok(Unfinished::look(view, account)?.is_some())
}

enum Unfinished {
    Settling(FolderId),
    LeftOver(FolderId),
}

impl Unfinished {
    fn look(view: &View, account: AccountId) -> Result<Option<Self>, Error> {
        if let Some(folder) = visible::unsettled(view, account)? {
            return Ok(Some(Self::Settling(folder)));
        }
        let sql = "SELECT folder FROM folder WHERE left_over = 1 AND account = $1 LIMIT 1";
        Ok(view.query_opt(sql, params![account.0], |row| row.get(0).map(|id| Self::LeftOver(FolderId(id))))?)
    }
}
