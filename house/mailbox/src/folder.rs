//! Folders: made, renamed, deleted, subscribed to, and listed with their counters.

pub mod name;
mod special;
mod unfinished;
pub mod usual;

use mail::seam::AccountId;
use store::{Row, Tx, View, params};

use crate::account::{self, Touch, WORK, topic};
use crate::letter::visible;
use crate::{Access, Change, Error, FolderId, Right, Uid, UidValidity};

pub use unfinished::finish;
pub(crate) use unfinished::is_unfinished;
pub use usual::SpecialUse;

/// The most folders an account can have.
pub const MOST: usize = 10_000;

/// A folder with its counters, as they stood in the snapshot it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its number.
    pub id: FolderId,
    /// The account that owns it.
    pub account: AccountId,
    /// UTF-8, `/` between the levels.
    pub name: String,
    /// The use of the folder.
    pub special_use: Option<SpecialUse>,
    /// UIDVALIDITY
    pub uid_validity: UidValidity,
    /// UIDNEXT
    pub uid_next: Uid,
    /// HIGHESTMODSEQ: the last change of a letter in it; at least 1.
    pub highest: Change,
    /// The last change of the folder itself: made, renamed.
    pub altered: Change,
    /// MESSAGES
    pub total: u32,
    /// UNSEEN, of STATUS
    pub unseen: u32,
    /// DELETED, of STATUS
    pub deleted: u32,
    /// SIZE, of STATUS
    pub size: u64,
    /// Letters that are neither seen, nor drafts, nor flagged `\\Deleted`.
    pub unread: u32,
    /// Conversations of which a letter lies here that is not flagged `\\Deleted`.
    pub threads: u32,
    /// Conversations of which a letter lies here and that are shown as unread (RFC 8621 §2, with the trash apart).
    pub unread_threads: u32,
    /// The rank that people give it among its siblings: the lowest comes first.
    pub sort_order: u32,
    /// True if its name is subscribed to.
    pub subscribed: bool,
}

const COLUMNS: &str = "f.folder, f.account, f.name, f.special_use, f.uid_validity, f.uid_next, f.highest, f.altered,
    f.total, f.unseen, f.deleted, f.size, f.unread, f.threads, f.unread_threads, f.sort_order,
    EXISTS (SELECT 1 FROM subscription s WHERE s.account = f.account AND s.name = f.name)";

fn read(row: &Row) -> Result<Folder, store::Error> {
    Ok(Folder {
        id: FolderId(row.get(0)?),
        account: AccountId(row.get(1)?),
        name: row.get(2)?,
        special_use: SpecialUse::from_code(row.get(3)?),
        uid_validity: UidValidity(crate::numbers::at_least_one(row.get(4)?)),
        uid_next: Uid(crate::numbers::at_least_one(row.get(5)?)),
        highest: Change(row.get(6)?),
        altered: Change(row.get(7)?),
        total: row.get(8)?,
        unseen: row.get(9)?,
        deleted: row.get(10)?,
        size: row.get(11)?,
        unread: row.get(12)?,
        threads: row.get(13)?,
        unread_threads: row.get(14)?,
        sort_order: row.get(15)?,
        subscribed: row.get::<i64>(16)? != 0,
    })
}

/// The account's folders, INBOX first, the others in the order of their names.
pub fn list(view: &View, access: Access) -> Result<Vec<Folder>, Error> {
    let account = access.may(Right::Read)?;
    let mut folders = view.query(
        &format!("SELECT {COLUMNS} FROM folder f WHERE f.account = $1 AND f.name IS NOT NULL ORDER BY f.name"),
        params![account.0],
        read,
    )?;
    folders.sort_by_key(|folder| folder.name != name::INBOX);
    Ok(folders)
}

/// The owner's folder of this number, unless it has been deleted.
pub fn get(view: &View, access: Access, folder: FolderId) -> Result<Folder, Error> {
    numbered(view, access.may(Right::Read)?, folder)
}

fn numbered(view: &View, account: AccountId, folder: FolderId) -> Result<Folder, Error> {
    view.query_opt(
        &format!("SELECT {COLUMNS} FROM folder f WHERE f.folder = $1 AND f.account = $2 AND f.name IS NOT NULL"),
        params![folder.0, account.0],
        read,
    )?
    .ok_or(Error::NoSuchFolder(folder))
}

/// The folder of this name (INBOX in any case), if there is one.
pub fn by_name(view: &View, access: Access, name: &str) -> Result<Option<Folder>, Error> {
    called(view, access.may(Right::Read)?, name)
}

fn called(view: &View, account: AccountId, name: &str) -> Result<Option<Folder>, Error> {
    let Ok(name) = name::canonical(name) else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM folder f WHERE f.account = $1 AND f.name = $2");
    Ok(view.query_opt(&sql, params![account.0, name.as_str()], read)?)
}

/// The account's folder for a use, if it has one.
pub fn by_use(view: &View, access: Access, special_use: SpecialUse) -> Result<Option<Folder>, Error> {
    used_for(view, access.may(Right::Read)?, special_use)
}

fn used_for(view: &View, account: AccountId, special_use: SpecialUse) -> Result<Option<Folder>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM folder f WHERE f.account = $1 AND f.special_use = $2 AND f.name IS NOT NULL
         ORDER BY f.folder LIMIT 1"
    );
    Ok(view.query_opt(&sql, params![account.0, special_use.code()], read)?)
}

/// Returns the use that a folder of this name stands for, unless a folder has that use already.
fn free_by_name(view: &View, account: AccountId, full: &str) -> Result<Option<SpecialUse>, Error> {
    let Some(special_use) = special::by_name(full) else { return Ok(None) };
    Ok(if used_for(view, account, special_use)?.is_some() { None } else { Some(special_use) })
}

/// The first letter nobody has read, without a walk through the others.
pub fn first_unseen(view: &View, access: Access, folder: FolderId) -> Result<Option<Uid>, Error> {
    let account = access.may(Right::Read)?;
    let uid = view.query_opt(
        "SELECT uid FROM entry WHERE folder = (SELECT folder FROM folder WHERE folder = $1 AND account = $2)
         AND (flags & 1) = 0 ORDER BY uid LIMIT 1",
        params![folder.0, account.0],
        |row| row.get::<u32>(0),
    )?;
    Ok(uid.and_then(Uid::new))
}

/// Makes a folder, and the levels above it where they are missing (RFC 9051 §6.3.4). Without a use of its own it gets the
/// one that its name stands for, where no folder has that: a `Sent` that was deleted and is made again is `\\Sent` again.
pub fn create(tx: &mut Tx, access: Access, name: &str, special_use: Option<SpecialUse>) -> Result<FolderId, Error> {
    let account = access.may(Right::Administer)?;
    let name = name::canonical(name)?;
    if exists(tx, account, &name)? {
        return Err(Error::FolderExists(name));
    }
    make_parents(tx, account, &name)?;
    let special_use = match special_use {
        Some(special_use) => Some(special_use),
        None => free_by_name(tx, account, &name)?,
    };
    insert(tx, account, &name, special_use)
}

fn exists(view: &View, account: AccountId, name: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM folder WHERE account = $1 AND name = $2";
    Ok(view.query_opt(sql, params![account.0, name], |_| Ok(()))?.is_some())
}

fn make_parents(tx: &mut Tx, account: AccountId, name: &str) -> Result<(), Error> {
    let Some(parent) = name::parent(name) else { return Ok(()) };
    if exists(tx, account, parent)? {
        return Ok(());
    }
    make_parents(tx, account, parent)?;
    let special_use = free_by_name(tx, account, parent)?;
    insert(tx, account, parent, special_use)?;
    Ok(())
}

/// The UIDVALIDITY is one more than the last one the account gave, so that none comes twice.
fn insert(tx: &mut Tx, account: AccountId, name: &str, special_use: Option<SpecialUse>) -> Result<FolderId, Error> {
    let count = tx.query_one(
        "SELECT COUNT(*) FROM folder WHERE account = $1 AND name IS NOT NULL",
        params![account.0],
        |row| row.get::<i64>(0),
    )?;
    if count as usize >= MOST {
        return Err(Error::TooManyFolders(MOST));
    }
    let (validity, change) = tx
        .query_opt(
            "UPDATE account_mail SET uid_validity = uid_validity + 1, change = change + 1, folders = change + 1
             WHERE account = $1 AND deleted = 0 RETURNING uid_validity, change",
            params![account.0],
            |row| Ok((row.get::<i64>(0)?, row.get::<u64>(1)?)),
        )?
        .ok_or(Error::NoSuchAccount(account))?;
    let folder = tx.query_one(
        "INSERT INTO folder (account, name, special_use, uid_validity, highest, altered, born)
         VALUES ($1, $2, $3, $4, $5, $5, $5) RETURNING folder",
        params![account.0, name, special_use.map(SpecialUse::code), validity, change],
        |row| row.get(0),
    )?;
    tx.announce(topic(account));
    Ok(FolderId(folder))
}

/// Renames a folder and those below it. UIDs, UIDVALIDITY and its use stay; if it has none it gets the one that the new
/// name stands for, if no folder has that. Renaming INBOX moves its letters into the new folder and leaves an empty INBOX;
/// folders below INBOX stay where they are (RFC 9051 §6.3.6).
pub fn rename(tx: &mut Tx, access: Access, from: &str, to: &str) -> Result<(), Error> {
    let account = access.may(Right::Administer)?;
    let (from, to) = (name::canonical(from)?, name::canonical(to)?);
    if exists(tx, account, &to)? {
        return Err(Error::FolderExists(to));
    }
    let folder = called(tx, account, &from)?.ok_or_else(|| Error::NoFolderCalled(from.clone()))?;
    if to.strip_prefix(&from).is_some_and(|rest| rest.starts_with(name::SEPARATOR)) && from != name::INBOX {
        return Err(Error::IntoItself);
    }
    make_parents(tx, account, &to)?;
    let change = account::tick(tx, account, Touch::FOLDERS)?;
    set_name(tx, folder.id, &to, change)?;
    if from == name::INBOX {
        return empty_inbox(tx, &folder);
    }
    move_subscription(tx, account, &from, &to)?;
    rename_children(tx, account, &from, &to, change)?;
    if folder.special_use.is_none()
        && let Some(special_use) = free_by_name(tx, account, &to)?
    {
        set_use(tx, access, folder.id, Some(special_use))?;
    }
    tx.announce(topic(account));
    Ok(())
}

/// The row with its letters, UIDs and checkpoint has become the new folder, and gets a UIDVALIDITY of its own. The new row
/// of INBOX goes on with the old UIDVALIDITY and UIDs: to whoever has INBOX open, or comes back to it, it is the same
/// folder, out of which every letter has gone.
fn empty_inbox(tx: &mut Tx, moved: &Folder) -> Result<(), Error> {
    let inbox = insert(tx, moved.account, name::INBOX, None)?;
    let validity = numbered(tx, moved.account, inbox)?.uid_validity;
    tx.execute("UPDATE folder SET uid_validity = $2 WHERE folder = $1", params![moved.id.0, validity.get()])?;
    // The letters that went leave no tombstones: up to the horizon every missing one is told.
    tx.execute(
        "UPDATE folder SET uid_validity = $2, uid_next = $3, sort_order = $4, horizon = highest WHERE folder = $1",
        params![inbox.0, moved.uid_validity.get(), moved.uid_next.get(), moved.sort_order],
    )?;
    Ok(())
}

/// The UIDVALIDITY of a folder that the caller has found.
pub(crate) fn validity(view: &View, folder: FolderId) -> Result<UidValidity, Error> {
    let sql = "SELECT uid_validity FROM folder WHERE folder = $1";
    let found = view.query_opt(sql, params![folder.0], |row| row.get(0))?;
    found.map(|number| UidValidity(crate::numbers::at_least_one(number))).ok_or(Error::NoSuchFolder(folder))
}

/// Returns true if there is a folder of this number that has not been deleted.
pub(crate) fn is_there(view: &View, folder: FolderId) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM folder WHERE folder = $1 AND name IS NOT NULL";
    Ok(view.query_opt(sql, params![folder.0], |_| Ok(()))?.is_some())
}

/// Returns true if this is still the folder that had this UIDVALIDITY. INBOX is another one once it was renamed.
pub fn is_same(view: &View, access: Access, folder: FolderId, validity: UidValidity) -> Result<bool, Error> {
    let account = access.may(Right::Read)?;
    let sql = "SELECT 1 FROM folder WHERE folder = $1 AND account = $2 AND uid_validity = $3 AND name IS NOT NULL";
    Ok(view.query_opt(sql, params![folder.0, account.0, validity.get()], |_| Ok(()))?.is_some())
}

/// The account's folder of this UIDVALIDITY, which no other one of it ever had.
pub fn by_validity(view: &View, access: Access, validity: UidValidity) -> Result<Option<FolderId>, Error> {
    let account = access.may(Right::Read)?;
    let sql = "SELECT folder FROM folder WHERE account = $1 AND uid_validity = $2 AND name IS NOT NULL";
    Ok(view.query_opt(sql, params![account.0, validity.get()], |row| row.get(0).map(FolderId))?)
}

/// Gives folders other names at one moment, so that they can swap them. Each one that is to have another name is named:
/// those below it are not carried along. UIDs, UIDVALIDITY and subscriptions stay; INBOX keeps its name.
pub fn rename_all(tx: &mut Tx, access: Access, names: &[(FolderId, String)]) -> Result<(), Error> {
    let account = access.may(Right::Administer)?;
    let change = account::tick(tx, account, Touch::FOLDERS)?;
    let mut moving = Vec::with_capacity(names.len());
    for (id, name) in names {
        let (folder, name) = (numbered(tx, account, *id)?, name::canonical(name)?);
        if folder.name == name::INBOX {
            return Err(Error::Inbox);
        }
        // Out of the way: no folder has a level without a name.
        set_name(tx, *id, &format!("//{}", id.0), change)?;
        let sql = "DELETE FROM subscription WHERE account = $1 AND name = $2";
        let subscribed = tx.execute(sql, params![account.0, folder.name])? > 0;
        moving.push((*id, name, subscribed));
    }
    for (id, name, subscribed) in moving {
        if exists(tx, account, &name)? {
            return Err(Error::FolderExists(name));
        }
        set_name(tx, id, &name, change)?;
        if subscribed {
            let sql = "INSERT INTO subscription (account, name) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            tx.execute(sql, params![account.0, name])?;
        }
    }
    tx.announce(topic(account));
    Ok(())
}

fn rename_children(tx: &mut Tx, account: AccountId, from: &str, to: &str, change: Change) -> Result<(), Error> {
    let below = children(tx, account, from)?;
    for (_, old) in &below {
        // The new name is checked again: it may have become too long or too deep.
        name::canonical(&format!("{to}{}", old.get(from.len()..).unwrap_or_default()))?;
    }
    if below.is_empty() {
        return Ok(());
    }
    // They may be ten thousand: three statements for all of them, and not three for each.
    let (first, end, rest) = (format!("{from}/"), format!("{from}0"), from.chars().count() + 1);
    tx.execute(
        "INSERT INTO subscription (account, name)
         SELECT f.account, $4 || substr(f.name, CAST($5 AS INTEGER))
         FROM folder f JOIN subscription s ON s.account = f.account AND s.name = f.name
         WHERE f.account = $1 AND f.name > $2 AND f.name < $3 ON CONFLICT DO NOTHING",
        params![account.0, first, end, to, rest],
    )?;
    tx.execute(
        "DELETE FROM subscription WHERE account = $1 AND name > $2 AND name < $3
         AND EXISTS (SELECT 1 FROM folder f WHERE f.account = $1 AND f.name = subscription.name)",
        params![account.0, first, end],
    )?;
    tx.execute(
        "UPDATE folder SET name = $4 || substr(name, CAST($5 AS INTEGER)), altered = $6 WHERE account = $1 AND name > $2 AND name < $3",
        params![account.0, first, end, to, rest, change.0],
    )?;
    Ok(())
}

fn set_name(tx: &mut Tx, folder: FolderId, name: &str, change: Change) -> Result<(), Error> {
    tx.execute("UPDATE folder SET name = $2, altered = $3 WHERE folder = $1", params![folder.0, name, change.0])?;
    Ok(())
}

/// Folders below `name`, at any level.
fn children(view: &View, account: AccountId, name: &str) -> Result<Vec<(FolderId, String)>, Error> {
    // '0' is the character after '/': the names that begin with "name/", by the index.
    Ok(view.query(
        "SELECT folder, name FROM folder WHERE account = $1 AND name > $2 AND name < $3 ORDER BY name",
        params![account.0, format!("{name}/"), format!("{name}0")],
        |row| Ok((FolderId(row.get(0)?), row.get(1)?)),
    )?)
}

/// Deletes a folder and its letters. The folder and what is in it is gone at once for whoever looks; the letters are
/// cleared away behind it, slice by slice ([`finish`], or the background task), and whoever asks for the changes of the account is told
/// of each slice then. Their octets count until they are cleared away. No trace of the name stays but the account's UIDVALIDITY, which never comes twice.
/// A subscription to the name stays too (RFC 9051 §6.3.7). The use of a folder by its usual name is free then for one that is
/// made again; one that went by another name hands its use on to a folder of a usual name, if there is one.
pub fn delete(tx: &mut Tx, access: Access, name: &str) -> Result<(), Error> {
    let account = access.may(Right::Administer)?;
    let name = name::canonical(name)?;
    if name == name::INBOX {
        return Err(Error::Inbox);
    }
    let folder = called(tx, account, &name)?.ok_or_else(|| Error::NoFolderCalled(name.clone()))?;
    if !children(tx, account, &name)?.is_empty() {
        return Err(Error::HasChildren);
    }
    let change = account::tick(tx, account, Touch::FOLDERS)?;
    tx.execute(
        "INSERT INTO folder_gone (account, change, folder, born)
         SELECT account, $2, folder, born FROM folder WHERE folder = $1",
        params![folder.id.0, change.0],
    )?;
    tx.execute(
        "UPDATE folder SET name = NULL, special_use = NULL, left_over = 1 WHERE folder = $1",
        params![folder.id.0],
    )?;
    if let Some(special_use) = folder.special_use
        && special::by_name(&name) != Some(special_use)
        && let Some(heir) = special::candidate(tx, account, special_use)?
    {
        set_use(tx, access, heir, Some(special_use))?;
    }
    tx.announce(topic(account));
    tx.announce(WORK);
    Ok(())
}

/// Subscribes to a name; there need not be a folder of that name (RFC 9051 §6.3.7).
pub fn subscribe(tx: &mut Tx, access: Access, name: &str) -> Result<(), Error> {
    let account = access.may(Right::Administer)?;
    let name = name::canonical(name)?;
    let count = tx.query_one("SELECT COUNT(*) FROM subscription WHERE account = $1", params![account.0], |row| {
        row.get::<i64>(0)
    })?;
    if count as usize >= MOST {
        return Err(Error::TooManyFolders(MOST));
    }
    let new = tx.execute(
        "INSERT INTO subscription (account, name) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        params![account.0, name.as_str()],
    )?;
    if new > 0 {
        alter_called(tx, account, &name)?;
    }
    tx.announce(topic(account));
    Ok(())
}

/// Ends a subscription; none there is no error.
pub fn unsubscribe(tx: &mut Tx, access: Access, name: &str) -> Result<(), Error> {
    let account = access.may(Right::Administer)?;
    let name = name::canonical(name)?;
    let gone =
        tx.execute("DELETE FROM subscription WHERE account = $1 AND name = $2", params![account.0, name.as_str()])?;
    if gone > 0 {
        alter_called(tx, account, &name)?;
    }
    tx.announce(topic(account));
    Ok(())
}

/// Says what a folder is for from now on. One folder at most has a use: another that had it has it no more.
///
/// If the trash is another folder now, conversations are counted otherwise ([`Folder::unread_threads`]). That is done
/// behind this write, a slice at a time: by [`finish`] if a caller waits for it, else by the background task, also
/// after a crash. Until it is done the counter stands between the two ways to count, and each slice of it is a change
/// of the folders; flags, letters and all other counters are right all the time.
pub fn set_use(tx: &mut Tx, access: Access, folder: FolderId, special_use: Option<SpecialUse>) -> Result<(), Error> {
    let account = access.may(Right::Administer)?;
    let was = numbered(tx, account, folder)?.special_use;
    let change = account::tick(tx, account, Touch::FOLDERS)?;
    let code = special_use.map(SpecialUse::code);
    let old_trash = used_for(tx, account, SpecialUse::Trash)?.map(|trash| trash.id);
    tx.execute(
        "UPDATE folder SET special_use = NULL, altered = $3
         WHERE account = $1 AND special_use = $2 AND name IS NOT NULL",
        params![account.0, code, change.0],
    )?;
    tx.execute(
        "UPDATE folder SET special_use = $2, altered = $3 WHERE folder = $1",
        params![folder.0, code, change.0],
    )?;
    // A letter in the trash counts there alone.
    if was != special_use && [was, special_use].contains(&Some(SpecialUse::Trash)) {
        let others = old_trash.into_iter().filter(|trash| *trash != folder);
        for folder in std::iter::once(folder).chain(others) {
            visible::settle_later(tx, folder)?;
        }
        tx.announce(WORK);
    }
    tx.announce(topic(account));
    Ok(())
}

/// Says where people want the folder among its siblings: the lowest number first.
pub fn set_sort_order(tx: &mut Tx, access: Access, folder: FolderId, sort_order: u32) -> Result<(), Error> {
    let account = access.to(tx, folder, Right::Administer)?;
    let change = account::tick(tx, account, Touch::FOLDERS)?;
    tx.execute(
        "UPDATE folder SET sort_order = $2, altered = $3 WHERE folder = $1",
        params![folder.0, sort_order, change.0],
    )?;
    tx.announce(topic(account));
    Ok(())
}

/// Returns true if there are folders below this one.
pub fn has_children(view: &View, access: Access, folder: &Folder) -> Result<bool, Error> {
    Ok(!children(view, access.may(Right::Read)?, &folder.name)?.is_empty())
}

/// The folder of this name has changed, if there is one.
fn alter_called(tx: &mut Tx, account: AccountId, name: &str) -> Result<(), Error> {
    if exists(tx, account, name)? {
        let change = account::tick(tx, account, Touch::FOLDERS)?;
        tx.execute(
            "UPDATE folder SET altered = $3 WHERE account = $1 AND name = $2",
            params![account.0, name, change.0],
        )?;
    }
    Ok(())
}

/// Every name subscribed to, also those without a folder.
pub fn subscriptions(view: &View, access: Access) -> Result<Vec<String>, Error> {
    let account = access.may(Right::Read)?;
    Ok(view.query("SELECT name FROM subscription WHERE account = $1 ORDER BY name", params![account.0], |row| {
        row.get(0)
    })?)
}

fn move_subscription(tx: &mut Tx, account: AccountId, from: &str, to: &str) -> Result<(), Error> {
    let gone = tx.execute("DELETE FROM subscription WHERE account = $1 AND name = $2", params![account.0, from])?;
    if gone > 0 {
        tx.execute(
            "INSERT INTO subscription (account, name) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            params![account.0, to],
        )?;
    }
    Ok(())
}
