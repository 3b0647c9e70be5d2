//! What has been imported: a mark for each letter, written in the commit that files it.
//!
//! The mark is made of the folder, the content, and the how-many-th letter of this content it is in its folder, so that it
//! does not matter where the letters lie now, in which archive they come, or how often, and true copies stay copies.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use mail::seam::AccountId;
use store::{Migration, Store, Tx, params};

/// The table of this room.
pub const MIGRATIONS: &[Migration] = &[Migration {
    room: "removal",
    number: 1,
    sql: "CREATE TABLE removal_letter (account BIGINT NOT NULL, mark {blob} NOT NULL, PRIMARY KEY (account, mark)) {clustered};",
}];

/// A letter that has been imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark([u8; 16]);

/// The marks of an account, and how often each content has come in this import.
pub struct Marks {
    done: HashSet<Mark>,
    seen: HashMap<Mark, u32>,
}

impl Marks {
    /// Those of an account. With `again` none count, and all are imported once more.
    pub fn load(store: &Store, account: AccountId, again: bool) -> Result<Self, store::Error> {
        let mut done = HashSet::new();
        if !again {
            done = store.read_blocking(move |view| {
                let mut done = HashSet::new();
                view.for_each("SELECT mark FROM removal_letter WHERE account = $1", params![account.0], |row| {
                    done.insert(Mark(row.get(0)?));
                    Ok(ControlFlow::Continue(()))
                })?;
                Ok::<_, store::Error>(done)
            })?;
        }
        Ok(Self { done, seen: HashMap::new() })
    }

    /// The mark of the next letter, and whether it has been imported already. `once`: however often its content comes,
    /// it is the same letter (Takeout repeats a letter for each label).
    pub fn of(&mut self, folder: &str, content: &[u8], once: bool) -> (Mark, bool) {
        let base = mark(&[folder.as_bytes(), b"\0", blake3::hash(content).as_bytes()]);
        let seen = self.seen.entry(base).or_insert(0);
        let turn = if once { 0 } else { *seen };
        let repeated = once && *seen > 0;
        *seen += 1;
        let mark = mark(&[&base.0, &turn.to_le_bytes()]);
        (mark, repeated || self.done.contains(&mark))
    }
}

fn mark(parts: &[&[u8]]) -> Mark {
    let mut hasher = blake3::Hasher::new_derive_key("facteur removal: a letter that was imported");
    for part in parts {
        hasher.update(part);
    }
    let mut mark = [0; 16];
    mark.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Mark(mark)
}

/// Writes the mark down; false where it was there, because another import was first.
pub fn set(tx: &mut Tx, account: AccountId, mark: Mark) -> Result<bool, store::Error> {
    let sql = "INSERT INTO removal_letter (account, mark) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    Ok(tx.execute(sql, params![account.0, mark.0])? > 0)
}

/// Forgets up to a slice of an account's marks, for a person who is removed or imports again. Gives whether more are left.
pub fn forget(tx: &mut Tx, account: AccountId) -> Result<bool, store::Error> {
    let sql = "DELETE FROM removal_letter WHERE account = $1 AND mark IN
         (SELECT mark FROM removal_letter WHERE account = $1 LIMIT $2)";
    Ok(tx.execute(sql, params![account.0, SLICE])? == SLICE)
}

const SLICE: usize = 5000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_marks_of_their_own_and_takeouts_repetitions_do_not() {
        let mut marks = Marks { done: HashSet::new(), seen: HashMap::new() };
        let (first, done) = marks.of("INBOX", b"letter", false);
        let (second, _) = marks.of("INBOX", b"letter", false);
        assert!(!done && first != second);
        assert_ne!(marks.of("Sent", b"letter", false).0, first);
        let mut next = Marks { done: [first].into(), seen: HashMap::new() };
        assert_eq!(next.of("INBOX", b"letter", false), (first, true));
        assert_eq!(next.of("INBOX", b"letter", false), (second, false));
        let (once, done) = next.of("Takeout", b"letter", true);
        assert!(!done);
        assert_eq!(next.of("Takeout", b"letter", true), (once, true));
    }
}
