//! The state of the forwards: whether the houses to which letters go on take them. A house that refuses several in a row as
//! spam pauses the forward: the letters stay here until somebody has seen to it.

use mail::{Address, Enhanced, Timestamp};
use store::{Tx, View, params};

use super::FORWARDS;
use crate::bounce::Fate;

/// The refusals as spam in a row that pause a forward.
pub const REFUSALS: u32 = 5;
/// Forwards of which is known that they fail; beyond it the oldest that are not paused are forgotten.
const MOST: usize = 10_000;
const SLICE: usize = 100;

/// Words of a server that takes a letter for spam.
const SPAM: [&str; 16] = [
    "spam",
    "junk",
    "unsolicited",
    "bulk",
    "blacklist",
    "blocklist",
    "block list",
    "blocked",
    "dnsbl",
    "rbl",
    "reputation",
    "dmarc",
    "spf",
    "dkim",
    "unauthenticated",
    "suspicious",
];

/// A forward that does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Troubled {
    /// The address of ours that the letters go on from, in lower case.
    pub through: String,
    /// The address that they go on to, in lower case.
    pub target: String,
    /// The words of the server there, or ours.
    pub said: String,
    /// The time of the first failure.
    pub since: Timestamp,
    /// The time since when the letters stay here.
    pub paused: Option<Timestamp>,
}

/// Returns an address as the tables of this room compare it.
pub fn folded(address: &Address) -> String {
    address.to_string().to_lowercase()
}

/// Returns true if a server has refused a letter because it takes it for spam, or does not let us send it: 5.7.x (RFC 3463
/// §3.8, RFC 7372), or by its words.
pub(super) fn is_refused_as_spam(fate: &Fate) -> bool {
    let Enhanced(class, subject, _) = fate.status;
    let said = fate.said.to_ascii_lowercase();
    class == 5 && fate.by.is_some() && (subject == 7 || SPAM.iter().any(|word| said.contains(word)))
}

/// A letter that was not taken.
pub(super) struct Failure<'a> {
    /// The address that it went on from, folded.
    pub through: &'a str,
    pub fate: &'a Fate,
    pub now: Timestamp,
}

impl Failure<'_> {
    /// Notes it, and pauses the forward if it was one of several in a row.
    pub(super) fn note(&self, tx: &mut Tx) -> Result<(), store::Error> {
        let target = folded(&self.fate.address);
        tx.execute(
            "INSERT INTO queue_forward_state (through, target, refusals, said, since) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (through, target) DO UPDATE SET said = excluded.said, refusals =
                CASE WHEN excluded.refusals = 0 THEN 0 ELSE queue_forward_state.refusals + 1 END",
            params![self.through, target, u32::from(is_refused_as_spam(self.fate)), self.fate.said, self.now.0],
        )?;
        tx.execute(
            "UPDATE queue_forward_state SET paused = $3 WHERE through = $1 AND target = $2 AND paused IS NULL
             AND refusals >= $4",
            params![self.through, target, self.now.0, REFUSALS],
        )?;
        tx.announce(FORWARDS);
        forget(tx)
    }
}

fn forget(tx: &mut Tx) -> Result<(), store::Error> {
    let sql = "SELECT through, target FROM queue_forward_state WHERE paused IS NULL ORDER BY since DESC
               LIMIT $1 OFFSET $2";
    let old = tx.query(sql, params![SLICE, MOST], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))?;
    for (through, target) in old {
        let sql = "DELETE FROM queue_forward_state WHERE through = $1 AND target = $2";
        tx.execute(sql, params![through, target])?;
    }
    Ok(())
}

/// A letter has arrived there.
pub(super) fn works(tx: &mut Tx, through: &str, target: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM queue_forward_state WHERE through = $1 AND target = $2 AND paused IS NULL";
    tx.execute(sql, params![through, target.to_lowercase()]).map(drop)
}

/// Returns true if letters for `through` do not go on to `target` for now.
pub fn is_paused(view: &View, through: &Address, target: &Address) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM queue_forward_state WHERE through = $1 AND target = $2 AND paused IS NOT NULL";
    Ok(view.query_opt(sql, params![folded(through), folded(target)], |_| Ok(()))?.is_some())
}

const COLUMNS: &str = "SELECT through, target, said, since, paused FROM queue_forward_state";

fn read(row: &store::Row<'_>) -> Result<Troubled, store::Error> {
    let paused = row.get::<Option<i64>>(4)?.map(Timestamp);
    Ok(Troubled { through: row.get(0)?, target: row.get(1)?, said: row.get(2)?, since: Timestamp(row.get(3)?), paused })
}

/// Returns the forwards from this address that do not work.
pub fn troubled(view: &View, through: &Address) -> Result<Vec<Troubled>, store::Error> {
    let sql = format!("{COLUMNS} WHERE through = $1 ORDER BY target LIMIT 1000");
    view.query(&sql, params![folded(through)], read)
}

/// Returns some forwards that do not work, or are paused, and whose owner has not been told.
pub fn untold(view: &View, most: usize) -> Result<Vec<Troubled>, store::Error> {
    let sql =
        format!("{COLUMNS} WHERE told = 0 OR (told = 1 AND paused IS NOT NULL) ORDER BY through, target LIMIT $1");
    view.query(&sql, params![most], read)
}

/// Notes that the owner is told. False: they were told before, or there is nothing to tell any more.
pub fn tell(tx: &mut Tx, told: &Troubled) -> Result<bool, store::Error> {
    let sql = "UPDATE queue_forward_state SET told = $3 WHERE through = $1 AND target = $2 AND told < $3";
    let rank = if told.paused.is_some() { 2 } else { 1 };
    Ok(tx.execute(sql, params![told.through, told.target, rank])? > 0)
}

/// Has letters go on again from this address, to this target or to all. Returns the targets whose pause ends.
pub fn resume(tx: &mut Tx, through: &Address, target: Option<&Address>) -> Result<Vec<String>, store::Error> {
    let all = troubled(tx, through)?;
    let wanted = target.map(folded);
    let ends = |one: &&Troubled| wanted.as_ref().is_none_or(|wanted| *wanted == one.target);
    let mut resumed = Vec::new();
    for one in all.iter().filter(ends) {
        let sql = "DELETE FROM queue_forward_state WHERE through = $1 AND target = $2";
        tx.execute(sql, params![one.through, one.target])?;
        if one.paused.is_some() {
            resumed.push(one.target.clone());
        }
    }
    Ok(resumed)
}

#[cfg(test)]
mod tests {
    use store::{Key, Options, Store};

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_501_377_000);

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn fate(status: Enhanced, said: &str) -> Fate {
        Fate {
            original: None,
            address: address("Carol@gamma.test"),
            status,
            said: said.to_owned(),
            by: Some("mx.gamma.test".to_owned()),
        }
    }

    struct Town {
        store: Store,
        _folder: tempfile::TempDir,
    }

    impl Town {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let migrations = [trace::MIGRATIONS, crate::queue::MIGRATIONS].concat();
            Self { store: Store::open(Options::new(folder.path()), &migrations).unwrap(), _folder: folder }
        }

        fn fails(&self, status: Enhanced, said: &'static str) {
            let note = move |tx: &mut Tx| {
                Failure { through: "alice@alpha.test", fate: &fate(status, said), now: NOW }.note(tx)
            };
            self.store.write_blocking(Key::Queue, note).unwrap();
        }

        fn arrives(&self) {
            let works = |tx: &mut Tx| works(tx, "alice@alpha.test", "carol@gamma.test");
            self.store.write_blocking(Key::Queue, works).unwrap();
        }

        fn is_paused(&self) -> bool {
            let look = |view: &View| is_paused(view, &address("Alice@alpha.test"), &address("carol@Gamma.test"));
            self.store.read_blocking(look).unwrap()
        }

        fn untold(&self) -> Vec<Troubled> {
            self.store.read_blocking(|view| untold(view, 10)).unwrap()
        }

        fn tell(&self) -> bool {
            let told = self.untold().pop().unwrap();
            self.store.write_blocking(Key::Queue, move |tx| tell(tx, &told)).unwrap()
        }
    }

    const SPAM: Enhanced = Enhanced(5, 7, 1);

    #[test]
    fn several_refusals_as_spam_in_a_row_pause_a_forward_and_its_owner_is_told_once_of_each() {
        let town = Town::new();
        (1..REFUSALS).for_each(|_| town.fails(SPAM, "550 5.7.1 no"));
        assert!(!town.is_paused() && town.tell() && town.untold().is_empty(), "told that it fails");
        town.fails(Enhanced(5, 0, 0), "554 this looks like Spam");
        assert!(town.is_paused() && town.tell() && town.untold().is_empty(), "told that it is paused");
        town.fails(SPAM, "550 5.7.1 no");
        town.arrives();
        assert!(town.is_paused() && town.untold().is_empty());
        let resume = |tx: &mut Tx| resume(tx, &address("alice@alpha.test"), None);
        assert_eq!(town.store.write_blocking(Key::Queue, resume).unwrap(), ["carol@gamma.test"]);
        assert!(!town.is_paused());
    }

    #[test]
    fn a_letter_that_arrives_or_fails_for_another_reason_begins_the_count_anew() {
        let town = Town::new();
        (1..REFUSALS).for_each(|_| town.fails(SPAM, "550 5.7.1 no"));
        town.fails(Enhanced(5, 1, 1), "550 5.1.1 no such user");
        (1..REFUSALS).for_each(|_| town.fails(SPAM, "550 5.7.1 no"));
        town.arrives();
        (1..REFUSALS).for_each(|_| town.fails(SPAM, "550 5.7.1 no"));
        assert!(!town.is_paused());
    }

    #[test]
    fn only_what_a_server_has_said_counts_as_its_refusal() {
        assert!(is_refused_as_spam(&fate(SPAM, "550 5.7.1 no")));
        assert!(is_refused_as_spam(&fate(Enhanced(5, 3, 0), "550 rejected by DNSBL")));
        assert!(!is_refused_as_spam(&fate(Enhanced(5, 1, 1), "550 unknown")));
        assert!(!is_refused_as_spam(&Fate { by: None, ..fate(SPAM, "spam") }));
    }
}
