//! Keeps the memory of rules for a person: whom they answered, which letters they saw. Each fact is forgotten when
//! its time is over.

use mail::Timestamp;
use mail::seam::AccountId;
use store::{Migration, Tx, View, params};

use crate::Memory;

/// The table. A key is kept as a hash, so that it is short whatever it is.
pub const MIGRATIONS: &[Migration] = &[Migration { room: "mda", number: 1, sql: TABLE }];

const TABLE: &str = "
CREATE TABLE mda_memory (
    account BIGINT NOT NULL,
    key {blob} NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (account, key)
) {clustered};
CREATE INDEX mda_memory_until ON mda_memory (until);
";

/// The largest number of facts that are over and are forgotten with each new one.
const FORGOTTEN: usize = 20;

/// Returns true if it is remembered `now`.
pub fn is_remembered(view: &View, account: AccountId, memory: &Memory, now: Timestamp) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM mda_memory WHERE account = $1 AND key = $2 AND until > $3";
    Ok(view.query_opt(sql, params![account.0, &key(memory)[..], now.0], |_| Ok(()))?.is_some())
}

/// Remembers it until its time is over. False: it was remembered already, and stays so until the later of both times.
pub fn remember(tx: &mut Tx, account: AccountId, memory: &Memory, now: Timestamp) -> Result<bool, store::Error> {
    forget(tx, now)?;
    let is_new = !is_remembered(tx, account, memory, now)?;
    tx.execute(
        "INSERT INTO mda_memory (account, key, until) VALUES ($1, $2, $3)
         ON CONFLICT (account, key) DO UPDATE SET until = excluded.until WHERE excluded.until > mda_memory.until",
        params![account.0, &key(memory)[..], memory.until.0],
    )?;
    Ok(is_new)
}

/// Forgets some of those that are over.
fn forget(tx: &mut Tx, now: Timestamp) -> Result<(), store::Error> {
    let sql = "SELECT account, key FROM mda_memory WHERE until <= $1 ORDER BY until LIMIT $2";
    let over = tx.query(sql, params![now.0, FORGOTTEN], |row| Ok((row.get::<i64>(0)?, row.get::<Vec<u8>>(1)?)))?;
    for (account, key) in over {
        tx.execute("DELETE FROM mda_memory WHERE account = $1 AND key = $2", params![account, &key[..]])?;
    }
    Ok(())
}

fn key(memory: &Memory) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key("facteur mda: what a rule remembers");
    // The length parts the name of the rule from the key.
    hasher.update(&(memory.rule.len() as u64).to_be_bytes());
    hasher.update(memory.rule.as_bytes()).update(memory.key.as_bytes());
    let mut key = [0; 16];
    hasher.finalize_xof().fill(&mut key);
    key
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use store::{Key, Options, Store};

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_501_377_000);

    fn memory(rule: &str, key: &str, days: u64) -> Memory {
        let until = NOW.after(Duration::from_secs(days * 86400));
        Memory { rule: rule.to_owned(), key: key.to_owned(), until }
    }

    #[test]
    fn what_is_remembered_is_known_until_its_time_is_over_and_then_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path()), MIGRATIONS).unwrap();
        let remember = |account, memory: Memory, now| {
            store
                .write_blocking(Key::Everything, move |tx| super::remember(tx, AccountId(account), &memory, now))
                .unwrap()
        };
        assert!(remember(1, memory("vacation", "carol@x.test", 7), NOW));
        assert!(!remember(1, memory("vacation", "carol@x.test", 7), NOW), "two letters get one answer");
        assert!(remember(2, memory("vacation", "carol@x.test", 7), NOW), "another person's memory is another");
        assert!(remember(1, memory("vacationc", "arol@x.test", 7), NOW), "another rule's memory is another");
        let later = NOW.after(Duration::from_secs(8 * 86400));
        assert!(remember(1, memory("vacation", "carol@x.test", 15), later));
        let count = "SELECT COUNT(*) FROM mda_memory";
        let rows = store.read_blocking(move |view| view.query_one(count, params![], |row| row.get::<i64>(0))).unwrap();
        assert_eq!(rows, 1, "what is over is forgotten");
    }
}
