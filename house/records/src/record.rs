//! The rows that all kinds of records share. Each is a text in JSON; which changed when is exact.

use mail::seam::AccountId;
use mailbox::Change;
use mailbox::account_changes::{Changes, Cursor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Tx, View, params};

/// The most records of a kind that an account can have.
pub const MOST: usize = 10_000;
/// The number of changes by which a record that is gone is remembered.
const REMEMBERED: i64 = 10_000;

/// A record as JSON.
pub type Object = serde_json::Map<String, Value>;

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identity that a person writes as.
    Identity,
    /// A letter that a person has submitted.
    Submission,
    /// The answer while a person is away.
    Vacation,
    /// The preferences of a person.
    Preferences,
}

impl Kind {
    /// Its name in the tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Submission => "submission",
            Self::Vacation => "vacation",
            Self::Preferences => "preferences",
        }
    }
}

/// A record and its number.
#[derive(Clone, Debug)]
pub(crate) struct Record<T> {
    pub(crate) number: i64,
    pub(crate) data: T,
}

/// The last change of any record of the kind in the account; zero where there never was one.
pub fn state(view: &View, account: AccountId, kind: Kind) -> Result<Change, store::Error> {
    Ok(ends(view, account, kind)?.0)
}

/// The last change, and the last one that is not remembered any more.
fn ends(view: &View, account: AccountId, kind: Kind) -> Result<(Change, Change), store::Error> {
    let sql = "SELECT change, forgotten FROM record_state WHERE account = $1 AND kind = $2";
    let found =
        view.query_opt(sql, params![account.0, kind.name()], |row| Ok((Change(row.get(0)?), Change(row.get(1)?))))?;
    Ok(found.unwrap_or_default())
}

/// Returns the changes to the records of a kind since `from`, at most `limit` of them, by their numbers. `None`:
/// changes so long ago are not remembered, or there never was such a state.
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
        "SELECT record, born, change, data IS NULL FROM record_object
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

/// All records of the kind, in the order they came.
pub(crate) fn list<T: DeserializeOwned + Default>(
    view: &View,
    account: AccountId,
    kind: Kind,
) -> Result<Vec<Record<T>>, store::Error> {
    let sql = "SELECT record, data FROM record_object WHERE account = $1 AND kind = $2 AND data IS NOT NULL
               ORDER BY record";
    view.query(sql, params![account.0, kind.name()], read)
}

/// The record of this number; none where the account has no such record of the kind.
pub(crate) fn get<T: DeserializeOwned + Default>(
    view: &View,
    account: AccountId,
    kind: Kind,
    number: i64,
) -> Result<Option<T>, store::Error> {
    let sql = "SELECT record, data FROM record_object
               WHERE record = $1 AND account = $2 AND kind = $3 AND data IS NOT NULL";
    Ok(view.query_opt(sql, params![number, account.0, kind.name()], read)?.map(|found| found.data))
}

/// The first record of the kind: the only one, of kinds of which there is one in an account.
pub(crate) fn first<T: DeserializeOwned + Default>(
    view: &View,
    account: AccountId,
    kind: Kind,
) -> Result<Option<Record<T>>, store::Error> {
    let sql = "SELECT record, data FROM record_object WHERE account = $1 AND kind = $2 AND data IS NOT NULL
               ORDER BY record LIMIT 1";
    view.query_opt(sql, params![account.0, kind.name()], read)
}

fn read<T: DeserializeOwned + Default>(row: &store::Row) -> Result<Record<T>, store::Error> {
    // A damaged record reads as an empty one: it can still be destroyed.
    let data = serde_json::from_str(row.text(1)?).unwrap_or_default();
    Ok(Record { number: row.get(0)?, data })
}

/// Makes a record and gives its number.
pub(crate) fn create<T: Serialize>(tx: &mut Tx, account: AccountId, kind: Kind, data: &T) -> Result<i64, store::Error> {
    let change = tick(tx, account, kind)?;
    tx.query_one(
        "INSERT INTO record_object (account, kind, born, change, data) VALUES ($1, $2, $3, $3, $4) RETURNING record",
        params![account.0, kind.name(), change.0, text(data)?],
        |row| row.get(0),
    )
}

/// Gives a record other data.
pub(crate) fn update<T: Serialize>(
    tx: &mut Tx,
    account: AccountId,
    kind: Kind,
    number: i64,
    data: &T,
) -> Result<(), store::Error> {
    let change = tick(tx, account, kind)?;
    tx.execute(
        "UPDATE record_object SET data = $3, change = $4 WHERE record = $1 AND account = $2",
        params![number, account.0, text(data)?, change.0],
    )?;
    Ok(())
}

/// Writes the only record of the kind, which is made where there is none yet.
pub(crate) fn put<T: Serialize>(tx: &mut Tx, account: AccountId, kind: Kind, data: &T) -> Result<(), store::Error> {
    match first::<Value>(tx, account, kind)? {
        Some(found) => update(tx, account, kind, found.number, data),
        None => create(tx, account, kind, data).map(drop),
    }
}

/// Takes a record away; false where there was none.
pub(crate) fn destroy(tx: &mut Tx, account: AccountId, kind: Kind, number: i64) -> Result<bool, store::Error> {
    if get::<Value>(tx, account, kind, number)?.is_none() {
        return Ok(false);
    }
    let change = tick(tx, account, kind)?;
    tx.execute(
        "UPDATE record_object SET data = NULL, change = $3 WHERE record = $1 AND account = $2",
        params![number, account.0, change.0],
    )?;
    forget_old(tx, account, kind, change)?;
    Ok(true)
}

/// The number of the oldest record, where there are as many of the kind as there can be.
pub(crate) fn surplus(view: &View, account: AccountId, kind: Kind) -> Result<Option<i64>, store::Error> {
    let sql = "SELECT COUNT(*), MIN(record) FROM record_object WHERE account = $1 AND kind = $2 AND data IS NOT NULL";
    let (count, oldest) = view.query_one(sql, params![account.0, kind.name()], |row| {
        Ok((row.get::<usize>(0)?, row.get::<Option<i64>>(1)?))
    })?;
    Ok(oldest.filter(|_| count >= MOST))
}

/// Takes the next change number of the kind.
fn tick(tx: &mut Tx, account: AccountId, kind: Kind) -> Result<Change, store::Error> {
    let change = tx.query_one(
        "INSERT INTO record_state (account, kind, change) VALUES ($1, $2, 1)
         ON CONFLICT (account, kind) DO UPDATE SET change = record_state.change + 1 RETURNING change",
        params![account.0, kind.name()],
        |row| row.get(0).map(Change),
    )?;
    // Those who listen to the account hear of its records by the same topic.
    tx.announce(mailbox::account::topic(account));
    Ok(change)
}

/// Old records that are gone are forgotten, and the horizon moves along.
fn forget_old(tx: &mut Tx, account: AccountId, kind: Kind, change: Change) -> Result<(), store::Error> {
    let until = i64::try_from(change.0).unwrap_or(i64::MAX) - REMEMBERED;
    if until <= 0 || until % 1000 != 0 {
        return Ok(());
    }
    tx.execute(
        "DELETE FROM record_object WHERE account = $1 AND kind = $2 AND data IS NULL AND change <= $3",
        params![account.0, kind.name(), until],
    )?;
    tx.execute(
        "UPDATE record_state SET forgotten = $3 WHERE account = $1 AND kind = $2",
        params![account.0, kind.name(), until],
    )?;
    Ok(())
}

fn text<T: Serialize>(data: &T) -> Result<String, store::Error> {
    // None of the kinds has a map with keys that are no text, so that this does not fail.
    serde_json::to_string(data).map_err(|error| store::Error::Constraint(error.to_string()))
}
