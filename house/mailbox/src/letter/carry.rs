//! COPY and MOVE (RFC 9051 §6.4.7, §6.4.8). In another folder of the account a copied letter is the same letter, in one place
//! more; in its own folder it is a second letter.

use std::collections::BTreeSet;

use mail::seam::AccountId;
use store::{Tx, params};

use super::copy::copy_within;
use super::place::{Lies, MOST_PLACES, Sight, WithOthers, of_letter, seen_in, with_others};
use super::{Count, Entry, count, is_visible, slice, take_uids, visible};
use crate::account::{self, Touch, tick, topic};
use crate::{Access, Change, Error, FolderId, Right, ThreadId, Uid, UidRange, UidValidity};

/// The letters that were copied or moved, for COPYUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// UID here and UID there, in the order of the UIDs here. A letter that was there already keeps its UID there.
    pub pairs: Vec<(Uid, Uid)>,
    /// The UIDs there that are new, ascending: whoever takes a copy back takes these away.
    pub added: Vec<Uid>,
    /// The UIDVALIDITY of the folder that they went to.
    pub uid_validity: UidValidity,
    /// The UID at which the next slice begins; `None` when all is done.
    pub next: Option<Uid>,
}

/// Copies up to `limit` letters (at most [`super::SLICE`]). In another folder each gets a place with its flags, and takes no
/// quota; one that lies there already stays there as it is, but for `\Deleted`, which it loses if it has it there and not here.
/// In the same folder each gets a second letter with flags and dates, whose bytes are shared.
pub fn copy(
    tx: &mut Tx,
    access: Access,
    from: FolderId,
    ranges: &[UidRange],
    to: FolderId,
    limit: usize,
) -> Result<Copied, Error> {
    access.to(tx, from, Right::Read)?;
    let account = access.to(tx, to, Right::Insert)?;
    let (entries, next) = slice(tx, from, ranges, limit.min(super::SLICE))?;
    if entries.is_empty() {
        return nothing(tx, to, next);
    }
    if from == to {
        return copy_within(tx, account, from, &entries, next);
    }
    let (letters, next) = with_others(tx, from, entries, next)?;
    let freight = Freight::to(to, letters);
    if freight.letters.iter().any(Carried::is_everywhere) {
        return Err(Error::TooManyPlaces(MOST_PLACES));
    }
    if freight.is_there() {
        return freight.told(tx, to, 0, next);
    }
    let mut gained = Count::default();
    freight.count(tx, (account, to), &mut gained)?;
    let sights: Vec<Sight> = freight.letters.iter().map(Carried::when_copied).collect();
    let change = tick(tx, account, touch(&sights))?;
    let (first, _) = take_uids(tx, to, freight.new_ones(), gained, change)?;
    account::double(tx, account, sights.iter().map(|sight| sight.doubled()).sum())?;
    for (carried, uid) in freight.with_uids(first) {
        match &carried.there {
            None => add_place(tx, from, &carried.entry, to, uid, change)?,
            Some(there) if carried.is_shown => show(tx, to, carried, there, change)?,
            Some(_) => {}
        }
    }
    freight.settle(tx, account, change)?;
    tx.announce(topic(account));
    freight.told(tx, to, first, next)
}

/// Moves up to `limit` letters (at most [`super::SLICE`]): each gets a place there, where it has none, and leaves a tombstone
/// here. Takes no quota.
pub fn move_(
    tx: &mut Tx,
    access: Access,
    from: FolderId,
    ranges: &[UidRange],
    to: FolderId,
    limit: usize,
) -> Result<Copied, Error> {
    access.to(tx, from, Right::Delete)?;
    let account = access.to(tx, to, Right::Insert)?;
    let (entries, next) = slice(tx, from, ranges, limit.min(super::SLICE))?;
    if entries.is_empty() {
        return nothing(tx, to, next);
    }
    let (letters, next) = with_others(tx, from, entries, next)?;
    let freight = Freight::to(to, letters);
    let (mut gained, mut lost) = (Count::default(), Count::default());
    for Carried { entry, .. } in &freight.letters {
        lost.take(entry.flags.system, entry.size);
        visible::goes(tx, (account, from), entry.thread, entry.flags.system, &mut lost)?;
    }
    freight.count(tx, (account, to), &mut gained)?;
    let change = tick(tx, account, Touch { emails: true, folders: true, threads: false })?;
    let (first, _) = take_uids(tx, to, freight.new_ones(), gained, change)?;
    count(tx, from, lost, change, freight.letters.len())?;
    account::double(tx, account, freight.letters.iter().map(|carried| carried.when_moved().doubled()).sum())?;
    for (carried, uid) in freight.with_uids(first) {
        match &carried.there {
            None => change_place(tx, from, carried.entry.uid, (to, uid), change)?,
            Some(there) => join(tx, account, (from, to), carried, there, change)?,
        }
        bury(tx, from, carried.entry.uid, change)?;
    }
    freight.settle(tx, account, change)?;
    tx.announce(topic(account));
    freight.told(tx, to, first, next)
}

/// A letter that is copied or moved.
struct Carried {
    entry: Entry,
    /// Its place in the folder that it goes to, if it lies there already.
    there: Option<Entry>,
    /// True if it is flagged `\Deleted` there, and not here. It is not any more: it has been put there just now.
    is_shown: bool,
    /// In so many other folders it lies, and in so many of them it is visible.
    elsewhere: usize,
    seen_elsewhere: usize,
}

impl Carried {
    fn new(entry: Entry, mut others: Vec<Lies>, to: FolderId) -> Self {
        let (elsewhere, seen_elsewhere) = (others.len(), seen_in(&others));
        let at = others.iter().position(|(folder, _)| *folder == to);
        let there = at.map(|at| others.swap_remove(at).1);
        let is_hidden = there.as_ref().is_some_and(|there| !is_visible(there.flags.system));
        let is_shown = is_hidden && is_visible(entry.flags.system);
        Self { entry, there, is_shown, elsewhere, seen_elsewhere }
    }

    /// Returns true if it would lie in more folders than it can.
    fn is_everywhere(&self) -> bool {
        self.there.is_none() && self.elsewhere + 1 >= MOST_PLACES
    }

    fn is_visible(&self) -> bool {
        is_visible(self.entry.flags.system)
    }

    /// Returns true if it becomes visible where it goes.
    fn arrives(&self) -> bool {
        self.is_visible() && (self.there.is_none() || self.is_shown)
    }

    fn when_copied(&self) -> Sight {
        let before = self.seen_elsewhere + usize::from(self.is_visible());
        Sight { before, after: before + usize::from(self.arrives()) }
    }

    fn when_moved(&self) -> Sight {
        let Sight { before, after } = self.when_copied();
        Sight { before, after: after - usize::from(self.is_visible()) }
    }
}

/// The letters of one slice.
struct Freight {
    letters: Vec<Carried>,
}

impl Freight {
    fn to(to: FolderId, letters: Vec<WithOthers>) -> Self {
        let carried = letters.into_iter().map(|(entry, others)| Carried::new(entry, others, to));
        Self { letters: carried.collect() }
    }

    /// Returns true if all of them lie there, so that nothing is to be done.
    fn is_there(&self) -> bool {
        self.letters.iter().all(|carried| carried.there.is_some() && !carried.is_shown)
    }

    fn new_ones(&self) -> usize {
        self.letters.iter().filter(|carried| carried.there.is_none()).count()
    }

    /// Counts what the folder gains that they go to.
    fn count(&self, tx: &mut Tx, there: (AccountId, FolderId), gained: &mut Count) -> Result<(), Error> {
        for Carried { entry, there: lies, is_shown, .. } in &self.letters {
            let flags = entry.flags.system;
            match lies {
                None => {
                    gained.add(flags, entry.size);
                    visible::comes(tx, there, entry.thread, flags, gained)?;
                }
                Some(lies) if *is_shown => {
                    let (hidden, shown) = (lies.flags.system, of_letter(&lies.flags).system);
                    gained.take(hidden, lies.size);
                    gained.add(shown, lies.size);
                    visible::turns(tx, there, entry.thread, hidden, shown, gained)?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Each with its UID there; the new ones begin at `first`.
    fn with_uids(&self, first: u32) -> impl Iterator<Item = (&Carried, Uid)> {
        let mut new = (first..).filter_map(Uid::new);
        self.letters.iter().filter_map(move |carried| {
            let uid = match &carried.there {
                Some(there) => Some(there.uid),
                None => new.next(),
            };
            uid.map(|uid| (carried, uid))
        })
    }

    fn settle(&self, tx: &mut Tx, account: AccountId, change: Change) -> Result<(), Error> {
        settle(tx, account, self.letters.iter().map(|carried| &carried.entry), change)
    }

    fn told(&self, tx: &mut Tx, to: FolderId, first: u32, next: Option<Uid>) -> Result<Copied, Error> {
        let pairs = self.with_uids(first).map(|(carried, uid)| (carried.entry.uid, uid)).collect();
        let new = self.with_uids(first).filter(|(carried, _)| carried.there.is_none());
        let added = new.map(|(_, uid)| uid).collect();
        Ok(Copied { pairs, added, ..nothing(tx, to, next)? })
    }
}

/// The states that letters move on that get a place more.
fn touch(sights: &[Sight]) -> Touch {
    let emails = sights.iter().any(|sight| sight.changes());
    Touch { emails, folders: true, threads: sights.iter().any(|sight| sight.turns()) }
}

/// Settles the conversations of the letters.
pub(super) fn settle<'e>(
    tx: &mut Tx,
    account: AccountId,
    entries: impl Iterator<Item = &'e Entry>,
    change: Change,
) -> Result<(), Error> {
    let threads: BTreeSet<ThreadId> = entries.map(|entry| entry.thread).collect();
    threads.into_iter().try_for_each(|thread| visible::settle(tx, account, thread, change).map(drop))
}

/// Puts the letter into one folder more, with the flags that it has in the first.
pub(super) fn add_place(
    tx: &mut Tx,
    from: FolderId,
    entry: &Entry,
    to: FolderId,
    uid: Uid,
    change: Change,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO entry (folder, uid, letter, change, flags, size, received, keywords, thread, born, attached)
         SELECT $1, $2, letter, $3, flags, size, received, keywords, thread, born, attached
         FROM entry WHERE folder = $4 AND uid = $5",
        params![to.0, uid.get(), change.0, from.0, entry.uid.get()],
    )?;
    Ok(())
}

/// Its place becomes another one.
fn change_place(
    tx: &mut Tx,
    from: FolderId,
    old: Uid,
    (to, new): (FolderId, Uid),
    change: Change,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE entry SET folder = $3, uid = $4, change = $5 WHERE folder = $1 AND uid = $2",
        params![from.0, old.get(), to.0, new.get(), change.0],
    )?;
    Ok(())
}

/// Its place there becomes visible, as the one here is.
fn show(tx: &mut Tx, to: FolderId, carried: &Carried, there: &Entry, change: Change) -> Result<(), Error> {
    tx.execute(
        "UPDATE entry SET flags = $3, change = $4, born = $5 WHERE folder = $1 AND uid = $2",
        params![to.0, there.uid.get(), of_letter(&there.flags).system.bits(), change.0, carried.entry.born.0],
    )?;
    Ok(())
}

/// Its place here ends, and the one there stays.
fn join(
    tx: &mut Tx,
    account: AccountId,
    (from, to): (FolderId, FolderId),
    carried: &Carried,
    there: &Entry,
    change: Change,
) -> Result<(), Error> {
    tx.execute("DELETE FROM entry WHERE folder = $1 AND uid = $2", params![from.0, carried.entry.uid.get()])?;
    if carried.is_shown {
        return show(tx, to, carried, there, change);
    }
    if carried.is_visible() {
        visible::leaves(tx, account, &carried.entry, change, true)?;
    }
    Ok(())
}

/// Leaves a tombstone, so that other sessions and returning clients learn of it.
pub(super) fn bury(tx: &mut Tx, folder: FolderId, uid: Uid, change: Change) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO tombstone (folder, change, uid) VALUES ($1, $2, $3)",
        params![folder.0, change.0, uid.get()],
    )?;
    Ok(())
}

fn nothing(tx: &mut Tx, to: FolderId, next: Option<Uid>) -> Result<Copied, Error> {
    let uid_validity = crate::folder::validity(tx, to)?;
    Ok(Copied { pairs: Vec::new(), added: Vec::new(), uid_validity, next })
}
