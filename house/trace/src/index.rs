//! Finding steps: the keys of many rows are written at once, behind the deliveries; the last rows are looked through.

use std::ops::ControlFlow;

use mail::LetterId;
use store::{Row, Store, Tx, View, params};

use crate::key::{Key, keys};
use crate::row::decode;

/// Rows whose keys are written in one commit. Fewer than this are left for later, so that a small office does not sync
/// for them.
pub(crate) const SLICE: usize = 1000;
/// Rows that are looked up at a time. Mostly a few are wanted.
const PAGE: usize = 64;
/// Keys that close a commit early.
const KEYS: usize = SLICE * 8;

/// The stretch of the index that a row's keys stand in.
pub(crate) fn period(entry: i64) -> i64 {
    entry >> 16
}

/// Writes the keys of the next rows; true when there may be more. With `all` also the last few.
pub(crate) async fn advance(store: &Store, all: bool) -> Result<bool, store::Error> {
    let batch = store.read(move |view| Batch::read(view, all)).await?;
    let Some(mut batch) = batch else { return Ok(false) };
    let more = batch.more;
    // Sorted, so that neighbours in the tree are written one after the other.
    batch.keys.sort_unstable();
    store.write(store::Key::Trace, move |tx| batch.write(tx)).await?;
    Ok(more)
}

/// Keys that are ready to be written.
struct Batch {
    from: i64,
    upto: i64,
    keys: Vec<(i64, i64, i64)>,
    more: bool,
}

impl Batch {
    fn read(view: &View, all: bool) -> Result<Option<Self>, store::Error> {
        let (from, settled) = (upto(view)?, view.settled("trace_step")?);
        let mut batch = Self { from, upto: from, keys: Vec::with_capacity(SLICE * 6), more: false };
        let mut rows = 0;
        let sql =
            "SELECT entry, letter, steps FROM trace_step WHERE entry > $1 AND entry <= $2 ORDER BY entry LIMIT $3";
        view.for_each(sql, params![from, settled, SLICE], |row| {
            rows += 1;
            batch.upto = row.get(0)?;
            // A damaged row is still found by its letter.
            let letter = letter(row, 1)?;
            let events = decode(row.bytes(2)?).unwrap_or_default();
            let entry = batch.upto;
            batch.keys.extend(keys(letter, &events).into_iter().map(|key| (period(entry), key.0, entry)));
            // A letter to a thousand people has as many keys.
            let full = batch.keys.len() >= KEYS;
            batch.more |= full;
            Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        batch.more |= rows == SLICE;
        let worth_it = batch.more || (all && rows > 0);
        Ok(worth_it.then_some(batch))
    }

    fn write(&self, tx: &mut Tx) -> Result<(), store::Error> {
        if upto(tx)? != self.from {
            return Ok(());
        }
        for (period, key, entry) in &self.keys {
            tx.execute(
                "INSERT INTO trace_key (period, key, entry) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                params![*period, *key, *entry],
            )?;
        }
        tx.execute("UPDATE trace_indexed SET upto = $1 WHERE id = 1", params![self.upto])?;
        Ok(())
    }
}

pub(crate) fn upto(view: &View) -> Result<i64, store::Error> {
    Ok(view.query_opt("SELECT upto FROM trace_indexed WHERE id = 1", params![], |row| row.get(0))?.unwrap_or(0))
}

/// The name of a letter as it stands in a row.
pub(crate) fn letter(row: &Row<'_>, column: usize) -> Result<LetterId, store::Error> {
    row.get(column).map(LetterId::from_random)
}

/// The rows that a key finds, the newest first, until `each` breaks off: their numbers, below `before`. Among them may
/// be rows that another key with the same hash finds.
pub(crate) fn entries(
    view: &View,
    key: Key,
    before: i64,
    mut each: impl FnMut(i64) -> Result<ControlFlow<()>, store::Error>,
) -> Result<(), store::Error> {
    let indexed = upto(view)?;
    for entry in unindexed(view, key, indexed, before)? {
        if each(entry)?.is_break() {
            return Ok(());
        }
    }
    let mut period = period(before.min(indexed.saturating_add(1))).saturating_add(1);
    while let Some(below) = period_below(view, period)? {
        period = below;
        if entries_of(view, period, key, before, &mut each)?.is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// Returns the rows of a period that a key finds, page by page: the caller then asks the database for the steps that
/// it shows.
fn entries_of(
    view: &View,
    period: i64,
    key: Key,
    mut before: i64,
    each: &mut dyn FnMut(i64) -> Result<ControlFlow<()>, store::Error>,
) -> Result<ControlFlow<()>, store::Error> {
    let sql = "SELECT entry FROM trace_key WHERE period = $1 AND key = $2 AND entry < $3 ORDER BY entry DESC LIMIT $4";
    loop {
        let page: Vec<i64> = view.query(sql, params![period, key.0, before, PAGE], |row| row.get(0))?;
        for entry in &page {
            if each(*entry)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE => before = *last,
            _ => return Ok(ControlFlow::Continue(())),
        }
    }
}

fn unindexed(view: &View, key: Key, indexed: i64, before: i64) -> Result<Vec<i64>, store::Error> {
    let mut found = Vec::new();
    let sql = "SELECT entry, letter, steps FROM trace_step WHERE entry > $1 AND entry < $2 ORDER BY entry DESC";
    view.for_each(sql, params![indexed, before], |row| {
        let events = decode(row.bytes(2)?).unwrap_or_default();
        if keys(letter(row, 1)?, &events).contains(&key) {
            found.push(row.get(0)?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

fn period_below(view: &View, period: i64) -> Result<Option<i64>, store::Error> {
    let sql = "SELECT period FROM trace_key WHERE period < $1 ORDER BY period DESC LIMIT 1";
    view.query_opt(sql, params![period], |row| row.get(0))
}
