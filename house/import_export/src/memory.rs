//! The one memory of the letters that have come into a mailbox from elsewhere, by fetching and by importing, so that
//! none comes twice.
//!
//! A row stands for one copy of a letter. It is written in the commit that files the copy, and stays when the person
//! moves or deletes the letter: a letter that was thrown away does not come back. A source brings as many copies of a
//! letter as it has and the memory has not: two copies that a person keeps on purpose stay two.

use std::collections::{HashMap, HashSet};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use mail::seam::AccountId;
use mailbox::{FlagSet, FolderId, SpecialUse, Uid};
use store::{Store, Tx, View, params};

use crate::identity::Identity;
use crate::layout::Goal;
use crate::runs::{self, RunId};

/// The folder that a copy came from. Folders for one use are one folder, whatever they are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FolderKey(i64);

impl FolderKey {
    /// Returns the hash of a folder by its name and its use.
    pub fn of(name: &str, special_use: Option<SpecialUse>) -> Self {
        let name = special_use.map_or(name, |special_use| special_use.attribute());
        let mut hasher = blake3::Hasher::new_derive_key("facteur removal: the folder of a letter");
        hasher.update(name.as_bytes());
        let mut key = [0; 8];
        hasher.finalize_xof().fill(&mut key);
        Self(i64::from_le_bytes(key))
    }

    pub(crate) fn of_goal(goal: &Goal) -> Self {
        Self::of(&goal.name, goal.special_use.filter(|_| !goal.exact))
    }
}

/// Notes a letter that a source has fetched, in the commit that files it. True: it was imported before, and is not to be
/// filed; the imported copy stands for it from now on, so that no undo takes it away.
pub fn fetched(
    tx: &mut Tx,
    account: AccountId,
    source: i64,
    identity: Identity,
    folder: FolderKey,
) -> Result<bool, store::Error> {
    if let Some(turn) = imported_copy(tx, account, identity, folder)? {
        let sql = "UPDATE import_copy SET source = $4 WHERE account = $1 AND identity = $2 AND turn = $3";
        tx.execute(sql, params![account.0, identity.0, turn, source])?;
        return Ok(true);
    }
    let sql = "SELECT COALESCE(MAX(turn) + 1, 0) FROM import_copy WHERE account = $1 AND identity = $2";
    let turn: i64 = tx.query_one(sql, params![account.0, identity.0], |row| row.get(0))?;
    let sql = "INSERT INTO import_copy (account, identity, turn, folder, source) VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, params![account.0, identity.0, turn, folder.0, source])?;
    Ok(false)
}

/// An imported copy that no source stands for yet: of the same folder where there is one.
fn imported_copy(
    view: &View,
    account: AccountId,
    identity: Identity,
    folder: FolderKey,
) -> Result<Option<i64>, store::Error> {
    let sql = "SELECT turn FROM import_copy
         WHERE account = $1 AND identity = $2 AND source = 0 AND folder = $3 LIMIT 1";
    let same = view.query_opt(sql, params![account.0, identity.0, folder.0], |row| row.get::<i64>(0))?;
    if same.is_some() {
        return Ok(same);
    }
    let sql = "SELECT turn FROM import_copy WHERE account = $1 AND identity = $2 AND source = 0 LIMIT 1";
    view.query_opt(sql, params![account.0, identity.0], |row| row.get::<i64>(0))
}

/// Names a copy of a letter that is to be written down, and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    identity: Identity,
    turn: u32,
    folder: FolderKey,
}

impl Stamp {
    /// Returns true if another import has brought this copy meanwhile.
    pub fn is_set(&self, view: &View, account: AccountId) -> Result<bool, store::Error> {
        let sql = "SELECT 1 FROM import_copy WHERE account = $1 AND identity = $2 AND turn = $3";
        Ok(view.query_opt(sql, params![account.0, self.identity.0, self.turn], |_| Ok(()))?.is_some())
    }

    /// Writes the copy down, in the commit that files it.
    pub fn set(&self, tx: &mut Tx, account: AccountId, run: RunId, place: &FiledAt<'_>) -> Result<(), store::Error> {
        let sql = "INSERT INTO import_copy (account, identity, turn, folder, run, lies, uid, flags)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let Self { identity, turn, folder } = *self;
        let (lies, uid, flags) = (place.folder.0, place.uid.get(), flags_key(place.flags));
        tx.execute(sql, params![account.0, identity.0, turn, folder.0, run.0, lies, uid, flags])?;
        Ok(())
    }
}

/// The folder that a copy was filed in, and its flags.
pub struct FiledAt<'a> {
    /// The folder.
    pub folder: FolderId,
    /// Its UID there.
    pub uid: Uid,
    /// Its flags.
    pub flags: &'a FlagSet,
}

/// Stands for the flags of a letter: the same for the same flags in one mailbox.
pub(crate) fn flags_key(flags: &FlagSet) -> i64 {
    let mut hasher = blake3::Hasher::new_derive_key("facteur removal: the flags of a letter");
    hasher.update(&[flags.system.bits()]);
    for keyword in flags.keywords() {
        hasher.update(&keyword.0.to_le_bytes());
    }
    let mut key = [0; 8];
    hasher.finalize_xof().fill(&mut key);
    i64::from_le_bytes(key)
}

/// The decision whether a letter that is about to be imported is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is, or was until the person did something else with it.
    Known,
    /// It is not: file it with this stamp. Another folder than its own: that is where a copy is missing.
    New(Stamp, Option<Arc<Goal>>),
}

/// The copies that are remembered of a mailbox, as one import goes through it.
pub struct Memory {
    /// The rows by identity.
    rows: Vec<Row>,
    /// The turn of the next copy, of letters that this import has brought.
    turns: HashMap<Identity, u32>,
    /// Letters that are one however often they come, with their folders.
    once: HashSet<(Identity, FolderKey)>,
    /// Folders whose copies were taken for here because another folder's were.
    lent: Vec<Arc<Goal>>,
    again: bool,
}

struct Row {
    identity: Identity,
    folder: FolderKey,
    turn: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// This source has not had it yet.
    Free,
    /// This source has it.
    Met,
    /// It stands for a copy of another folder: its number in `lent`.
    Lent(u32),
}

impl Memory {
    /// Loads the memory of an account. With `again` nothing counts as here, and all is imported once more.
    pub fn load(store: &Store, account: AccountId, again: bool) -> Result<Self, store::Error> {
        let mut rows = store.read_blocking(move |view| {
            let mut rows = Vec::new();
            let sql = "SELECT identity, turn, folder FROM import_copy WHERE account = $1";
            view.for_each(sql, params![account.0], |row| {
                let (identity, turn, folder) = (Identity(row.get(0)?), row.get(1)?, FolderKey(row.get(2)?));
                rows.push(Row { identity, folder, turn, state: State::Free });
                Ok(ControlFlow::Continue(()))
            })?;
            Ok::<_, store::Error>(rows)
        })?;
        rows.sort_unstable_by_key(|row| (row.identity, row.turn));
        Ok(Self { rows, turns: HashMap::new(), once: HashSet::new(), lent: Vec::new(), again })
    }

    /// Decides about the next letter of a source. `once`: in one folder it is the same letter however often it comes
    /// (Takeout repeats a letter for each label).
    pub fn decide(&mut self, letter: &[u8], goal: &Arc<Goal>, once: bool) -> Decision {
        let (identity, folder) = (Identity::of(letter), FolderKey::of_goal(goal));
        if once && !self.once.insert((identity, folder)) {
            return Decision::Known;
        }
        let copies = self.copies(identity);
        if self.again {
            return Decision::New(self.stamp(identity, folder, copies), None);
        }
        let own = copies.clone().find(|at| self.rows[*at].folder == folder && self.rows[*at].state != State::Met);
        if let Some(own) = own {
            return match std::mem::replace(&mut self.rows[own].state, State::Met) {
                // The copy of this folder was taken for that of another, whose own is missing: it is filed there.
                State::Lent(lent) => {
                    let goal = self.lent[lent as usize].clone();
                    Decision::New(self.stamp(identity, FolderKey::of_goal(&goal), copies), Some(goal))
                }
                _ => Decision::Known,
            };
        }
        match copies.clone().find(|at| self.rows[*at].state == State::Free) {
            Some(other) => {
                self.rows[other].state = State::Lent(u32::try_from(self.lent.len()).unwrap_or(u32::MAX));
                self.lent.push(goal.clone());
                Decision::Known
            }
            None => Decision::New(self.stamp(identity, folder, copies), None),
        }
    }

    fn copies(&self, identity: Identity) -> Range<usize> {
        let start = self.rows.partition_point(|row| row.identity < identity);
        start..start + self.rows[start..].iter().take_while(|row| row.identity == identity).count()
    }

    fn stamp(&mut self, identity: Identity, folder: FolderKey, copies: Range<usize>) -> Stamp {
        let after = self.rows[copies].last().map_or(0, |row| row.turn + 1);
        let next = self.turns.entry(identity).or_insert(after);
        let turn = *next;
        *next += 1;
        Stamp { identity, turn, folder }
    }
}

/// Forgets up to a slice of the memory of a person who is removed. Returns whether more is left.
pub fn forget(tx: &mut Tx, account: AccountId) -> Result<bool, store::Error> {
    let sql = "DELETE FROM import_copy WHERE account = $1 AND (identity, turn) IN
         (SELECT identity, turn FROM import_copy WHERE account = $1 LIMIT $2)";
    let copies = tx.execute(sql, params![account.0, SLICE])? == SLICE;
    if !copies {
        runs::forget(tx, account)?;
    }
    Ok(copies)
}

/// Returns the first account behind `after` that something is remembered of; none: there is no further one.
pub fn next_account(view: &View, after: AccountId) -> Result<Option<AccountId>, store::Error> {
    let first = |table: &str| {
        let sql = format!("SELECT MIN(account) FROM {table} WHERE account > $1");
        view.query_one(&sql, params![after.0], |row| row.get::<Option<i64>>(0))
    };
    let found = [first("import_copy")?, first("import_run")?];
    Ok(found.into_iter().flatten().min().map(AccountId))
}

const SLICE: usize = 5000;

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(name: &str) -> Arc<Goal> {
        Arc::new(Goal { name: name.to_owned(), special_use: None, exact: false, subscribed: true })
    }

    fn memory(copies: &[(&str, &str)]) -> Memory {
        let mut turns: HashMap<Identity, u32> = HashMap::new();
        let row = |(letter, folder): &(&str, &str)| {
            let identity = Identity::of(letter.as_bytes());
            let turn = turns.entry(identity).or_insert(0);
            *turn += 1;
            Row { identity, folder: FolderKey::of(folder, None), turn: *turn - 1, state: State::Free }
        };
        let mut rows: Vec<Row> = copies.iter().map(row).collect();
        rows.sort_unstable_by_key(|row| (row.identity, row.turn));
        Memory { rows, turns: HashMap::new(), once: HashSet::new(), lent: Vec::new(), again: false }
    }

    /// The folders that the letters of a source are filed in; `-`: it is here.
    fn filed(memory: &mut Memory, source: &[(&str, &str)]) -> Vec<String> {
        let decide = |(letter, folder): &(&str, &str)| match memory.decide(letter.as_bytes(), &goal(folder), false) {
            Decision::Known => "-".to_owned(),
            Decision::New(_, elsewhere) => elsewhere.map_or((*folder).to_owned(), |goal| goal.name.clone()),
        };
        source.iter().map(decide).collect()
    }

    #[test]
    fn a_letter_is_here_under_another_folder_name_too() {
        let source = [("x", "a"), ("y", "a"), ("x", "a")];
        assert_eq!(filed(&mut memory(&[]), &source), ["a", "a", "a"], "copies in one source stay copies");
        let mut here = memory(&[("x", "INBOX"), ("x", "a"), ("y", "INBOX")]);
        assert_eq!(filed(&mut here, &source), ["-", "-", "-"]);
    }

    #[test]
    fn a_copy_that_is_missing_in_one_folder_comes_there() {
        // Fetched into `b` only; the source has it in `a` and in `b`.
        let mut here = memory(&[("x", "b")]);
        assert_eq!(filed(&mut here, &[("x", "a"), ("x", "b")]), ["-", "a"]);
        let mut here = memory(&[("x", "a")]);
        assert_eq!(filed(&mut here, &[("x", "a"), ("x", "b")]), ["-", "b"]);
    }

    #[test]
    fn a_new_copy_never_has_the_turn_of_another() {
        let mut here = memory(&[("x", "a"), ("x", "a")]);
        here.rows.remove(0);
        filed(&mut here, &[("x", "a")]);
        let Decision::New(stamp, _) = here.decide(b"x", &goal("a"), false) else { panic!("it is new") };
        assert_eq!(stamp.turn, 2, "turn 0 was undone, 1 is taken");
    }

    #[test]
    fn what_takeout_repeats_is_one_letter() {
        let mut here = memory(&[]);
        assert!(matches!(here.decide(b"x", &goal("a"), true), Decision::New(..)));
        assert_eq!(here.decide(b"x", &goal("a"), true), Decision::Known);
        assert!(matches!(here.decide(b"x", &goal("b"), true), Decision::New(..)));
    }
}
