//! Adds up on the disk how long the post office has been running. A letter is given up when it has been tried for so
//! many of these hours. The wall clock does not count: it can be set wrong and right again, and a machine can be off
//! for a month.

use std::time::Duration;

use mail::Timestamp;
use store::{Tx, View, params};

use crate::backoff::Schedule;

/// Milliseconds that the post office has been running, in all its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ran(pub i64);

impl Ran {
    /// Returns the time from `earlier` to this; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This much later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(Timestamp(self.0).after(wait).0)
    }
}

/// Returns the time that is on the disk: a minute less than the truth at most.
pub fn ran(view: &View) -> Result<Ran, store::Error> {
    let sql = "SELECT ran FROM queue_running WHERE id = 1";
    Ok(view.query_opt(sql, params![], |row| row.get(0))?.map_or(Ran(0), Ran))
}

/// Writes it down. It never goes back.
pub fn keep_running(tx: &mut Tx, ran: Ran) -> Result<(), store::Error> {
    tx.execute("UPDATE queue_running SET ran = $1 WHERE id = 1 AND ran < $1", params![ran.0]).map(drop)
}

/// Letters looked at in one write.
const SLICE: usize = 500;

/// A stretch of the queue, for [`set_right`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Letters and recipients with larger rows.
    pub after: i64,
    /// True if there is more.
    pub more: bool,
}

impl Stretch {
    /// The first one.
    pub const FIRST: Self = Self { after: 0, more: true };
}

/// Domains whose next look is later than can be are looked at now. Cheap: they are found through an index.
pub fn set_domains_right(tx: &mut Tx, now: Timestamp, schedule: &Schedule) -> Result<usize, store::Error> {
    tx.execute(
        "UPDATE queue_domain SET next_try = $1 WHERE next_try > $2",
        params![now.0, now.after(schedule.longest_wait()).0],
    )
}

/// Returns true if there is such a domain.
pub fn is_beyond(view: &View, now: Timestamp, schedule: &Schedule) -> Result<bool, store::Error> {
    let sql = "SELECT max(next_try) FROM queue_domain";
    let last: Option<i64> = view.query_one(sql, params![], |row| row.get(0))?;
    Ok(last.is_some_and(|last| last > now.after(schedule.longest_wait()).0))
}

/// Sets right the times that a wrong clock left behind in a stretch of the queue: a recipient that waits longer than
/// can be is due now, and a letter that has come in the future came now. Letters from before there was [`Ran`] get
/// their place in it.
pub fn set_right(tx: &mut Tx, stretch: Stretch, now: Timestamp, schedule: &Schedule) -> Result<Stretch, store::Error> {
    let letters = rows(tx, "SELECT id FROM queue_letter WHERE id > $1 ORDER BY id LIMIT $2", stretch.after)?;
    let recipients = rows(tx, "SELECT id FROM queue_recipient WHERE id > $1 ORDER BY id LIMIT $2", stretch.after)?;
    let ends = [letters.last(), recipients.last()].into_iter().flatten();
    // Both walks go on from one row: none is passed over, some may be seen twice.
    let full = [&letters, &recipients].into_iter().filter(|rows| rows.len() == SLICE);
    let end = full.filter_map(|rows| rows.last()).min().or_else(|| ends.max()).copied().unwrap_or(stretch.after);
    let longest = now.after(schedule.longest_wait());
    tx.execute(
        "UPDATE queue_recipient SET next_try = $3 WHERE id > $1 AND id <= $2 AND state = 0 AND next_try > $4",
        params![stretch.after, end, now.0, longest.0],
    )?;
    tx.execute(
        "UPDATE queue_letter SET arrived = $3 WHERE id > $1 AND id <= $2 AND arrived > $4",
        params![stretch.after, end, now.0, now.after(Duration::from_secs(3600)).0],
    )?;
    adopt(tx, stretch.after, end, now, schedule)?;
    // The time that people are shown follows the time that counts.
    let latest = now.after(schedule.lifetime + schedule.longest_wait());
    tx.execute(
        "UPDATE queue_letter SET expires = $3 + give_up - $5
         WHERE id > $1 AND id <= $2 AND expires > $4 AND held_until IS NULL",
        params![stretch.after, end, now.0, latest.0, ran(tx)?.0],
    )?;
    Ok(Stretch { after: end, more: letters.len() == SLICE || recipients.len() == SLICE })
}

/// A letter without a place in the running time has as much left as its wall-clock time says, if that can be.
fn adopt(tx: &mut Tx, after: i64, end: i64, now: Timestamp, schedule: &Schedule) -> Result<(), store::Error> {
    let ran = ran(tx)?;
    let letters = tx.query(
        "SELECT id, expires, warn_at FROM queue_letter
         WHERE id > $1 AND id <= $2 AND give_up IS NULL AND held_until IS NULL",
        params![after, end],
        |row| Ok((row.get::<i64>(0)?, Timestamp(row.get(1)?), row.get::<Option<i64>>(2)?.map(Timestamp))),
    )?;
    for (letter, expires, warn_at) in letters {
        let give_up = ran.after(expires.since(now).min(schedule.lifetime));
        let most = schedule.warn_after.unwrap_or(schedule.lifetime);
        let warn = warn_at.map(|at| ran.after(at.since(now).min(most)).0);
        tx.execute("UPDATE queue_letter SET give_up = $2, warn = $3 WHERE id = $1", params![letter, give_up.0, warn])?;
    }
    Ok(())
}

fn rows(view: &View, sql: &str, after: i64) -> Result<Vec<i64>, store::Error> {
    view.query(sql, params![after, SLICE], |row| row.get(0))
}
