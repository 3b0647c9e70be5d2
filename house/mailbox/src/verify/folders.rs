//! Verifies folders: the entries and the counters.

use std::ops::ControlFlow;

use mail::seam::AccountId;
use store::{Tx, View, params};

use super::fault::{Fault, Finding, Seen};
use super::places;
use super::work::{Looked, SLICE, Verify};
use crate::{Access, Error, FolderId, LetterKey, Uid, Uids};

/// Every folder, also those that are being cleared away.
fn each(verify: &Verify<'_>, mut visit: impl FnMut(FolderId, AccountId) -> Result<(), Error>) -> Result<(), Error> {
    let mut after = 0;
    loop {
        let slice = verify.store.read_blocking::<_, Error, _>(move |view| {
            let sql = "SELECT folder, account FROM folder WHERE folder > $1 ORDER BY folder LIMIT $2";
            let read = |row: &store::Row| Ok((FolderId(row.get(0)?), AccountId(row.get(1)?)));
            Ok(view.query(sql, params![after, SLICE], read)?)
        })?;
        let Some((last, _)) = slice.last() else { return Ok(()) };
        after = last.0;
        slice.into_iter().try_for_each(|(folder, account)| visit(folder, account))?;
    }
}

/// Every entry leads to a letter of the same account, and repeats its columns.
pub(super) fn entries(verify: &Verify<'_>, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    each(verify, |folder, account| {
        let mut after = 0;
        while let Some((last, odd)) =
            verify.store.read_blocking(move |view| odd_entries(view, folder, account, after))?
        {
            after = last;
            for entry in odd {
                entry_fault(verify, folder, account, entry, tell)?;
            }
        }
        Ok(())
    })?;
    places::agree(verify, tell)?;
    strangers(verify, tell)
}

struct Entry {
    uid: u32,
    letter: LetterKey,
    fault: Option<&'static str>,
}

/// The entries of the next slice that do not agree with their letter, and the last UID of the slice.
fn odd_entries(
    view: &View,
    folder: FolderId,
    account: AccountId,
    after: u32,
) -> Result<Option<(u32, Vec<Entry>)>, Error> {
    let (mut last, mut odd) = (None, Vec::new());
    let sql = "SELECT e.uid, e.letter, l.account, l.thread = e.thread, l.size = e.size
         FROM entry e LEFT JOIN letter l ON l.letter = e.letter
         WHERE e.folder = $1 AND e.uid > $2 ORDER BY e.uid LIMIT $3";
    view.for_each(sql, params![folder.0, after, 4 * SLICE], |row| {
        let (uid, letter, owner) = (row.get::<u32>(0)?, LetterKey(row.get(1)?), row.get::<Option<i64>>(2)?);
        last = Some(uid);
        let fault = match owner {
            None => Some(None),
            Some(owner) if owner != account.0 => Some(Some("account")),
            Some(_) if !row.get::<bool>(3)? => Some(Some("thread")),
            Some(_) if !row.get::<bool>(4)? => Some(Some("size")),
            Some(_) => None,
        };
        odd.extend(fault.map(|fault| Entry { uid, letter, fault }));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(last.map(|last| (last, odd)))
}

fn entry_fault(
    verify: &Verify<'_>,
    folder: FolderId,
    account: AccountId,
    entry: Entry,
    tell: &mut dyn FnMut(Finding),
) -> Result<(), Error> {
    let Entry { uid, letter, fault } = entry;
    let seen = verify.store.read_blocking(move |view| Seen::look(view, letter))?;
    let Some(what) = fault else {
        let fault = Fault::NoLetter(folder, Uid(crate::numbers::at_least_one(uid.into())));
        let sql = "SELECT name FROM folder WHERE folder = $1";
        let name = verify.store.read_blocking(move |view| view.query_opt(sql, params![folder.0], |row| row.get(0)))?;
        let seen = Seen { folder: name.flatten(), uid: Some(uid), ..seen };
        tell(Finding { letter: Some(seen), ..Finding::of(fault, Some(account), false) });
        return Ok(());
    };
    // A letter of somebody else is nothing that may be guessed at.
    let mended = what != "account"
        && verify.mend(move |tx| {
            let sql = "UPDATE entry SET thread = (SELECT l.thread FROM letter l WHERE l.letter = entry.letter),
             size = (SELECT l.size FROM letter l WHERE l.letter = entry.letter)
             WHERE folder = $1 AND uid = $2 AND letter = $3";
            Ok(tx.execute(sql, params![folder.0, uid, letter.0])? > 0)
        })?;
    tell(Finding { letter: Some(seen), ..Finding::of(Fault::Place(what), Some(account), mended) });
    Ok(())
}

/// Entries of folders that there are not.
fn strangers(verify: &Verify<'_>, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    let sql = "SELECT DISTINCT folder FROM entry WHERE NOT EXISTS
         (SELECT 1 FROM folder f WHERE f.folder = entry.folder) LIMIT 1000";
    let folders = verify.store.read_blocking(move |view| view.query(sql, params![], |row| row.get::<i64>(0)))?;
    for folder in folders {
        let sql = "SELECT e.letter, l.account FROM entry e JOIN letter l ON l.letter = e.letter WHERE e.folder = $1
             ORDER BY e.uid LIMIT 1000";
        let read = |row: &store::Row| Ok((LetterKey(row.get(0)?), AccountId(row.get(1)?)));
        let letters = verify.store.read_blocking(move |view| view.query(sql, params![folder], read))?;
        for (letter, account) in letters {
            let seen = verify.store.read_blocking(move |view| Seen::look(view, letter))?;
            tell(Finding { letter: Some(seen), ..Finding::of(Fault::NoFolder, Some(account), false) });
        }
    }
    Ok(())
}

/// The counters of a folder, in the order of [`NAMES`].
type Counters = [i64; NAMES.len()];

/// The columns of the counters.
const NAMES: [&str; 8] = ["total", "unseen", "deleted", "size", "unread", "threads", "unread_threads", "buried"];

/// Counts every folder anew.
pub(super) fn counters(verify: &Verify<'_>, looked: &mut Looked, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    each(verify, |folder, account| {
        looked.folders += 1;
        let Some(state) = verify.store.read_blocking(move |view| State::look(view, folder))? else { return Ok(()) };
        for (place, (kept, found)) in state.kept.into_iter().zip(state.found).enumerate() {
            let name = NAMES[place];
            // Nobody asks a folder that is being cleared away for its tombstones.
            let counts = name != "buried" || state.name.is_some();
            if kept != found && counts {
                let mended = verify.mend(move |tx| add(tx, folder, name, found - kept))?;
                let fault = Fault::Counter { name, folder: state.name.clone(), kept, found };
                tell(Finding::of(fault, Some(account), mended));
            }
        }
        for (name, kept, least) in [("uid_next", state.next, state.last + 1), ("highest", state.highest, state.latest)]
        {
            if kept < least {
                let mended = verify.mend(move |tx| raise(tx, folder, name, least))?;
                let fault = Fault::Counter { name, folder: state.name.clone(), kept, found: least };
                tell(Finding::of(fault, Some(account), mended));
            }
        }
        checkpoint(verify, folder, account, tell)
    })
}

struct State {
    name: Option<String>,
    kept: Counters,
    found: Counters,
    /// UIDNEXT, and the highest UID that is there.
    next: i64,
    last: i64,
    /// The last change of the folder, and the latest of an entry.
    highest: i64,
    latest: i64,
}

impl State {
    /// All in one snapshot: the difference stays right whatever comes after it.
    fn look(view: &View, folder: FolderId) -> Result<Option<Self>, Error> {
        let sql =
            "SELECT total, unseen, deleted, size, unread, threads, unread_threads, buried, name, uid_next, highest
             FROM folder WHERE folder = $1";
        let row = view.query_opt(sql, params![folder.0], |row| {
            let mut kept = [0; NAMES.len()];
            for (place, kept) in kept.iter_mut().enumerate() {
                *kept = row.get(place)?;
            }
            Ok((kept, row.get(8)?, row.get(9)?, row.get(10)?))
        })?;
        let Some((kept, name, next, highest)) = row else { return Ok(None) };
        let mut found = [0; NAMES.len()];
        let sql = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN (flags & 1) = 0 THEN 1 ELSE 0 END), 0),
             COALESCE(SUM(CASE WHEN (flags & 8) = 8 THEN 1 ELSE 0 END), 0), COALESCE(SUM(size), 0),
             COALESCE(SUM(CASE WHEN (flags & 25) = 0 THEN 1 ELSE 0 END), 0), COALESCE(MAX(uid), 0),
             COALESCE(MAX(change), 0) FROM entry WHERE folder = $1";
        let (last, latest) = view.query_one(sql, params![folder.0], |row| {
            for (place, found) in found.iter_mut().take(5).enumerate() {
                *found = row.get(place)?;
            }
            Ok((row.get(5)?, row.get(6)?))
        })?;
        let sql = "SELECT COUNT(*), COALESCE(SUM(shown), 0) FROM folder_thread WHERE folder = $1 AND total > 0";
        (found[5], found[6]) = view.query_one(sql, params![folder.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let sql = "SELECT COUNT(*) FROM tombstone WHERE folder = $1";
        found[7] = view.query_one(sql, params![folder.0], |row| row.get(0))?;
        Ok(Some(Self { name, kept, found, next, last, highest, latest }))
    }
}

/// `name` is one of this file's.
fn add(tx: &mut Tx, folder: FolderId, name: &str, difference: i64) -> Result<bool, Error> {
    let sql = format!(
        "UPDATE folder SET {name} = {name} + $2,
         counted = COALESCE((SELECT a.change FROM account_mail a WHERE a.account = folder.account), counted)
         WHERE folder = $1"
    );
    Ok(tx.execute(&sql, params![folder.0, difference])? > 0)
}

fn raise(tx: &mut Tx, folder: FolderId, name: &str, least: i64) -> Result<bool, Error> {
    let sql = format!("UPDATE folder SET {name} = $2 WHERE folder = $1 AND {name} < $2");
    Ok(tx.execute(&sql, params![folder.0, least])? > 0)
}

/// Opened by its checkpoint, a folder has the UIDs that a walk finds.
fn checkpoint(
    verify: &Verify<'_>,
    folder: FolderId,
    account: AccountId,
    tell: &mut dyn FnMut(Finding),
) -> Result<(), Error> {
    let access = Access::house(account);
    let look = move |view: &View| match Uids::load(view, access, folder) {
        Ok((loaded, _)) => {
            Ok((loaded != Uids::walk(view, folder)?, Some(crate::folder::get(view, access, folder)?.name)))
        }
        // It has been deleted.
        Err(Error::NoSuchFolder(_)) => Ok((false, None)),
        Err(error) => Err(error),
    };
    let (wrong, name) = verify.store.read_blocking(look)?;
    if wrong {
        let mended = verify
            .mend(move |tx| Ok(tx.execute("DELETE FROM uid_checkpoint WHERE folder = $1", params![folder.0])? > 0))?;
        tell(Finding::of(Fault::Checkpoint(name.unwrap_or_default()), Some(account), mended));
    }
    Ok(())
}
