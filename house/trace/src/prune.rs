//! Forgetting.

use std::ops::ControlFlow;
use std::time::Duration;

use mail::Timestamp;
use mail::trace::Event;
use store::{Tx, View, params};

use crate::index::period;
use crate::row::decode;

/// The time for which a history is kept. Questions about a letter come within days; a quarter of a year leaves room
/// for the slow ones, and more would be a register of who writes to whom.
pub const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// Rows, places of letters, and keys forgotten in one commit.
const SLICE: usize = 1000;

/// Rows looked at to find what is old.
const LOOKED_AT: usize = 100_000;
/// A row that is later than now by more has its time from a clock that was wrong.
const FUTURE: Duration = Duration::from_secs(24 * 3600);

/// The number of the last row that is old, if one is. Rows stand in the order they were written, so the first that is
/// young ends it. A row from the future tells nothing of its age: it is as old as what stands behind it.
pub(crate) fn last_old(view: &View, now: Timestamp) -> Result<Option<i64>, store::Error> {
    let horizon = now.0.saturating_sub(i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX));
    let mut last = None;
    let sql = "SELECT entry, at FROM trace_step ORDER BY entry LIMIT $1";
    view.for_each(sql, params![LOOKED_AT], |row| {
        let (entry, at): (i64, i64) = (row.get(0)?, row.get(1)?);
        if at < horizon {
            last = Some(entry);
        } else if at <= now.after(FUTURE).0 {
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(last)
}

/// Forgets the first of the rows up to this one; true when there may be more of them.
pub(crate) fn prune(tx: &mut Tx, upto: i64) -> Result<bool, store::Error> {
    let old = oldest(tx, upto)?;
    for row in &old {
        for key in &row.filed {
            tx.execute("DELETE FROM trace_filed WHERE key = $1", params![*key])?;
        }
        tx.execute("DELETE FROM trace_step WHERE entry = $1", params![row.entry])?;
    }
    let keys = forget_keys(tx)?;
    // A slice that was cut short by its keys goes on as well.
    Ok(!old.is_empty() || keys == SLICE)
}

struct Old {
    entry: i64,
    filed: Vec<i64>,
}

fn oldest(view: &View, upto: i64) -> Result<Vec<Old>, store::Error> {
    let sql = "SELECT entry, steps FROM trace_step WHERE entry <= $2 ORDER BY entry LIMIT $1";
    let rows = view.query(sql, params![SLICE, upto], |row| {
        let events = decode(row.bytes(1)?).unwrap_or_default();
        let filed = events.iter().filter_map(|event| match event {
            Event::Filed { key, .. } => Some(*key),
            _ => None,
        });
        Ok(Old { entry: row.get(0)?, filed: filed.collect() })
    })?;
    let mut keys = 0;
    let old = rows.into_iter().take_while(|row| {
        let room = keys < SLICE;
        keys += row.filed.len();
        room
    });
    Ok(old.collect())
}

/// Forgets keys of whole stretches without a row left. Keys in the stretch that is being forgotten find nothing
/// meanwhile.
fn forget_keys(tx: &mut Tx) -> Result<usize, store::Error> {
    let sql = "SELECT entry FROM trace_step ORDER BY entry LIMIT 1";
    let first: Option<i64> = tx.query_opt(sql, params![], |row| row.get(0))?;
    let whole = match first {
        Some(first) => period(first),
        None => i64::MAX,
    };
    tx.execute(
        "DELETE FROM trace_key WHERE (period, key, entry) IN
            (SELECT period, key, entry FROM trace_key WHERE period < $1 ORDER BY period, key, entry LIMIT $2)",
        params![whole, SLICE],
    )
}
