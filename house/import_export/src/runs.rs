//! The runs of import: each records the letters that it has filed and the folders that it has made, so that it can be
//! undone.

use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::FolderId;
use store::{Tx, View, params};

/// The number of a run, which people name it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// Into whose mailbox.
    pub account: AccountId,
    /// When it began.
    pub began: Timestamp,
    /// The name under which the files were imported.
    pub what: String,
    /// Letters it has filed that can be taken back.
    pub letters: u64,
}

/// The longest name of an import that is kept, in characters.
const LONGEST: usize = 300;

/// Begins a run.
pub fn begin(tx: &mut Tx, account: AccountId, now: Timestamp, what: &str) -> Result<RunId, store::Error> {
    let what: String = what.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let sql = "INSERT INTO import_run (account, began, what) VALUES ($1, $2, $3) RETURNING run";
    tx.query_one(sql, params![account.0, now.0, what], |row| row.get(0).map(RunId))
}

/// Notes a folder that a run has made, in the commit that makes it.
pub fn note_folder(tx: &mut Tx, run: RunId, folder: FolderId, name: &str) -> Result<(), store::Error> {
    let sql = "INSERT INTO import_folder (run, folder, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    tx.execute(sql, params![run.0, folder.0, name]).map(drop)
}

const COLUMNS: &str = "r.run, r.account, r.began, r.what,
    (SELECT COUNT(*) FROM import_copy c WHERE c.run = r.run AND c.run > 0 AND c.further = 0)";

fn read(row: &store::Row<'_>) -> Result<Run, store::Error> {
    Ok(Run {
        id: RunId(row.get(0)?),
        account: AccountId(row.get(1)?),
        began: Timestamp(row.get(2)?),
        what: row.get(3)?,
        letters: row.get(4)?,
    })
}

/// The run of this number, unless it was undone.
pub fn get(view: &View, run: RunId) -> Result<Option<Run>, store::Error> {
    view.query_opt(&format!("SELECT {COLUMNS} FROM import_run r WHERE r.run = $1"), params![run.0], read)
}

/// The most that are listed.
const MOST: usize = 1000;

/// The runs into a mailbox, the last one first.
pub fn list(view: &View, account: AccountId) -> Result<Vec<Run>, store::Error> {
    let sql = format!("SELECT {COLUMNS} FROM import_run r WHERE r.account = $1 ORDER BY r.run DESC LIMIT $2");
    view.query(&sql, params![account.0, MOST], read)
}

/// Forgets a run that has filed nothing and made nothing.
pub fn end(tx: &mut Tx, run: RunId) -> Result<(), store::Error> {
    let sql = "DELETE FROM import_run WHERE run = $1
         AND NOT EXISTS (SELECT 1 FROM import_copy c WHERE c.run = $1 AND c.run > 0)
         AND NOT EXISTS (SELECT 1 FROM import_folder f WHERE f.run = $1)";
    tx.execute(sql, params![run.0]).map(drop)
}

/// Forgets the runs of a person who is removed.
pub fn forget(tx: &mut Tx, account: AccountId) -> Result<(), store::Error> {
    let sql = "DELETE FROM import_folder WHERE run IN (SELECT run FROM import_run WHERE account = $1)";
    tx.execute(sql, params![account.0])?;
    tx.execute("DELETE FROM import_run WHERE account = $1", params![account.0]).map(drop)
}
