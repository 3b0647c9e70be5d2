//! The rate at which letters go on to one address: those beyond it wait in the queue, postponed, and nothing is refused.
//!
//! Of each address one time is kept, at which its allowance is whole again; so nothing has to run for it to grow.

use std::time::Duration;

use mail::Timestamp;
use store::{Tx, params};

/// The rate of letters to one address. As many as an hour's go at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Letters an hour; one at least.
    pub per_hour: u32,
}

impl Rate {
    /// The rate if the configuration names none.
    pub const USUAL: Self = Self { per_hour: 100 };

    /// Milliseconds for one letter.
    fn interval(self) -> i64 {
        (3_600_000 / i64::from(self.per_hour.max(1))).max(1)
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self::USUAL
    }
}

/// The longest line that may stand before an address: a time on the disk that is later was left by a wrong clock.
const LONGEST: Duration = Duration::from_secs(60 * 86_400);
/// Times that have passed and are forgotten with each new one.
const FORGOTTEN: usize = 10;

/// Returns the time at which a letter may go on to `target`, and counts it.
pub(super) fn take_turn(tx: &mut Tx, target: &str, now: Timestamp, rate: Rate) -> Result<Timestamp, store::Error> {
    let sql = "SELECT whole_at FROM queue_pace WHERE target = $1";
    let known: Option<i64> = tx.query_opt(sql, params![target], |row| row.get(0))?;
    let whole_at = known.map_or(now.0, |at| at.clamp(now.0, now.after(LONGEST).0));
    let due = now.0.max(whole_at - rate.interval() * (i64::from(rate.per_hour.max(1)) - 1));
    tx.execute(
        "INSERT INTO queue_pace (target, whole_at) VALUES ($1, $2)
         ON CONFLICT (target) DO UPDATE SET whole_at = excluded.whole_at",
        params![target, whole_at + rate.interval()],
    )?;
    forget(tx, now)?;
    Ok(Timestamp(due))
}

fn forget(tx: &mut Tx, now: Timestamp) -> Result<(), store::Error> {
    let sql = "SELECT target FROM queue_pace WHERE whole_at <= $1 ORDER BY whole_at LIMIT $2";
    for target in tx.query(sql, params![now.0, FORGOTTEN], |row| row.get::<String>(0))? {
        tx.execute("DELETE FROM queue_pace WHERE target = $1", params![target])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use store::{Key, Options, Store};

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_501_377_000);

    #[test]
    fn an_hour_s_letters_go_at_once_and_each_of_the_others_waits_for_its_turn() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(Options::new(folder.path()), &[trace::MIGRATIONS, crate::queue::MIGRATIONS].concat()).unwrap();
        let turn = |target: &'static str, now: Timestamp| {
            let rate = Rate { per_hour: 4 };
            store.write_blocking(Key::Queue, move |tx| take_turn(tx, target, now, rate)).unwrap()
        };
        let quarter = Duration::from_secs(900);
        assert_eq!([(); 4].map(|()| turn("carol@gamma.test", NOW)), [NOW; 4]);
        assert_eq!(turn("carol@gamma.test", NOW), NOW.after(quarter));
        assert_eq!(turn("carol@gamma.test", NOW), NOW.after(2 * quarter));
        assert_eq!(turn("dave@gamma.test", NOW), NOW, "each address has its own");
        let later = NOW.after(4 * quarter);
        assert_eq!([(); 2].map(|()| turn("carol@gamma.test", later)), [later; 2]);
        assert_eq!(turn("carol@gamma.test", later), later.after(quarter));
    }
}
