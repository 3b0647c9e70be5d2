//! The places of a letter. A letter lies in any number of folders, once in each; its flags are the same in all of them, but
//! for `\Deleted`, which belongs to the place.

use mail::seam::AccountId;
use store::{View, params};

use super::{Entry, is_visible};
use crate::{Access, Change, Error, FlagSet, FolderId, LetterKey, Right, System, Uid};

/// The most folders that a letter can lie in.
pub const MOST_PLACES: usize = 1_000;

/// A folder that a letter lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder.
    pub folder: FolderId,
    /// The UID of the letter there.
    pub uid: Uid,
    /// The flags of the letter, with `\Deleted` if it has that in this folder.
    pub flags: FlagSet,
    /// The last change of the letter in this folder.
    pub change: Change,
}

impl Place {
    /// Returns true if clients that see no letters flagged `\Deleted` see the letter there.
    pub fn is_visible(&self) -> bool {
        is_visible(self.flags.system)
    }
}

/// Returns the places of a letter of the account, also those where it is flagged `\Deleted`, in the order of the folders'
/// numbers. None: the account has no such letter.
pub fn places(view: &View, access: Access, letter: LetterKey) -> Result<Vec<Place>, Error> {
    let lies = lies(view, access.may(Right::Read)?, letter)?.into_iter();
    let place = |(folder, entry): Lies| Place { folder, uid: entry.uid, flags: entry.flags, change: entry.change };
    Ok(lies.map(place).collect())
}

/// A folder with the row that a letter has there.
pub(super) type Lies = (FolderId, Entry);

/// The rows of a letter of the account in folders that have not been deleted.
pub(super) fn lies(view: &View, account: AccountId, letter: LetterKey) -> Result<Vec<Lies>, Error> {
    let sql = "SELECT e.uid, e.letter, e.change, e.flags, e.keywords, e.size, e.thread, e.born, e.folder
         FROM entry e JOIN folder f ON f.folder = e.folder
         WHERE e.letter = $1 AND f.account = $2 AND f.name IS NOT NULL ORDER BY e.folder";
    read(view, sql, params![letter.0, account.0])
}

/// A row of a letter, with its rows elsewhere.
pub(super) type WithOthers = (Entry, Vec<Lies>);

/// Rows in other folders that one write looks at along; a letter that lies in more is looked at alone.
pub(super) const ELSEWHERE: usize = 2 * super::SLICE;

/// Letters of a folder, each with its rows elsewhere, and the UID at which the next slice begins: no more of the letters than
/// one write looks at.
pub(super) fn with_others(
    view: &View,
    folder: FolderId,
    entries: Vec<Entry>,
    mut next: Option<Uid>,
) -> Result<(Vec<WithOthers>, Option<Uid>), Error> {
    let (mut letters, mut room) = (Vec::with_capacity(entries.len()), ELSEWHERE);
    for entry in entries {
        let others = elsewhere(view, entry.letter, folder)?;
        if others.len() > room && !letters.is_empty() {
            next = Some(entry.uid);
            break;
        }
        room = room.saturating_sub(others.len());
        letters.push((entry, others));
    }
    Ok((letters, next))
}

/// All the rows of a letter but the one in a folder.
pub(super) fn elsewhere(view: &View, letter: LetterKey, but: FolderId) -> Result<Vec<Lies>, Error> {
    let sql = "SELECT uid, letter, change, flags, keywords, size, thread, born, folder
         FROM entry WHERE letter = $1 AND folder <> $2 ORDER BY folder";
    read(view, sql, params![letter.0, but.0])
}

/// All the rows of a letter.
pub(super) fn everywhere(view: &View, letter: LetterKey) -> Result<Vec<Lies>, Error> {
    elsewhere(view, letter, FolderId(0))
}

fn read(view: &View, sql: &str, params: &[store::Value<'_>]) -> Result<Vec<Lies>, Error> {
    let rows = view.query(sql, params, |row| {
        Ok(Entry::read(row)?.map(|entry| Ok::<_, store::Error>((FolderId(row.get(8)?), entry))))
    })?;
    Ok(rows.into_iter().flatten().collect::<Result<_, _>>()?)
}

/// The number of places in which the letter is visible.
pub(super) fn seen_in(lies: &[Lies]) -> usize {
    lies.iter().filter(|(_, entry)| is_visible(entry.flags.system)).count()
}

/// Returns the flags that are the letter's, as they are in one of its places.
pub(super) fn of_letter(flags: &FlagSet) -> FlagSet {
    flags.without(&System::DELETED.into())
}

/// In how many places a letter is visible, before and after a change of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub before: usize,
    pub after: usize,
}

impl Sight {
    /// Returns true if the letter comes into sight, or leaves it.
    pub fn turns(self) -> bool {
        (self.before > 0) != (self.after > 0)
    }

    /// Returns true if a client that knows the account as a whole sees a change.
    pub fn changes(self) -> bool {
        self.before != self.after
    }

    /// Returns the gain of the account's counter of doubled places.
    pub fn doubled(self) -> i64 {
        let beyond = |places: usize| i64::try_from(places.saturating_sub(1)).unwrap_or(i64::MAX);
        beyond(self.after) - beyond(self.before)
    }
}
