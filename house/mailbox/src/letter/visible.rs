//! Counts for clients that know the account as a whole: letters that are not flagged `\Deleted`, how many of each
//! conversation lie in a folder, and in which folders a conversation is shown as unread.

use mail::seam::AccountId;
use store::{Tx, View, params};

use super::place::everywhere;
use super::{Count, Entry, SLICE, Tally, is_unread, is_visible};
use crate::account::{self, Touch, topic};
use crate::{Change, Error, FolderId, LetterKey, SpecialUse, System, ThreadId};

/// A visible letter of the thread comes into the folder: `count` gains what the folder's counters gain of threads.
pub(super) fn comes(
    tx: &mut Tx,
    (account, folder): (AccountId, FolderId),
    thread: ThreadId,
    flags: System,
    count: &mut Count,
) -> Result<(), Error> {
    if is_visible(flags) {
        adjust(tx, (account, folder), thread, 1, i64::from(is_unread(flags)), count)?;
    }
    Ok(())
}

/// A letter of the thread leaves the folder.
pub(super) fn goes(
    tx: &mut Tx,
    (account, folder): (AccountId, FolderId),
    thread: ThreadId,
    flags: System,
    count: &mut Count,
) -> Result<(), Error> {
    if is_visible(flags) {
        adjust(tx, (account, folder), thread, -1, -i64::from(is_unread(flags)), count)?;
    }
    Ok(())
}

/// A letter of the thread stays, with other flags.
pub(super) fn turns(
    tx: &mut Tx,
    (account, folder): (AccountId, FolderId),
    thread: ThreadId,
    before: System,
    now: System,
    count: &mut Count,
) -> Result<(), Error> {
    let visible = i64::from(is_visible(now)) - i64::from(is_visible(before));
    let unread = i64::from(is_unread(now)) - i64::from(is_unread(before));
    if visible != 0 || unread != 0 {
        adjust(tx, (account, folder), thread, visible, unread, count)?;
    }
    Ok(())
}

fn adjust(
    tx: &mut Tx,
    (account, folder): (AccountId, FolderId),
    thread: ThreadId,
    total: i64,
    unread: i64,
    count: &mut Count,
) -> Result<(), Error> {
    let (now, shown) = tx.query_one(
        "INSERT INTO folder_thread (folder, thread, total, unread, account) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (folder, thread) DO UPDATE SET
             total = folder_thread.total + excluded.total, unread = folder_thread.unread + excluded.unread
         RETURNING total, shown",
        params![folder.0, thread.0, total, unread, account.0],
        |row| Ok((row.get::<i64>(0)?, row.get::<bool>(1)?)),
    )?;
    count.threads += i64::from(now > 0) - i64::from(now - total > 0);
    if now <= 0 {
        tx.execute("DELETE FROM folder_thread WHERE folder = $1 AND thread = $2", params![folder.0, thread.0])?;
        if shown {
            let sql = "UPDATE folder SET unread_threads = unread_threads - 1 WHERE folder = $1";
            tx.execute(sql, params![folder.0])?;
        }
    }
    Ok(())
}

/// A conversation in a folder.
struct ThreadInFolder {
    folder: i64,
    unread: bool,
    shown: bool,
    is_trash: bool,
}

/// Brings up to date in which folders the conversation is shown as unread, at `change`. RFC 8621 §2: it is shown so
/// in each folder that has a letter of it, if it has an unread letter anywhere; but a letter in the trash counts
/// there alone, as if it were another conversation. Returns the number of folders that the conversation has letters
/// in.
pub(crate) fn settle(tx: &mut Tx, account: AccountId, thread: ThreadId, change: Change) -> Result<usize, Error> {
    let places = tx.query(
        "SELECT t.folder, t.unread, t.shown, f.special_use FROM folder_thread t JOIN folder f ON f.folder = t.folder
         WHERE t.account = $1 AND t.thread = $2 AND t.total > 0 AND f.name IS NOT NULL",
        params![account.0, thread.0],
        |row| {
            let (unread, special_use): (i64, Option<i64>) = (row.get(1)?, row.get(3)?);
            let is_trash = special_use == Some(SpecialUse::Trash.code());
            Ok(ThreadInFolder { folder: row.get(0)?, unread: unread > 0, shown: row.get(2)?, is_trash })
        },
    )?;
    let count = places.len();
    let anywhere = places.iter().any(|place| place.unread && !place.is_trash);
    for place in places {
        let shall = if place.is_trash { place.unread } else { anywhere };
        if shall != place.shown {
            show(tx, account, place.folder, thread, shall, change)?;
        }
    }
    Ok(count)
}

fn show(
    tx: &mut Tx,
    account: AccountId,
    folder: i64,
    thread: ThreadId,
    shall: bool,
    change: Change,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE folder_thread SET shown = $3 WHERE folder = $1 AND thread = $2",
        params![folder, thread.0, shall],
    )?;
    tx.execute(
        "UPDATE folder SET unread_threads = unread_threads + $2, counted = $3 WHERE folder = $1",
        params![folder, if shall { 1_i64 } else { -1 }, change.0],
    )?;
    tx.execute(
        "UPDATE account_mail SET folders = $2 WHERE account = $1 AND folders < $2",
        params![account.0, change.0],
    )?;
    Ok(())
}

/// Decides that all conversations with a letter in the folder are settled anew: it is the trash from now on, or is it no
/// more. [`settle_slice`] does it.
pub(crate) fn settle_later(tx: &mut Tx, folder: FolderId) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO settling (folder, after) VALUES ($1, $2) ON CONFLICT (folder) DO UPDATE SET after = excluded.after",
        params![folder.0, i64::MIN],
    )?;
    Ok(())
}

/// A folder of the account whose conversations are still to be settled.
pub(crate) fn unsettled(view: &View, account: AccountId) -> Result<Option<FolderId>, Error> {
    let sql = "SELECT s.folder FROM settling s JOIN folder f ON f.folder = s.folder WHERE f.account = $1 LIMIT 1";
    Ok(view.query_opt(sql, params![account.0], |row| row.get(0).map(FolderId))?)
}

/// Settles the next conversations of a folder that was decided on, at most a slice of them; true when there are more.
/// Each slice is a change of its own: whoever asks for the folders' changes meanwhile learns the counters as they are
/// then, and of the next slice when it is done. No letter and no flag is touched.
pub(crate) fn settle_slice(tx: &mut Tx, folder: FolderId) -> Result<bool, Error> {
    let sql = "SELECT f.account, s.after FROM settling s JOIN folder f ON f.folder = s.folder WHERE s.folder = $1";
    let at = tx.query_opt(sql, params![folder.0], |row| Ok((AccountId(row.get(0)?), row.get::<i64>(1)?)))?;
    let Some((account, after)) = at else { return settled(tx, folder) };
    let sql = "SELECT thread FROM folder_thread WHERE folder = $1 AND thread > $2 ORDER BY thread LIMIT $3";
    let threads = tx.query(sql, params![folder.0, after, SLICE], |row| row.get(0).map(ThreadId))?;
    if threads.is_empty() {
        return settled(tx, folder);
    }
    let change = account::tick(tx, account, Touch::default())?;
    let mut places = 0;
    for thread in threads {
        places += settle(tx, account, thread, change)?;
        tx.execute("UPDATE settling SET after = $2 WHERE folder = $1", params![folder.0, thread.0])?;
        // A conversation may lie in very many folders.
        if places > 8 * SLICE {
            break;
        }
    }
    tx.announce(topic(account));
    Ok(true)
}

fn settled(tx: &mut Tx, folder: FolderId) -> Result<bool, Error> {
    tx.execute("DELETE FROM settling WHERE folder = $1", params![folder.0])?;
    Ok(false)
}

/// Notes that a place of a letter is seen no more: a client that asks for the changes of the account learns that the letter
/// went or, if it `stays` in sight elsewhere, that it has changed.
pub(super) fn leaves(tx: &mut Tx, account: AccountId, entry: &Entry, change: Change, stays: bool) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO letter_gone (account, change, letter, born, thread, stays) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING",
        params![account.0, change.0, entry.letter.0, entry.born.0, entry.thread.0, stays],
    )?;
    Ok(())
}

/// Letters of one thread belong to another from now on. The identity of a letter includes its thread (RFC 8621 §3), so
/// each gets a new key: the old letter is gone, and a new one with the same bytes lies in its places.
pub(crate) fn move_thread(
    tx: &mut Tx,
    account: AccountId,
    from: ThreadId,
    to: ThreadId,
    change: Change,
) -> Result<(), Error> {
    let sql = "SELECT letter FROM letter WHERE account = $1 AND thread = $2";
    let moved = tx.query(sql, params![account.0, from.0], |row| row.get(0).map(LetterKey))?;
    let mut tally = Tally::default();
    for letter in moved {
        renew(tx, account, letter, to, change, &mut tally)?;
    }
    tally.write(tx, change)?;
    settle(tx, account, from, change)?;
    settle(tx, account, to, change)?;
    Ok(())
}

fn renew(
    tx: &mut Tx,
    account: AccountId,
    old: LetterKey,
    to: ThreadId,
    change: Change,
    tally: &mut Tally,
) -> Result<(), Error> {
    let letter = tx.query_one(
        "INSERT INTO letter (account, thread, blob, size, summary, structure, findings)
         SELECT account, $2, blob, size, summary, structure, findings FROM letter WHERE letter = $1 RETURNING letter",
        params![old.0, to.0],
        |row| row.get::<i64>(0),
    )?;
    // The reference to the bytes passes from the old row to the new one.
    tx.execute("DELETE FROM letter WHERE letter = $1", params![old.0])?;
    tx.execute("INSERT INTO gone (letter) VALUES ($1) ON CONFLICT DO NOTHING", params![old.0])?;
    let lies = everywhere(tx, old)?;
    tx.execute(
        "UPDATE entry SET letter = $2, thread = $3, born = $4, change = $4 WHERE letter = $1",
        params![old.0, letter, to.0, change.0],
    )?;
    for (folder, entry) in &lies {
        let counted = tally.of(*folder);
        goes(tx, (account, *folder), entry.thread, entry.flags.system, counted)?;
        comes(tx, (account, *folder), to, entry.flags.system, counted)?;
    }
    match lies.iter().find(|(_, entry)| is_visible(entry.flags.system)) {
        Some((_, entry)) => leaves(tx, account, entry, change, false),
        None => Ok(()),
    }
}
