//! The one memory of the letters that have come into a mailbox from elsewhere, by fetching and by importing, so that
//! none comes twice.
//!
//! A row stands for one copy of a letter, or for one of the folders that a letter lies in. It is written in the commit that
//! files it there, and stays when the person
//! moves or deletes the letter: a letter that was thrown away does not come back. A source brings as many copies of a
//! letter as it has and the memory has not: two copies that a person keeps on purpose stay two.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use mail::seam::AccountId;
use mailbox::fetch::{self, Want};
use mailbox::{Access, FlagSet, FolderId, LetterKey, SpecialUse, Uid, UidRange, letter};
use store::{Store, Tx, View, params};

use crate::goal::Goal;
use crate::identity::Identity;
use crate::letter::Arriving;
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

/// A letter that a source has fetched out of a folder there.
#[derive(Clone, Copy, Debug)]
pub struct Fetched {
    /// The account that it is for.
    pub account: AccountId,
    /// The source.
    pub source: i64,
    /// The letter.
    pub identity: Identity,
    /// The folder there.
    pub folder: FolderKey,
}

impl Fetched {
    /// Returns the copy that was imported before. Such a letter is not to be filed: the imported copy stands for it from now
    /// on, and no undo takes it away.
    pub fn take_over(&self, tx: &mut Tx) -> Result<Option<Copied>, store::Error> {
        let Self { account, source, identity, folder } = *self;
        let Some(turn) = imported_copy(tx, account, identity, folder)? else { return Ok(None) };
        let sql = "UPDATE import_copy SET source = $4 WHERE account = $1 AND identity = $2 AND turn = $3";
        tx.execute(sql, params![account.0, identity.0, turn, source])?;
        Ok(Some(Copied { identity, turn }))
    }

    /// Notes it, in the commit that files it. `lies`: where it lies here, if it does.
    pub fn note(&self, tx: &mut Tx, lies: Option<(FolderId, Uid)>) -> Result<(), store::Error> {
        let Self { account, source, identity, folder } = *self;
        let sql = "SELECT COALESCE(MAX(turn) + 1, 0) FROM import_copy WHERE account = $1 AND identity = $2";
        let turn: i64 = tx.query_one(sql, params![account.0, identity.0], |row| row.get(0))?;
        let (lies, uid) = lies.map_or((0, 0), |(lies, uid)| (lies.0, uid.get()));
        let sql = "INSERT INTO import_copy (account, identity, turn, folder, source, lies, uid)
             VALUES ($1, $2, $3, $4, $5, $6, $7)";
        tx.execute(sql, params![account.0, identity.0, turn, folder.0, source, lies, uid])?;
        Ok(())
    }
}

/// An imported copy that no source stands for yet: of the same folder where there is one.
fn imported_copy(
    view: &View,
    account: AccountId,
    identity: Identity,
    folder: FolderKey,
) -> Result<Option<u32>, store::Error> {
    let sql = "SELECT turn FROM import_copy
         WHERE account = $1 AND identity = $2 AND source = 0 AND folder = $3 LIMIT 1";
    let same = view.query_opt(sql, params![account.0, identity.0, folder.0], |row| row.get(0))?;
    if same.is_some() {
        return Ok(same);
    }
    let sql = "SELECT turn FROM import_copy WHERE account = $1 AND identity = $2 AND source = 0 LIMIT 1";
    view.query_opt(sql, params![account.0, identity.0], |row| row.get(0))
}

/// The name of a row: a copy of a letter that has come, or one of its folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    identity: Identity,
    turn: u32,
}

/// The whereabouts of the letter of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// There is no such row.
    Unknown,
    /// It lies no more where it was filed, or nobody noted where that was: the person did something else with it.
    Elsewhere,
    /// It still lies there.
    There(LetterKey),
}

impl Copied {
    /// Looks for the letter of the row where it was filed.
    pub fn find(&self, view: &View, access: Access) -> Result<Whereabouts, mailbox::Error> {
        let sql = "SELECT lies, uid FROM import_copy WHERE account = $1 AND identity = $2 AND turn = $3";
        let read = |row: &store::Row<'_>| Ok((FolderId(row.get(0)?), row.get::<u32>(1)?));
        let row = view.query_opt(sql, params![access.owner().0, self.identity.0, self.turn], read)?;
        let Some((folder, uid)) = row else { return Ok(Whereabouts::Unknown) };
        let Some(uid) = Uid::new(uid) else { return Ok(Whereabouts::Elsewhere) };
        Ok(lying_at(view, access, folder, uid)?.map_or(Whereabouts::Elsewhere, Whereabouts::There))
    }
}

/// Returns the letter that lies at a place of the mailbox; none if none does any more.
pub fn lying_at(view: &View, access: Access, folder: FolderId, uid: Uid) -> Result<Option<LetterKey>, mailbox::Error> {
    let row = fetch::fetch(view, access, folder, &[UidRange::one(uid)], Want::ROW, 1)?.pop();
    let Some(letter) = row.map(|row| row.letter) else { return Ok(None) };
    // The folder may be another account's, or deleted.
    let lies = letter::places(view, access, letter)?.iter().any(|place| place.folder == folder);
    Ok(lies.then_some(letter))
}

/// Names a copy of a letter that is to be written down, and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    identity: Identity,
    turn: u32,
    folder: FolderKey,
}

impl Stamp {
    /// The name of the row that it makes.
    pub fn copied(&self) -> Copied {
        Copied { identity: self.identity, turn: self.turn }
    }

    /// Returns true if another import has brought this copy meanwhile.
    pub fn is_set(&self, view: &View, account: AccountId) -> Result<bool, store::Error> {
        let sql = "SELECT 1 FROM import_copy WHERE account = $1 AND identity = $2 AND turn = $3";
        Ok(view.query_opt(sql, params![account.0, self.identity.0, self.turn], |_| Ok(()))?.is_some())
    }

    /// Writes the copy down, in the commit that files it.
    pub fn set(&self, tx: &mut Tx, account: AccountId, run: RunId, place: &FiledAt<'_>) -> Result<(), store::Error> {
        let sql = "INSERT INTO import_copy (account, identity, turn, folder, run, lies, uid, flags, further)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let Self { identity, turn, folder } = *self;
        let (lies, uid, flags) = (place.folder.0, place.uid.get(), flags_key(place.flags));
        tx.execute(sql, params![account.0, identity.0, turn, folder.0, run.0, lies, uid, flags, place.further])?;
        Ok(())
    }
}

impl Stamp {
    /// Writes the copy down as one that no import can take back.
    pub fn set_aside(&self, tx: &mut Tx, account: AccountId) -> Result<(), store::Error> {
        let sql = "INSERT INTO import_copy (account, identity, turn, folder) VALUES ($1, $2, $3, $4)";
        let Self { identity, turn, folder } = *self;
        tx.execute(sql, params![account.0, identity.0, turn, folder.0])?;
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
    /// True if the letter lies elsewhere already.
    pub further: bool,
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

/// The folders in which a letter that is about to be imported is missing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The folders that it is to be filed in, each with the stamp of that row. None: all of it is here, or was until the
    /// person did something else with it. (Another folder than the letter's own is one where a copy is missing.)
    pub folders: Vec<(Arc<Goal>, Stamp)>,
    /// The row of a letter that is here, or comes before this one: these are further folders of that same letter.
    pub joins: Option<Copied>,
}

/// The decision about one folder of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Decision {
    /// A row of this turn stands for it.
    Known(u32),
    /// It is missing, in another folder if one is named.
    New(Stamp, Option<Arc<Goal>>),
}

/// The copies that are remembered of a mailbox, as one import goes through it.
pub struct Memory {
    /// The rows by identity.
    rows: Vec<Row>,
    /// The turn of the next copy, of letters that this import has brought.
    turns: HashMap<Identity, u32>,
    /// Letters that are one however often they come, with their folders, and the turns of their rows.
    once: HashMap<(Identity, FolderKey), u32>,
    /// The first row of each letter that comes place by place.
    shared: HashMap<(Identity, i64), u32>,
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
        Ok(Self { rows, turns: HashMap::new(), once: HashMap::new(), shared: HashMap::new(), lent: Vec::new(), again })
    }

    /// Decides about the next letter of a source.
    pub fn missing(&mut self, letter: &Arriving) -> Missing {
        let identity = Identity::of(&letter.raw);
        let shared = letter.shared.map(|number| (identity, number));
        let mut missing = Missing::default();
        let mut first = shared.and_then(|shared| self.shared.get(&shared).copied());
        for goal in std::iter::once(&letter.goal).chain(&letter.also) {
            match self.decide(identity, goal, letter.once) {
                Decision::Known(turn) => first = first.or(Some(turn)),
                Decision::New(stamp, elsewhere) => {
                    missing.folders.push((elsewhere.unwrap_or_else(|| goal.clone()), stamp));
                }
            }
        }
        missing.joins = first.map(|turn| Copied { identity, turn });
        if let Some(shared) = shared {
            let begun = missing.folders.first().map(|(_, stamp)| stamp.turn);
            first.or(begun).map(|turn| *self.shared.entry(shared).or_insert(turn));
        }
        missing
    }

    /// Decides about one folder. `once`: in one folder it is the same letter however often it comes (Takeout repeats a
    /// letter for each label).
    fn decide(&mut self, identity: Identity, goal: &Arc<Goal>, once: bool) -> Decision {
        let folder = FolderKey::of_goal(goal);
        if let Some(turn) = self.once.get(&(identity, folder)).filter(|_| once) {
            return Decision::Known(*turn);
        }
        let decision = self.decide_anew(identity, folder, goal);
        if once {
            let turn = match &decision {
                Decision::Known(turn) => *turn,
                Decision::New(stamp, _) => stamp.turn,
            };
            self.once.insert((identity, folder), turn);
        }
        decision
    }

    fn decide_anew(&mut self, identity: Identity, folder: FolderKey, goal: &Arc<Goal>) -> Decision {
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
                _ => Decision::Known(self.rows[own].turn),
            };
        }
        match copies.clone().find(|at| self.rows[*at].state == State::Free) {
            Some(other) => {
                self.rows[other].state = State::Lent(u32::try_from(self.lent.len()).unwrap_or(u32::MAX));
                self.lent.push(goal.clone());
                Decision::Known(self.rows[other].turn)
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
        Memory {
            rows,
            turns: HashMap::new(),
            once: HashMap::new(),
            shared: HashMap::new(),
            lent: Vec::new(),
            again: false,
        }
    }

    fn decide(memory: &mut Memory, letter: &str, folder: &str, once: bool) -> Decision {
        memory.decide(Identity::of(letter.as_bytes()), &goal(folder), once)
    }

    /// The folders that the letters of a source are filed in; `-`: it is here.
    fn filed(memory: &mut Memory, source: &[(&str, &str)]) -> Vec<String> {
        let each = |(letter, folder): &(&str, &str)| match decide(memory, letter, folder, false) {
            Decision::Known(_) => "-".to_owned(),
            Decision::New(_, elsewhere) => elsewhere.map_or((*folder).to_owned(), |goal| goal.name.clone()),
        };
        source.iter().map(each).collect()
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
        let Decision::New(stamp, _) = decide(&mut here, "x", "a", false) else { panic!("it is new") };
        assert_eq!(stamp.turn, 2, "turn 0 was undone, 1 is taken");
    }

    #[test]
    fn what_takeout_repeats_is_one_letter() {
        let mut here = memory(&[]);
        assert!(matches!(decide(&mut here, "x", "a", true), Decision::New(..)));
        assert_eq!(decide(&mut here, "x", "a", true), Decision::Known(0));
        assert!(matches!(decide(&mut here, "x", "b", true), Decision::New(..)));
    }
}
