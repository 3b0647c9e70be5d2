//! Taking a run of import back: the letters it filed that nobody has touched since, and the folders it made that are empty.

use std::collections::BTreeMap;

use mailbox::fetch::{self, Want};
use mailbox::letter::{self, Expunge};
use mailbox::{Access, FolderId, Uid, UidRange, folder};
use store::{Store, Tx, View, params};

use crate::Error;
use crate::import::pace::Pace;
use crate::memory::flags_key;
use crate::runs::{self, Run, RunId};

/// The result of an undo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Letters taken away. (One that somebody has put into another folder stays there, and is only taken out of those that the
    /// import put it in.)
    pub letters: u64,
    /// Letters left where they are: somebody has read or flagged them since, or they were fetched as well.
    pub kept: u64,
    /// Letters that somebody has moved or deleted since. Wherever they are, they stay there.
    pub gone: u64,
    /// Folders taken away.
    pub folders: u64,
}

/// Letters of one write.
const SLICE: usize = 100;

/// Takes a run back, slice by slice. Letters that were here before it are never touched; those that are taken away are
/// forgotten, so that the same import brings them again. Stopped at any moment, the same call goes on from there.
/// `goes_on` is asked between two slices. `beside`: others write meanwhile, and come first.
pub fn undo(store: &Store, run: &Run, beside: bool, goes_on: &mut dyn FnMut(&Undone) -> bool) -> Result<Undone, Error> {
    let (mut undone, id, access) = (Undone::default(), run.id, Access::house(run.account));
    let key = access.key();
    let mut pace = Pace::new(beside);
    loop {
        let slice = pace.beside_others(store, || store.write_blocking(key, move |tx| take_slice(tx, access, id)))?;
        let Some(slice) = slice else { break };
        undone.letters += slice.letters;
        undone.kept += slice.kept;
        undone.gone += slice.gone;
        if !goes_on(&undone) {
            return Err(Error::Gone);
        }
    }
    loop {
        let slice = pace.beside_others(store, || store.write_blocking(key, move |tx| take_folder(tx, access, id)))?;
        let Some(taken) = slice else { break };
        undone.folders += u64::from(taken);
    }
    store.write_blocking(key, move |tx| runs::end(tx, id))?;
    Ok(undone)
}

/// A copy that a run has filed.
struct Copy {
    folder: FolderId,
    uid: Uid,
    /// The flags as [`flags_key`] writes them.
    flags: i64,
    fetched: bool,
}

/// The state of a copy.
enum Found {
    Untouched,
    Touched,
    Gone,
}

/// `None`: none are left.
fn take_slice(tx: &mut Tx, access: Access, run: RunId) -> Result<Option<Undone>, mailbox::Error> {
    let copies = copies(tx, run)?;
    if copies.is_empty() {
        return Ok(None);
    }
    let (mut undone, mut taken) = (Undone::default(), BTreeMap::<FolderId, Vec<Uid>>::new());
    for copy in copies {
        match found(tx, access, &copy)? {
            Found::Untouched => {
                taken.entry(copy.folder).or_default().push(copy.uid);
                continue;
            }
            Found::Touched => undone.kept += 1,
            Found::Gone => undone.gone += 1,
        }
        // The memory of the copy stays: an import does not bring it again.
        let sql = "UPDATE import_copy SET run = 0 WHERE run = $1 AND run > 0 AND lies = $2 AND uid = $3";
        tx.execute(sql, params![run.0, copy.folder.0, copy.uid.get()])?;
    }
    for (folder, letters) in taken {
        undone.letters += take_away(tx, access, run, folder, &letters)?;
    }
    Ok(Some(undone))
}

fn copies(view: &View, run: RunId) -> Result<Vec<Copy>, mailbox::Error> {
    let sql = "SELECT lies, uid, flags, source FROM import_copy
         WHERE run = $1 AND run > 0 ORDER BY lies, uid LIMIT $2";
    let rows = view.query(sql, params![run.0, SLICE], |row| {
        Ok((FolderId(row.get(0)?), row.get::<u32>(1)?, row.get(2)?, row.get::<i64>(3)? != 0))
    })?;
    let copy = |(folder, uid, flags, fetched)| {
        let uid = Uid::new(uid).ok_or(mailbox::Error::Damaged("a UID of an import"))?;
        Ok(Copy { folder, uid, flags, fetched })
    };
    rows.into_iter().map(copy).collect()
}

/// A letter that was moved has another UID; one that has other flags was somebody's concern.
fn found(view: &View, access: Access, copy: &Copy) -> Result<Found, mailbox::Error> {
    let row = fetch::fetch(view, access, copy.folder, &[UidRange::one(copy.uid)], Want::ROW, 1)?.pop();
    Ok(match row {
        None => Found::Gone,
        Some(row) if flags_key(&row.flags) == copy.flags && !copy.fetched => Found::Untouched,
        Some(_) => Found::Touched,
    })
}

/// Takes letters out of the folder that the run has put them in, and returns how many of them lie nowhere now. Only of those
/// that went is it forgotten that they were here: how many go in one write is the mailbox's to say.
fn take_away(
    tx: &mut Tx,
    access: Access,
    run: RunId,
    folder: FolderId,
    letters: &[Uid],
) -> Result<u64, mailbox::Error> {
    let ranges: Vec<UidRange> = letters.iter().copied().map(UidRange::one).collect();
    let gone = letter::expunge(tx, access, folder, &Expunge::All(&ranges), letters.len())?;
    for uid in &gone.uids {
        let sql = "DELETE FROM import_copy WHERE run = $1 AND run > 0 AND lies = $2 AND uid = $3";
        tx.execute(sql, params![run.0, folder.0, uid.get()])?;
    }
    let mut ended = 0;
    for key in gone.letters {
        ended += u64::from(letter::places(tx, access, key)?.is_empty());
    }
    Ok(ended)
}

/// Takes away the next folder of a run, the deepest first, if it is empty and still has the name it was made with.
/// Returns whether it went; `None`: none are left.
fn take_folder(tx: &mut Tx, access: Access, run: RunId) -> Result<Option<bool>, mailbox::Error> {
    let sql = "SELECT folder, name FROM import_folder WHERE run = $1 ORDER BY LENGTH(name) DESC, folder LIMIT 1";
    let next = tx.query_opt(sql, params![run.0], |row| Ok((FolderId(row.get(0)?), row.get::<String>(1)?)))?;
    let Some((id, name)) = next else { return Ok(None) };
    tx.execute("DELETE FROM import_folder WHERE run = $1 AND folder = $2", params![run.0, id.0])?;
    let there = folder::by_name(tx, access, &name)?;
    if !there.is_some_and(|folder| folder.id == id && folder.total == 0) {
        return Ok(Some(false));
    }
    match folder::delete(tx, access, &name) {
        Ok(()) => folder::unsubscribe(tx, access, &name).map(|()| Some(true)),
        Err(mailbox::Error::HasChildren | mailbox::Error::Inbox) => Ok(Some(false)),
        Err(other) => Err(other),
    }
}
