//! The folders of one letter, by its key: JMAP's `mailboxIds`, the labels of the pages and of other providers.

use std::collections::BTreeSet;

use mail::seam::AccountId;
use store::{Tx, params};

use super::carry::{add_place, bury};
use super::place::{Lies, MOST_PLACES, Sight, lies, of_letter, seen_in};
use super::{Count, Entry, Expunge, Tally, expunge, is_visible, take_uids, visible};
use crate::account::{self, Touch, tick, topic};
use crate::{Access, Change, Error, FolderId, LetterKey, Right, Uid, UidRange};

/// The folders that a letter was put into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Those in which it was visible, ascending: whoever puts it there again has undone this.
    pub before: Vec<FolderId>,
    /// Those in which it is visible now, each with its UID there.
    pub now: Vec<(FolderId, Uid)>,
    /// The change that this was; none if the letter lay so already.
    pub change: Option<Change>,
}

/// Puts a letter into exactly these folders: places that are missing are added, visible ones elsewhere end, and one that is
/// flagged `\Deleted` is so no more. Where a letter is flagged `\Deleted` in another folder, that place is left to whoever
/// flagged it. `None`: the account has no such letter that is visible.
///
/// An error for no folder at all, for more than [`MOST_PLACES`], and for one that is not the account's; then nothing is changed.
pub fn set_folders(
    tx: &mut Tx,
    access: Access,
    letter: LetterKey,
    folders: &[FolderId],
) -> Result<Option<Placed>, Error> {
    let account = access.may(Right::Read)?;
    let wanted: BTreeSet<FolderId> = folders.iter().copied().collect();
    if wanted.is_empty() {
        return Err(Error::Nowhere);
    }
    let there = lies(tx, account, letter)?;
    if seen_in(&there) == 0 {
        return Ok(None);
    }
    let before = visible_in(&there).map(|(folder, _)| *folder).collect();
    let (change, now) = Rearrangement::new(tx, access, there, &wanted)?.carry_out(tx, account)?;
    Ok(Some(Placed { before, now, change }))
}

/// Adds a place to a letter, visible there: one that was flagged `\Deleted` is so no more. Returns its UID in the folder,
/// which is the one it has if it lies there already. `None`: the account has no such letter.
pub fn add(tx: &mut Tx, access: Access, letter: LetterKey, to: FolderId) -> Result<Option<Uid>, Error> {
    let account = access.may(Right::Insert)?;
    let there = lies(tx, account, letter)?;
    if there.is_empty() {
        return Ok(None);
    }
    let wanted = visible_in(&there).map(|(folder, _)| *folder).chain([to]).collect();
    let (_, now) = Rearrangement::new(tx, access, there, &wanted)?.carry_out(tx, account)?;
    Ok(now.into_iter().find(|(folder, _)| *folder == to).map(|(_, uid)| uid))
}

/// Takes a letter out of a folder, whatever its flags; the letter goes with its last place. False: it does not lie there.
pub fn remove(tx: &mut Tx, access: Access, letter: LetterKey, from: FolderId) -> Result<bool, Error> {
    let there = lies(tx, access.may(Right::Delete)?, letter)?;
    let Some((folder, entry)) = there.iter().find(|(folder, _)| *folder == from) else { return Ok(false) };
    end(tx, access, *folder, entry)?;
    Ok(true)
}

/// Takes a letter out of every folder, also where it is flagged `\Deleted`: it is gone. False: the account has no such letter.
pub fn destroy(tx: &mut Tx, access: Access, letter: LetterKey) -> Result<bool, Error> {
    let there = lies(tx, access.may(Right::Delete)?, letter)?;
    there.iter().try_for_each(|(folder, entry)| end(tx, access, *folder, entry))?;
    Ok(!there.is_empty())
}

fn end(tx: &mut Tx, access: Access, folder: FolderId, entry: &Entry) -> Result<(), Error> {
    expunge(tx, access, folder, &Expunge::All(&[UidRange::one(entry.uid)]), 1).map(drop)
}

fn visible_in(there: &[Lies]) -> impl Iterator<Item = &Lies> {
    there.iter().filter(|(_, entry)| is_visible(entry.flags.system))
}

/// The change that it was, if there was anything to do, and where the letter is visible now.
type Rearranged = (Option<Change>, Vec<(FolderId, Uid)>);

/// The changes by which a letter comes to lie where it shall.
struct Rearrangement {
    /// The place that new ones are like: a visible one, if there is one.
    model: Lies,
    stays: Vec<Lies>,
    /// Places that are flagged `\Deleted` and shall be visible.
    shown: Vec<Lies>,
    added: Vec<FolderId>,
    ended: Vec<Lies>,
    sight: Sight,
}

impl Rearrangement {
    /// `there` are the places of the letter, one at least; it shall be visible in the wanted folders and in no others.
    fn new(tx: &Tx, access: Access, there: Vec<Lies>, wanted: &BTreeSet<FolderId>) -> Result<Self, Error> {
        if wanted.len() > MOST_PLACES {
            return Err(Error::TooManyPlaces(MOST_PLACES));
        }
        let held = |folder: &FolderId| there.iter().any(|(held, _)| held == folder);
        let added: Vec<FolderId> = wanted.iter().copied().filter(|folder| !held(folder)).collect();
        for folder in &added {
            access.to(tx, *folder, Right::Insert)?;
        }
        let sight = Sight { before: seen_in(&there), after: wanted.len() };
        let model = visible_in(&there).next().or(there.first()).cloned().ok_or(Error::Nowhere)?;
        let (mut stays, mut shown, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        for place in there {
            match (is_visible(place.1.flags.system), wanted.contains(&place.0)) {
                (true, true) => stays.push(place),
                (true, false) => ended.push(place),
                (false, true) => shown.push(place),
                (false, false) => {}
            }
        }
        if !shown.is_empty() {
            access.may(Right::Insert)?;
        }
        if !ended.is_empty() {
            access.may(Right::Delete)?;
        }
        Ok(Self { model, stays, shown, added, ended, sight })
    }

    /// Returns the change that it was, if there was anything to do, and where the letter is visible now.
    fn carry_out(self, tx: &mut Tx, account: AccountId) -> Result<Rearranged, Error> {
        let uid_in = |(folder, entry): &Lies| (*folder, entry.uid);
        let mut now: Vec<(FolderId, Uid)> = self.stays.iter().chain(&self.shown).map(uid_in).collect();
        if self.shown.is_empty() && self.added.is_empty() && self.ended.is_empty() {
            return Ok((None, now));
        }
        let touch = Touch { emails: true, folders: true, threads: self.sight.turns() };
        let change = tick(tx, account, touch)?;
        account::double(tx, account, self.sight.doubled())?;
        for folder in &self.added {
            now.push((*folder, self.add(tx, account, *folder, change)?));
        }
        let mut stroke = Stroke { account, change, tally: Tally::default() };
        for place in &self.shown {
            self.show(tx, place, &mut stroke)?;
        }
        for place in &self.ended {
            stroke.end(tx, place)?;
        }
        stroke.tally.write(tx, change)?;
        visible::settle(tx, account, self.model.1.thread, change)?;
        tx.announce(topic(account));
        now.sort_unstable();
        Ok((Some(change), now))
    }

    /// The change that made the letter visible.
    fn born(&self, change: Change) -> Change {
        if self.sight.before > 0 { self.model.1.born } else { change }
    }

    fn add(&self, tx: &mut Tx, account: AccountId, to: FolderId, change: Change) -> Result<Uid, Error> {
        let (from, entry) = &self.model;
        let flags = of_letter(&entry.flags).system;
        let mut gained = Count::default();
        gained.add(flags, entry.size);
        visible::comes(tx, (account, to), entry.thread, flags, &mut gained)?;
        let (number, _) = take_uids(tx, to, 1, gained, change)?;
        let uid = Uid::new(number).ok_or(Error::Damaged("a folder"))?;
        add_place(tx, *from, entry, to, uid, change)?;
        if !is_visible(entry.flags.system) {
            set(tx, to, uid, flags.bits(), change, self.born(change))?;
        }
        Ok(uid)
    }

    fn show(&self, tx: &mut Tx, (folder, entry): &Lies, stroke: &mut Stroke) -> Result<(), Error> {
        let (hidden, shown) = (entry.flags.system, of_letter(&entry.flags).system);
        let (account, change, counted) = (stroke.account, stroke.change, stroke.tally.of(*folder));
        counted.take(hidden, entry.size);
        counted.add(shown, entry.size);
        visible::turns(tx, (account, *folder), entry.thread, hidden, shown, counted)?;
        set(tx, *folder, entry.uid, shown.bits(), change, self.born(change))
    }
}

/// One change of the account, with what it changes in the counters of each folder.
struct Stroke {
    account: AccountId,
    change: Change,
    tally: Tally,
}

impl Stroke {
    fn end(&mut self, tx: &mut Tx, (folder, entry): &Lies) -> Result<(), Error> {
        let counted = self.tally.of(*folder);
        counted.take(entry.flags.system, entry.size);
        visible::goes(tx, (self.account, *folder), entry.thread, entry.flags.system, counted)?;
        tx.execute("DELETE FROM entry WHERE folder = $1 AND uid = $2", params![folder.0, entry.uid.get()])?;
        bury(tx, *folder, entry.uid, self.change)?;
        visible::leaves(tx, self.account, entry, self.change, true)
    }
}

fn set(tx: &mut Tx, folder: FolderId, uid: Uid, flags: u8, change: Change, born: Change) -> Result<(), Error> {
    tx.execute(
        "UPDATE entry SET flags = $3, change = $4, born = $5 WHERE folder = $1 AND uid = $2",
        params![folder.0, uid.get(), flags, change.0, born.0],
    )?;
    Ok(())
}
