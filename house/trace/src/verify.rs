//! Is the trace what it should be? Every row can be read, and is found by its keys.

use std::ops::ControlFlow;

use mail::LetterId;
use store::{Key, Store, View, params};

use crate::index::{letter, period, upto};
use crate::key::keys;
use crate::row::decode;

/// Rows looked at in one read.
const SLICE: usize = 500;

/// A row that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The letter whose step it is.
    pub letter: LetterId,
    /// The fault.
    pub kind: FaultKind,
    /// True if it was mended.
    pub mended: bool,
}

/// The fault of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It cannot be read. Its events are lost.
    Damaged,
    /// The letter that it tells of does not find it.
    NotFound,
}

/// A row that is not found by these keys; by none if it cannot be read.
struct Odd {
    entry: i64,
    letter: LetterId,
    missing: Option<Vec<i64>>,
}

/// Looks at every row, slice by slice, and gives how many there were; with `repair` keys that are missing are written.
/// It blocks, and must not be called from a task of a runtime.
pub fn verify(store: &Store, repair: bool, tell: &mut dyn FnMut(Fault)) -> Result<u64, store::Error> {
    let (mut after, mut rows) = (0, 0);
    while let Some((last, count, odd)) = store.read_blocking(move |view| slice(view, after))? {
        after = last;
        rows += count;
        for Odd { entry, letter, missing } in odd {
            let kind = if missing.is_some() { FaultKind::NotFound } else { FaultKind::Damaged };
            let mended = match missing {
                Some(keys) if repair => write(store, entry, keys)?,
                _ => false,
            };
            tell(Fault { letter, kind, mended });
        }
    }
    Ok(rows)
}

fn slice(view: &View, after: i64) -> Result<Option<(i64, u64, Vec<Odd>)>, store::Error> {
    let (indexed, mut last, mut rows, mut odd, mut whole) = (upto(view)?, None, 0, Vec::new(), Vec::new());
    let sql = "SELECT entry, letter, steps FROM trace_step WHERE entry > $1 ORDER BY entry LIMIT $2";
    view.for_each(sql, params![after, SLICE], |row| {
        let (entry, letter) = (row.get::<i64>(0)?, letter(row, 1)?);
        (last, rows) = (Some(entry), rows + 1);
        match decode(row.bytes(2)?) {
            Err(_) => odd.push(Odd { entry, letter, missing: None }),
            Ok(events) if entry <= indexed => whole.push((entry, letter, keys(letter, &events))),
            Ok(_) => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (entry, letter, keys) in whole {
        let missing = missing(view, entry, keys.into_iter().map(|key| key.0))?;
        if !missing.is_empty() {
            odd.push(Odd { entry, letter, missing: Some(missing) });
        }
    }
    Ok(last.map(|last| (last, rows, odd)))
}

/// The keys by which the row is not found.
fn missing(view: &View, entry: i64, keys: impl Iterator<Item = i64>) -> Result<Vec<i64>, store::Error> {
    let mut missing = Vec::new();
    for key in keys {
        let sql = "SELECT 1 FROM trace_key WHERE period = $1 AND key = $2 AND entry = $3";
        if view.query_opt(sql, params![period(entry), key, entry], |_| Ok(()))?.is_none() {
            missing.push(key);
        }
    }
    Ok(missing)
}

fn write(store: &Store, entry: i64, keys: Vec<i64>) -> Result<bool, store::Error> {
    store.write_blocking(Key::Trace, move |tx| {
        for key in &keys {
            let sql = "INSERT INTO trace_key (period, key, entry) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            tx.execute(sql, params![period(entry), *key, entry])?;
        }
        Ok(true)
    })
}
