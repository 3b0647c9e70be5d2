//! Marks of letters that versions up to November 2026 have imported. They are read, so that what was imported then does not
//! come again; what is imported now is written down in [`crate::memory`].

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use mail::seam::AccountId;
use store::{Store, Tx, params};

use crate::layout::Goal;

/// Their table.
pub const TABLE: &str = "CREATE TABLE removal_letter (account BIGINT NOT NULL, mark {blob} NOT NULL, PRIMARY KEY (account, mark)) {clustered};";

/// Made of the folder, the content octet for octet, and the how-many-th letter of this content it is in its folder.
type Mark = [u8; 16];

/// The marks of an account, and how often each content has come in this import.
pub struct Marks {
    done: HashSet<Mark>,
    seen: HashMap<Mark, u32>,
}

impl Marks {
    /// Those of an account. With `again` none count.
    pub fn load(store: &Store, account: AccountId, again: bool) -> Result<Self, store::Error> {
        let mut marks = Self::none();
        if !again {
            marks.done = store.read_blocking(move |view| {
                let mut done = HashSet::new();
                view.for_each("SELECT mark FROM removal_letter WHERE account = $1", params![account.0], |row| {
                    done.insert(row.get(0)?);
                    Ok(ControlFlow::Continue(()))
                })?;
                Ok::<_, store::Error>(done)
            })?;
        }
        Ok(marks)
    }

    /// No marks.
    pub fn none() -> Self {
        Self { done: HashSet::new(), seen: HashMap::new() }
    }

    /// Has the next letter of a source such a mark?
    pub fn has(&mut self, goal: &Goal, content: &[u8], once: bool) -> bool {
        if self.done.is_empty() {
            return false;
        }
        let folder =
            goal.special_use.filter(|_| !goal.exact).map_or(goal.name.as_str(), |special_use| special_use.attribute());
        let base = mark(&[folder.as_bytes(), b"\0", blake3::hash(content).as_bytes()]);
        let seen = self.seen.entry(base).or_insert(0);
        let turn = if once { 0 } else { *seen };
        *seen += 1;
        self.done.contains(&mark(&[&base, &turn.to_le_bytes()]))
    }
}

fn mark(parts: &[&[u8]]) -> Mark {
    let mut hasher = blake3::Hasher::new_derive_key("facteur removal: a letter that was imported");
    for part in parts {
        hasher.update(part);
    }
    let mut mark = [0; 16];
    hasher.finalize_xof().fill(&mut mark);
    mark
}

/// Forgets up to `slice` of an account's marks. Gives whether more are left.
pub fn forget(tx: &mut Tx, account: AccountId, slice: usize) -> Result<bool, store::Error> {
    let sql = "DELETE FROM removal_letter WHERE account = $1 AND mark IN
         (SELECT mark FROM removal_letter WHERE account = $1 LIMIT $2)";
    Ok(tx.execute(sql, params![account.0, slice])? == slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_an_older_version_has_imported_is_known() {
        let goal = Goal { name: "Travail".into(), special_use: None, exact: false, subscribed: true };
        let base = mark(&[b"Travail", b"\0", blake3::hash(b"letter").as_bytes()]);
        let first = mark(&[&base, &0_u32.to_le_bytes()]);
        let mut marks = Marks { done: [first].into(), seen: HashMap::new() };
        assert!(marks.has(&goal, b"letter", false));
        assert!(!marks.has(&goal, b"letter", false), "the second copy did not come then");
        assert!(!marks.has(&goal, b"another", false));
    }
}
