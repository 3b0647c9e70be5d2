//! Conversations: how many letters of each lie in a folder, where it is shown as unread, and what leads to it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use mail::seam::AccountId;
use store::{Tx, View, params};

use super::accounts;
use super::fault::{Fault, Finding};
use super::work::{SLICE, Verify};
use crate::account::{self, Touch, topic};
use crate::folder;
use crate::letter::visible;
use crate::{Error, SpecialUse, ThreadId};

/// Looks at every conversation of every account.
pub(super) fn conversations(verify: &Verify<'_>, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    accounts::each(verify, |account| {
        let mut after = i64::MIN;
        while let Some((last, wrong)) = verify.store.read_blocking(move |view| slice(view, account, after))? {
            after = last;
            for thread in wrong {
                let mended = verify.mend(move |tx| mend(tx, account, thread))?;
                tell(Finding::of(Fault::Conversation(thread), Some(account), mended));
            }
        }
        loose(verify, account, tell)
    })
}

/// A conversation in a folder: letters, unread ones, and whether it is shown as unread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ThreadInFolder {
    total: i64,
    unread: i64,
    shown: bool,
    is_trash: bool,
    has_name: bool,
}

type Places = BTreeMap<(i64, i64), ThreadInFolder>;

/// The conversations of the next slice that are counted wrong, and the last one of the slice.
fn slice(view: &View, account: AccountId, after: i64) -> Result<Option<(i64, Vec<ThreadId>)>, Error> {
    let sql = "SELECT MAX(thread) FROM (SELECT thread FROM letter WHERE account = $1 AND thread > $2
             UNION SELECT thread FROM folder_thread WHERE account = $1 AND thread > $2 ORDER BY thread LIMIT $3) AS few";
    let last: Option<i64> = view.query_one(sql, params![account.0, after, SLICE], |row| row.get(0))?;
    let Some(last) = last else { return Ok(None) };
    let (kept, mut found) = (kept(view, account, after, last)?, found(view, account, after, last)?);
    show(&mut found);
    // A folder that is being settled or cleared away is known to be wrong, and is going to be right.
    let unsettled = folder::is_unfinished(view, account)?;
    let threads: std::collections::BTreeSet<i64> = kept.keys().chain(found.keys()).map(|(thread, _)| *thread).collect();
    let wrong = threads.into_iter().filter(|thread| {
        let of = |places: &Places| -> Vec<(i64, i64, i64, bool)> {
            let all = places.range((*thread, i64::MIN)..=(*thread, i64::MAX));
            all.map(|((_, folder), place)| {
                let shown = place.shown && place.has_name && !unsettled;
                (*folder, place.total, place.unread, shown)
            })
            .collect()
        };
        of(&kept) != of(&found)
    });
    Ok(Some((last, wrong.map(ThreadId).collect())))
}

fn kept(view: &View, account: AccountId, after: i64, last: i64) -> Result<Places, Error> {
    let sql = "SELECT t.thread, t.folder, t.total, t.unread, t.shown, f.special_use, f.name IS NOT NULL
         FROM folder_thread t LEFT JOIN folder f ON f.folder = t.folder
         WHERE t.account = $1 AND t.thread > $2 AND t.thread <= $3";
    gather(view, sql, account, after, last)
}

fn found(view: &View, account: AccountId, after: i64, last: i64) -> Result<Places, Error> {
    let sql = "SELECT l.thread, e.folder, COUNT(*), SUM(CASE WHEN (e.flags & 25) = 0 THEN 1 ELSE 0 END), 0,
         MAX(f.special_use), MAX(CASE WHEN f.name IS NULL THEN 0 ELSE 1 END)
         FROM letter l JOIN entry e ON e.letter = l.letter LEFT JOIN folder f ON f.folder = e.folder
         WHERE l.account = $1 AND l.thread > $2 AND l.thread <= $3 AND (e.flags & 8) = 0
         GROUP BY l.thread, e.folder";
    gather(view, sql, account, after, last)
}

fn gather(view: &View, sql: &str, account: AccountId, after: i64, last: i64) -> Result<Places, Error> {
    let mut places = Places::new();
    view.for_each(sql, params![account.0, after, last], |row| {
        let place = ThreadInFolder {
            total: row.get(2)?,
            unread: row.get(3)?,
            shown: row.get(4)?,
            is_trash: row.get::<Option<i64>>(5)? == Some(SpecialUse::Trash.code()),
            has_name: row.get(6)?,
        };
        places.insert((row.get(0)?, row.get(1)?), place);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(places)
}

/// Marks where each is shown as unread, by the rule of [`visible::settle`].
fn show(places: &mut Places) {
    let mut anywhere: BTreeMap<i64, bool> = BTreeMap::new();
    for ((thread, _), place) in places.iter().filter(|(_, place)| place.has_name && !place.is_trash) {
        *anywhere.entry(*thread).or_default() |= place.unread > 0;
    }
    for ((thread, _), place) in places.iter_mut() {
        let elsewhere = anywhere.get(thread).copied().unwrap_or(false);
        place.shown = if place.is_trash { place.unread > 0 } else { elsewhere };
    }
}

/// Counts the letters of one conversation anew. The counters of its folders are counted anew behind it.
fn mend(tx: &mut Tx, account: AccountId, thread: ThreadId) -> Result<bool, Error> {
    let before: Vec<i64> = tx.query(
        "SELECT folder FROM folder_thread WHERE account = $1 AND thread = $2",
        params![account.0, thread.0],
        |row| row.get(0),
    )?;
    for folder in before {
        tx.execute("DELETE FROM folder_thread WHERE folder = $1 AND thread = $2", params![folder, thread.0])?;
    }
    tx.execute(
        "INSERT INTO folder_thread (folder, thread, total, unread, account, shown)
         SELECT e.folder, l.thread, COUNT(*), SUM(CASE WHEN (e.flags & 25) = 0 THEN 1 ELSE 0 END), l.account, 0
         FROM letter l JOIN entry e ON e.letter = l.letter
         WHERE l.account = $1 AND l.thread = $2 AND (e.flags & 8) = 0 GROUP BY e.folder, l.thread, l.account
         ON CONFLICT (folder, thread) DO UPDATE SET total = excluded.total, unread = excluded.unread, shown = 0,
             account = excluded.account",
        params![account.0, thread.0],
    )?;
    let change = account::tick(tx, account, Touch::FOLDERS)?;
    visible::settle(tx, account, thread, change)?;
    tx.announce(topic(account));
    Ok(true)
}

/// Message ids and subjects that lead to conversations without a letter, but those that are being forgotten.
fn loose(verify: &Verify<'_>, account: AccountId, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    let mut after = i64::MIN;
    loop {
        let sql = "SELECT thread FROM thread_ref WHERE account = $1 AND thread > $2
             UNION SELECT thread FROM thread_subject WHERE account = $1 AND thread > $2 ORDER BY thread LIMIT $3";
        let slice = verify.store.read_blocking::<_, Error, _>(move |view| {
            let threads = view.query(sql, params![account.0, after, SLICE], |row| row.get(0).map(ThreadId))?;
            let mut loose = Vec::new();
            for thread in &threads {
                if is_loose(view, account, *thread)? {
                    loose.push(*thread);
                }
            }
            Ok(threads.last().map(|last| (last.0, loose)))
        })?;
        let Some((last, loose)) = slice else { return Ok(()) };
        after = last;
        for thread in loose {
            let mended = verify.mend(move |tx| {
                let sql = "INSERT INTO loose_thread (account, thread) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                tx.announce(account::WORK);
                Ok(tx.execute(sql, params![account.0, thread.0])? > 0)
            })?;
            tell(Finding::of(Fault::LooseIds(thread), Some(account), mended));
        }
    }
}

fn is_loose(view: &View, account: AccountId, thread: ThreadId) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM letter WHERE account = $1 AND thread = $2
         UNION ALL SELECT 1 FROM loose_thread WHERE account = $1 AND thread = $2 LIMIT 1";
    Ok(view.query_opt(sql, params![account.0, thread.0], |_| Ok(()))?.is_none())
}
