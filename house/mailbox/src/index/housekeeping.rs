//! Clears up after people: letters that are decided to go, letters of deleted folders, mailboxes of deleted accounts,
//! old tombstones. It also writes checkpoints, so that large folders open quickly.

use std::ops::ControlFlow;

use mail::seam::AccountId;
use store::{Key, Store, Tx, View, params};

use crate::letter::{self, visible};
use crate::{Access, Change, Error, FolderId, Right, ThreadId, Uids, thread};

/// Tombstones a folder keeps at least. Clients that were away for longer learn all UIDs that are missing.
const TOMBSTONES: usize = 50_000;
/// Tombstones that are forgotten in one transaction.
const FORGOTTEN: usize = 2_000;
/// Changes of an account whose tombstones are kept at least, and how many more make it worth while to forget some.
const REMEMBERED: u64 = 100_000;

/// One step; true when there is more to do.
pub async fn round(store: &Store) -> Result<bool, Error> {
    let todo = store.read(Todo::look).await?;
    let Some(todo) = todo else { return Ok(false) };
    match todo {
        Todo::Clear(folder) => {
            store.write(Key::Everything, move |tx| letter::clear(tx, folder).map(drop)).await?;
        }
        Todo::Part(folder) => {
            store.write(Key::Everything, move |tx| letter::carry_out_behind(tx, folder)).await?;
        }
        Todo::Settle(folder) => {
            store.write(Key::Everything, move |tx| visible::settle_slice(tx, folder).map(drop)).await?;
        }
        Todo::Loose(account, thread) => {
            store
                .write(Key::Account(account.0), move |tx| thread::forget_loose(tx, account, thread, FORGOTTEN))
                .await?;
        }
        Todo::Close(account) => {
            store.write(Key::Account(account), move |tx| close(tx, account)).await?;
        }
        Todo::Checkpoint(folder) => checkpoint(store, folder).await?,
        Todo::Forget(folder) => {
            store.write(Key::Everything, move |tx| forget(tx, folder)).await?;
        }
        Todo::ForgetSpoken(account) => {
            store.write(Key::Account(account.0), move |tx| thread::spoken::forget_old(tx, account, FORGOTTEN)).await?;
        }
        Todo::ForgetOf(account) => {
            store.write(Key::Account(account), move |tx| forget_of(tx, account)).await?;
        }
    }
    Ok(true)
}

/// The next work to do.
enum Todo {
    Clear(FolderId),
    Part(FolderId),
    Settle(FolderId),
    Loose(AccountId, ThreadId),
    Close(i64),
    Checkpoint(FolderId),
    Forget(FolderId),
    ForgetSpoken(AccountId),
    ForgetOf(i64),
}

impl Todo {
    fn look(view: &View) -> Result<Option<Self>, Error> {
        let folder = |sql: &str| view.query_opt(sql, params![], |row| row.get(0).map(FolderId));
        if let Some(cleared) = folder("SELECT folder FROM folder WHERE left_over = 1 LIMIT 1")? {
            return Ok(Some(Self::Clear(cleared)));
        }
        if let Some(parting) = folder("SELECT folder FROM parting LIMIT 1")? {
            return Ok(Some(Self::Part(parting)));
        }
        if let Some(settling) = folder("SELECT folder FROM settling LIMIT 1")? {
            return Ok(Some(Self::Settle(settling)));
        }
        let loose = "SELECT account, thread FROM loose_thread LIMIT 1";
        let read = |row: &store::Row| Ok(Self::Loose(AccountId(row.get(0)?), ThreadId(row.get(1)?)));
        if let Some(loose) = view.query_opt(loose, params![], read)? {
            return Ok(Some(loose));
        }
        let closed = "SELECT account FROM account_mail WHERE deleted = 1 LIMIT 1";
        if let Some(account) = view.query_opt(closed, params![], |row| row.get(0))? {
            return Ok(Some(Self::Close(account)));
        }
        if let Some(stale) = folder("SELECT folder FROM folder WHERE stale >= 4096 LIMIT 1")? {
            return Ok(Some(Self::Checkpoint(stale)));
        }
        let full = "SELECT folder FROM folder WHERE buried >= 100000 AND name IS NOT NULL LIMIT 1";
        if let Some(full) = folder(full)? {
            return Ok(Some(Self::Forget(full)));
        }
        let old = "SELECT account FROM account_mail WHERE change - spoken >= 24000 LIMIT 1";
        if let Some(account) = view.query_opt(old, params![], |row| row.get(0).map(AccountId))? {
            return Ok(Some(Self::ForgetSpoken(account)));
        }
        let busy = "SELECT account FROM account_mail WHERE change - forgotten >= 200000 LIMIT 1";
        Ok(view.query_opt(busy, params![], |row| row.get(0))?.map(Self::ForgetOf))
    }
}

/// Removes the rest of a deleted account, whose folders are gone, and its row with the last of it.
fn close(tx: &mut Tx, account: i64) -> Result<(), Error> {
    for (table, key) in [
        ("thread_ref", "account, hash"),
        ("thread_subject", "account, hash, day, thread"),
        ("own_address", "account, hash"),
        ("acquaintance", "account, slot"),
        ("loose_thread", "account, thread"),
        ("keyword", "account, id"),
        ("subscription", "account, name"),
        ("letter_gone", "account, change, letter"),
        ("folder_gone", "account, change, folder"),
    ] {
        let sql =
            format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE account = $1 LIMIT $2)");
        if tx.execute(&sql, params![account, FORGOTTEN])? == FORGOTTEN {
            return Ok(());
        }
    }
    tx.execute("DELETE FROM account_mail WHERE account = $1", params![account])?;
    Ok(())
}

/// Writes the checkpoint of one folder, as the background task does.
pub async fn checkpoint_if_stale(store: &Store, access: Access, folder: FolderId) -> Result<bool, Error> {
    let account = access.may(Right::Read)?;
    let sql = "SELECT 1 FROM folder WHERE folder = $1 AND account = $2 AND stale >= 4096";
    let look = move |view: &View| Ok::<_, Error>(view.query_opt(sql, params![folder.0, account.0], |_| Ok(()))?);
    let stale = store.read(look).await?;
    if stale.is_some() {
        checkpoint(store, folder).await?;
    }
    Ok(stale.is_some())
}

/// Keeps the folder's UIDs as they are now. A change that happens while this is being written comes after the
/// checkpoint.
async fn checkpoint(store: &Store, folder: FolderId) -> Result<(), Error> {
    let loaded = store.read(move |view| Uids::load(view, Access::behind(view, folder)?, folder)).await;
    let (uids, at) = match loaded {
        Ok(loaded) => loaded,
        // Deleted meanwhile.
        Err(Error::NoSuchFolder(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    store.write(Key::Everything, move |tx| uids.keep(tx, folder, at)).await
}

/// Forgets the oldest tombstones of a folder that has very many, some at a time, and moves the horizon along. The
/// horizon is always past what was forgotten, so no client ever misses one.
fn forget(tx: &mut Tx, folder: FolderId) -> Result<(), Error> {
    let buried: usize =
        tx.query_one("SELECT buried FROM folder WHERE folder = $1", params![folder.0], |row| row.get(0))?;
    let surplus = buried.saturating_sub(TOMBSTONES).min(FORGOTTEN);
    let mut last = Change::default();
    let mut seen = 0;
    tx.for_each(
        "SELECT change FROM tombstone WHERE folder = $1 ORDER BY change LIMIT $2",
        params![folder.0, surplus.max(1)],
        |row| {
            last = Change(row.get(0)?);
            seen += 1;
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let gone = tx.execute("DELETE FROM tombstone WHERE folder = $1 AND change <= $2", params![folder.0, last.0])?;
    if seen == 0 {
        // There are none, whatever was counted.
        tx.execute("UPDATE folder SET buried = 0 WHERE folder = $1", params![folder.0])?;
        return Ok(());
    }
    let left = buried.saturating_sub(gone);
    tx.execute(
        "UPDATE folder SET horizon = $2, buried = $3 WHERE folder = $1 AND horizon <= $2",
        params![folder.0, last.0, left],
    )?;
    Ok(())
}

/// Forgets what left an account's sight long ago, some at a time. The horizon is always past what was forgotten. One
/// change takes a slice of letters at most, so that many changes may stand for very many rows.
fn forget_of(tx: &mut Tx, account: i64) -> Result<(), Error> {
    let (change, forgotten) =
        tx.query_one("SELECT change, forgotten FROM account_mail WHERE account = $1", params![account], |row| {
            Ok((row.get::<u64>(0)?, row.get::<u64>(1)?))
        })?;
    let last = change.saturating_sub(REMEMBERED).max(forgotten);
    let sql = "SELECT change FROM letter_gone WHERE account = $1 AND change <= $2
         ORDER BY change LIMIT 1 OFFSET $3";
    let full: Option<u64> = tx.query_opt(sql, params![account, last, FORGOTTEN], |row| row.get(0))?;
    let until = full.unwrap_or(last).min(forgotten + 10 * FORGOTTEN as u64).max(forgotten);
    for table in ["letter_gone", "folder_gone"] {
        tx.execute(&format!("DELETE FROM {table} WHERE account = $1 AND change <= $2"), params![account, until])?;
    }
    tx.execute("UPDATE account_mail SET forgotten = $2 WHERE account = $1", params![account, until])?;
    Ok(())
}
