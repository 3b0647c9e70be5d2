//! Tells how a folder changed since a client last looked (RFC 7162): work in proportion to the changes.

use std::ops::ControlFlow;

use store::{View, params};

use crate::fetch::{Row, Want};
use crate::{Access, Change, Error, FolderId, Right, Uid, Uids};

/// The changes that a client must be told to be up to date.
#[derive(Clone, Debug)]
pub struct FolderChanges {
    /// Letters that came or changed, in the order of their last change.
    pub changed: Vec<Row>,
    /// UIDs that went. May name some that the client never knew (RFC 7162 §3.2.10 allows it).
    pub vanished: Uids,
    /// The position of the client once it has applied these. It asks again from here.
    pub now: Change,
    /// There is more: ask again from `now` before telling the client of new UIDs, since they come in the order of
    /// changes and a client must learn of UIDs in ascending order.
    pub more: bool,
}

/// Returns the changes after `since`: about `limit` rows at most (letters changed in one stroke are not parted).
pub fn changes_since(
    view: &View,
    access: Access,
    folder: FolderId,
    since: Change,
    limit: usize,
) -> Result<FolderChanges, Error> {
    let (highest, horizon) = ends(view, access, folder)?;
    if since >= highest {
        return Ok(FolderChanges { changed: Vec::new(), vanished: Uids::new(), now: highest, more: false });
    }
    let changed = changed_rows(view, folder, since, limit.max(1))?;
    let more = changed.len() >= limit.max(1) && changed.last().is_some_and(|row| row.change < highest);
    let now = if more { changed.last().map_or(highest, |row| row.change) } else { highest };
    let vanished = if since < horizon { missing(view, access, folder)? } else { buried(view, folder, since, now)? };
    Ok(FolderChanges { changed, vanished, now, more })
}

/// Every UID that went after `since`, to be told before the changes (RFC 7162 §3.2.5.2). May name some that the client
/// never knew.
pub fn vanished_since(view: &View, access: Access, folder: FolderId, since: Change) -> Result<Uids, Error> {
    let (highest, horizon) = ends(view, access, folder)?;
    if since < horizon { missing(view, access, folder) } else { buried(view, folder, since, highest) }
}

/// The folder's last change, and the one up to which tombstones are forgotten.
fn ends(view: &View, access: Access, folder: FolderId) -> Result<(Change, Change), Error> {
    let account = access.may(Right::Read)?;
    view.query_opt(
        "SELECT highest, horizon FROM folder WHERE folder = $1 AND account = $2 AND name IS NOT NULL",
        params![folder.0, account.0],
        |row| Ok((Change(row.get(0)?), Change(row.get(1)?))),
    )?
    .ok_or(Error::NoSuchFolder(folder))
}

fn changed_rows(view: &View, folder: FolderId, since: Change, limit: usize) -> Result<Vec<Row>, Error> {
    let mut rows: Vec<Row> = Vec::new();
    view.for_each(
        "SELECT uid, letter, change, flags, keywords, size, received, thread, attached FROM entry
         WHERE folder = $1 AND change > $2 ORDER BY change, uid",
        params![folder.0, since.0],
        |row| {
            let Some(row) = crate::fetch::read(row, Want::ROW)? else { return Ok(ControlFlow::Continue(())) };
            let full = rows.len() >= limit && rows.last().is_some_and(|last| last.change != row.change);
            if full {
                return Ok(ControlFlow::Break(()));
            }
            rows.push(row);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(rows)
}

/// The tombstones of a stretch of changes.
fn buried(view: &View, folder: FolderId, since: Change, now: Change) -> Result<Uids, Error> {
    let mut vanished = Uids::new();
    view.for_each(
        "SELECT uid FROM tombstone WHERE folder = $1 AND change > $2 AND change <= $3",
        params![folder.0, since.0, now.0],
        |row| {
            if let Some(uid) = Uid::new(row.get(0)?) {
                vanished.insert(uid);
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(vanished)
}

/// Tombstones that old have been forgotten: every UID that was given out and is not there.
fn missing(view: &View, access: Access, folder: FolderId) -> Result<Uids, Error> {
    let (present, _) = Uids::load(view, access, folder)?;
    let next =
        view.query_one("SELECT uid_next FROM folder WHERE folder = $1", params![folder.0], |row| row.get::<u32>(0))?;
    let Some(last) = Uid::new(next.saturating_sub(1)) else { return Ok(Uids::new()) };
    let given: Uids = [crate::UidRange { first: Uid::FIRST, last }].into_iter().collect();
    Ok(given.without(&present))
}
