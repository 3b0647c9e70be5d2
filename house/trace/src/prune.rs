//! Forgetting.

use std::time::Duration;

use mail::Timestamp;
use mail::trace::Event;
use store::{Tx, View, params};

use crate::index::period;
use crate::row::decode;

/// How long a history is kept. Questions about a letter come within days; a quarter leaves room for the slow ones, and
/// more would be a register of who writes to whom.
pub const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// Rows, places of letters, and keys forgotten in one commit.
const SLICE: usize = 1000;

/// Forgets the oldest of what happened before `horizon`; true when there may be more of it.
pub fn prune(tx: &mut Tx, horizon: Timestamp) -> Result<bool, store::Error> {
    let old = oldest(tx, horizon)?;
    for row in &old {
        for key in &row.filed {
            tx.execute("DELETE FROM trace_filed WHERE key = $1", params![*key])?;
        }
        tx.execute("DELETE FROM trace_step WHERE entry = $1", params![row.entry])?;
    }
    let keys = forget_keys(tx)?;
    // What was cut short by its keys goes on as well.
    Ok(!old.is_empty() || keys == SLICE)
}

/// Is there something to forget?
pub(crate) fn is_due(view: &View, horizon: Timestamp) -> Result<bool, store::Error> {
    let sql = "SELECT at FROM trace_step ORDER BY entry LIMIT 1";
    let first: Option<i64> = view.query_opt(sql, params![], |row| row.get(0))?;
    Ok(first.is_some_and(|at| at < horizon.0))
}

struct Old {
    entry: i64,
    filed: Vec<i64>,
}

/// Rows stand in the order they were written: the first that is young enough ends it.
fn oldest(view: &View, horizon: Timestamp) -> Result<Vec<Old>, store::Error> {
    let sql = "SELECT entry, at, steps FROM trace_step ORDER BY entry LIMIT $1";
    let rows = view.query(sql, params![SLICE], |row| {
        let events = decode(row.bytes(2)?).unwrap_or_default();
        let filed = events.iter().filter_map(|event| match event {
            Event::Filed { key, .. } => Some(*key),
            _ => None,
        });
        Ok((Old { entry: row.get(0)?, filed: filed.collect() }, row.get::<i64>(1)?))
    })?;
    let mut keys = 0;
    let old = rows.into_iter().take_while(|(row, at)| {
        let room = keys < SLICE;
        keys += row.filed.len();
        room && *at < horizon.0
    });
    Ok(old.map(|(old, _)| old).collect())
}

/// Keys of whole stretches without a row left. What is between, of the stretch that is being forgotten, finds nothing.
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
