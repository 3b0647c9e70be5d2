//! Records that only JMAP knows: identities, submissions, absences, preferences. Kept as JSON, with exact changes.

use mail::seam::AccountId;
use mailbox::Change;
use mailbox::account_changes::{Changes, Cursor};
use serde_json::Value;
use store::{Tx, View, params};

use crate::api::Object;

/// The most records of a kind that an account can have; of submissions the oldest make room.
pub const MOST: usize = 10_000;
/// Of those that are gone so many are remembered.
const REMEMBERED: i64 = 10_000;

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Identity,
    Submission,
    Vacation,
    Preferences,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Submission => "submission",
            Self::Vacation => "vacation",
            Self::Preferences => "preferences",
        }
    }
}

/// A record.
#[derive(Clone, Debug)]
pub struct Record {
    pub id: i64,
    pub data: Object,
}

/// The last change of any record of the kind.
pub fn state(view: &View, account: AccountId, kind: Kind) -> Result<Change, store::Error> {
    Ok(ends(view, account, kind)?.0)
}

fn ends(view: &View, account: AccountId, kind: Kind) -> Result<(Change, Change), store::Error> {
    let sql = "SELECT change, forgotten FROM jmap_state WHERE account = $1 AND kind = $2";
    let found =
        view.query_opt(sql, params![account.0, kind.name()], |row| Ok((Change(row.get(0)?), Change(row.get(1)?))))?;
    Ok(found.unwrap_or_default())
}

/// All records of the kind, in the order they came.
pub fn list(view: &View, account: AccountId, kind: Kind) -> Result<Vec<Record>, store::Error> {
    let sql = "SELECT record, data FROM jmap_record WHERE account = $1 AND kind = $2 AND data IS NOT NULL
               ORDER BY record";
    view.query(sql, params![account.0, kind.name()], read)
}

/// The record of this number.
pub fn get(view: &View, account: AccountId, kind: Kind, id: i64) -> Result<Option<Record>, store::Error> {
    let sql = "SELECT record, data FROM jmap_record
               WHERE record = $1 AND account = $2 AND kind = $3 AND data IS NOT NULL";
    view.query_opt(sql, params![id, account.0, kind.name()], read)
}

fn read(row: &store::Row) -> Result<Record, store::Error> {
    // A damaged record reads as an empty one: it can still be destroyed.
    let data = serde_json::from_str(row.text(1)?).unwrap_or_default();
    Ok(Record { id: row.get(0)?, data })
}

/// Makes a record and gives its number.
pub fn create(tx: &mut Tx, account: AccountId, kind: Kind, data: &Object) -> Result<i64, store::Error> {
    let change = tick(tx, account, kind)?;
    tx.query_one(
        "INSERT INTO jmap_record (account, kind, born, change, data) VALUES ($1, $2, $3, $3, $4) RETURNING record",
        params![account.0, kind.name(), change.0, text(data)],
        |row| row.get(0),
    )
}

/// Gives a record other data.
pub fn update(tx: &mut Tx, account: AccountId, kind: Kind, id: i64, data: &Object) -> Result<(), store::Error> {
    let change = tick(tx, account, kind)?;
    tx.execute(
        "UPDATE jmap_record SET data = $3, change = $4 WHERE record = $1 AND account = $2",
        params![id, account.0, text(data), change.0],
    )?;
    Ok(())
}

/// Takes a record away; false where there was none.
pub fn destroy(tx: &mut Tx, account: AccountId, kind: Kind, id: i64) -> Result<bool, store::Error> {
    if get(tx, account, kind, id)?.is_none() {
        return Ok(false);
    }
    let change = tick(tx, account, kind)?;
    tx.execute(
        "UPDATE jmap_record SET data = NULL, change = $3 WHERE record = $1 AND account = $2",
        params![id, account.0, change.0],
    )?;
    forget(tx, account, kind, change)?;
    Ok(true)
}

/// Makes room for another record where there are as many as there can be: the oldest goes. Gives its number.
pub fn make_room(tx: &mut Tx, account: AccountId, kind: Kind) -> Result<Option<i64>, store::Error> {
    let sql = "SELECT COUNT(*), MIN(record) FROM jmap_record WHERE account = $1 AND kind = $2 AND data IS NOT NULL";
    let (count, oldest) = tx.query_one(sql, params![account.0, kind.name()], |row| {
        Ok((row.get::<usize>(0)?, row.get::<Option<i64>>(1)?))
    })?;
    let oldest = oldest.filter(|_| count >= MOST);
    if let Some(oldest) = oldest {
        destroy(tx, account, kind, oldest)?;
    }
    Ok(oldest)
}

/// Returns the changes of the records. `None` if the log does not reach back that far.
pub fn changes(
    view: &View,
    account: AccountId,
    kind: Kind,
    from: Cursor,
    limit: usize,
) -> Result<Option<Changes<i64>>, store::Error> {
    let (head, forgotten) = ends(view, account, kind)?;
    if from.known < forgotten || from.known > head {
        return Ok(None);
    }
    let rows = view.query(
        "SELECT record, born, change, data IS NULL FROM jmap_record
         WHERE account = $1 AND kind = $2 AND (change, record) > ($3, $4) ORDER BY change, record LIMIT $5",
        params![account.0, kind.name(), from.seen.0.0, from.seen.1, limit.saturating_add(1)],
        |row| Ok((row.get::<i64>(0)?, Change(row.get(1)?), Change(row.get(2)?), row.get::<bool>(3)?)),
    )?;
    let more = rows.len() > limit;
    let told = rows.get(..limit).unwrap_or(&rows);
    let now = match told.last().filter(|_| more) {
        Some((record, _, change, _)) => Cursor { known: from.known, seen: (*change, *record) },
        None => Cursor::at(head),
    };
    let mut changes = Changes { created: Vec::new(), updated: Vec::new(), destroyed: Vec::new(), now, more };
    for (record, born, _, gone) in told {
        match (gone, *born <= from.known) {
            (false, true) => changes.updated.push(*record),
            (false, false) => changes.created.push(*record),
            (true, true) => changes.destroyed.push(*record),
            (true, false) if *born <= from.seen.0 => changes.destroyed.push(*record),
            (true, false) => {}
        }
    }
    Ok(Some(changes))
}

fn tick(tx: &mut Tx, account: AccountId, kind: Kind) -> Result<Change, store::Error> {
    let change = tx.query_one(
        "INSERT INTO jmap_state (account, kind, change) VALUES ($1, $2, 1)
         ON CONFLICT (account, kind) DO UPDATE SET change = jmap_state.change + 1 RETURNING change",
        params![account.0, kind.name()],
        |row| row.get(0).map(Change),
    )?;
    // Whoever listens to the account hears of it.
    tx.announce(mailbox::account::topic(account));
    Ok(change)
}

/// Old ones that are gone are forgotten, and the horizon moves along.
fn forget(tx: &mut Tx, account: AccountId, kind: Kind, change: Change) -> Result<(), store::Error> {
    let until = i64::try_from(change.0).unwrap_or(i64::MAX) - REMEMBERED;
    if until <= 0 || until % 1000 != 0 {
        return Ok(());
    }
    tx.execute(
        "DELETE FROM jmap_record WHERE account = $1 AND kind = $2 AND data IS NULL AND change <= $3",
        params![account.0, kind.name(), until],
    )?;
    tx.execute(
        "UPDATE jmap_state SET forgotten = $3 WHERE account = $1 AND kind = $2",
        params![account.0, kind.name(), until],
    )?;
    Ok(())
}

fn text(data: &Object) -> String {
    Value::Object(data.clone()).to_string()
}
