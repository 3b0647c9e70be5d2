//! The UIDs of a folder as a client sees it: small in memory, quick to turn into sequence numbers and back, and
//! opened from a checkpoint, so that a folder of a million letters costs what has changed and not what it holds.

use std::ops::ControlFlow;

use roaring::RoaringBitmap;
use store::{Tx, View, params};

use crate::{Access, Change, Error, FolderId, Right, Uid, UidRange};

/// A set of UIDs. Some kilobytes for a million of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Uids(RoaringBitmap);

impl Uids {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of UIDs.
    pub fn len(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns true if the UID is among them.
    pub fn contains(&self, uid: Uid) -> bool {
        self.0.contains(uid.get())
    }

    /// Takes the UID in; false when it was in already.
    pub fn insert(&mut self, uid: Uid) -> bool {
        self.0.insert(uid.get())
    }

    /// Takes a whole range in.
    pub fn insert_range(&mut self, range: UidRange) {
        self.0.insert_range(range.first.get()..=range.last.get());
    }

    /// Takes the UID out; false when it was not in.
    pub fn remove(&mut self, uid: Uid) -> bool {
        self.0.remove(uid.get())
    }

    /// The sequence number of a UID that is among them, from 1 (RFC 9051 §2.3.1.2).
    pub fn seq_of(&self, uid: Uid) -> Option<u32> {
        if !self.contains(uid) {
            return None;
        }
        u32::try_from(self.0.rank(uid.get())).ok()
    }

    /// Returns how many are at or below the UID.
    pub fn rank(&self, uid: Uid) -> u32 {
        u32::try_from(self.0.rank(uid.get())).unwrap_or(u32::MAX)
    }

    /// The UID of a sequence number, from 1.
    pub fn uid_at(&self, seq: u32) -> Option<Uid> {
        Uid::new(self.0.select(seq.checked_sub(1)?)?)
    }

    /// The lowest.
    pub fn first(&self) -> Option<Uid> {
        self.0.min().and_then(Uid::new)
    }

    /// Returns the highest, which `*` stands for (RFC 9051 §9, seq-number).
    pub fn last(&self) -> Option<Uid> {
        self.0.max().and_then(Uid::new)
    }

    /// Each, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Uid> + '_ {
        self.0.iter().filter_map(Uid::new)
    }

    /// Each from `first` on, ascending.
    pub fn iter_from(&self, first: Uid) -> impl Iterator<Item = Uid> + '_ {
        let mut each = self.0.iter();
        each.advance_to(first.get());
        each.filter_map(Uid::new)
    }

    /// Runs of UIDs that follow one another, ascending: as VANISHED and ESEARCH write them.
    pub fn ranges(&self) -> impl Iterator<Item = UidRange> + '_ {
        let mut each = self.0.iter();
        std::iter::from_fn(move || {
            let run = each.next_range()?;
            Some(UidRange { first: Uid::new(*run.start())?, last: Uid::new(*run.end())? })
        })
    }

    /// Returns those of them that lie in the ranges.
    #[must_use]
    pub fn within(&self, ranges: &[UidRange]) -> Self {
        let (Some(lowest), Some(highest)) = (self.0.min(), self.0.max()) else { return Self::new() };
        let mut wanted = RoaringBitmap::new();
        for range in ranges {
            // Clipped, so that 1:* builds no more than is there.
            wanted.insert_range(range.first.get().max(lowest)..=range.last.get().min(highest));
        }
        Self(wanted & &self.0)
    }

    /// Returns those that are in both.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        Self(&self.0 & &others.0)
    }

    /// Returns those that are in either.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        Self(&self.0 | &others.0)
    }

    /// Returns those that are not in the others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        Self(&self.0 - &others.0)
    }

    /// Takes all of the others in.
    pub fn extend(&mut self, others: &Self) {
        self.0 |= &others.0;
    }

    /// Folds runs together, after many changes.
    pub fn compact(&mut self) {
        self.0.optimize();
    }

    /// Octets in memory, about.
    pub fn memory(&self) -> usize {
        self.0.serialized_size()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut compact = self.0.clone();
        compact.optimize();
        let mut column = Vec::with_capacity(compact.serialized_size());
        // Writing into a Vec cannot fail.
        let _ = compact.serialize_into(&mut column);
        column
    }

    pub(crate) fn decode(column: &[u8]) -> Result<Self, Error> {
        RoaringBitmap::deserialize_from(column).map(Self).map_err(|_| Error::Damaged("a set of UIDs"))
    }
}

impl FromIterator<Uid> for Uids {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> Self {
        Self(uids.into_iter().map(Uid::get).collect())
    }
}

impl FromIterator<UidRange> for Uids {
    fn from_iter<I: IntoIterator<Item = UidRange>>(ranges: I) -> Self {
        let mut uids = Self::new();
        ranges.into_iter().for_each(|range| uids.insert_range(range));
        uids
    }
}

/// The columns of a folder's row that opening it needs.
struct FolderState {
    highest: Change,
    horizon: Change,
}

impl Uids {
    /// The UIDs of a folder and the change up to which they are right. From the last checkpoint and what changed
    /// since; a folder that has no checkpoint yet is walked through once.
    pub fn load(view: &View, access: Access, folder: FolderId) -> Result<(Self, Change), Error> {
        let account = access.may(Right::Read)?;
        let place = view
            .query_opt(
                "SELECT highest, horizon FROM folder WHERE folder = $1 AND account = $2 AND name IS NOT NULL",
                params![folder.0, account.0],
                |row| Ok(FolderState { highest: Change(row.get(0)?), horizon: Change(row.get(1)?) }),
            )?
            .ok_or(Error::NoSuchFolder(folder))?;
        let checkpoint = Self::read_checkpoint(view, folder)?.filter(|(_, at)| *at >= place.horizon);
        let uids = match checkpoint {
            Some((uids, at)) => uids.caught_up(view, folder, at)?,
            None => Self::walk(view, folder)?,
        };
        Ok((uids, place.highest))
    }

    fn read_checkpoint(view: &View, folder: FolderId) -> Result<Option<(Self, Change)>, Error> {
        let found =
            view.query_opt("SELECT change, uids FROM uid_checkpoint WHERE folder = $1", params![folder.0], |row| {
                Ok((Change(row.get(0)?), Self::decode(row.bytes(1)?)))
            })?;
        // A damaged checkpoint is only a lost shortcut.
        Ok(found.and_then(|(at, uids)| Some((uids.ok()?, at))))
    }

    fn caught_up(mut self, view: &View, folder: FolderId, at: Change) -> Result<Self, Error> {
        view.for_each("SELECT uid FROM entry WHERE folder = $1 AND change > $2", params![folder.0, at.0], |row| {
            self.0.insert(row.get(0)?);
            Ok(ControlFlow::Continue(()))
        })?;
        view.for_each("SELECT uid FROM tombstone WHERE folder = $1 AND change > $2", params![folder.0, at.0], |row| {
            self.0.remove(row.get(0)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(self)
    }

    /// All of them, found by a walk through the folder.
    pub(crate) fn walk(view: &View, folder: FolderId) -> Result<Self, Error> {
        let mut uids = RoaringBitmap::new();
        view.for_each("SELECT uid FROM entry WHERE folder = $1 ORDER BY uid", params![folder.0], |row| {
            let _ = uids.try_push(row.get(0)?);
            Ok(ControlFlow::Continue(()))
        })?;
        uids.optimize();
        Ok(Self(uids))
    }

    /// Keeps these UIDs, right up to `at`, as the folder's checkpoint. Done now and then by the background task.
    pub(crate) fn keep(&self, tx: &mut Tx, folder: FolderId, at: Change) -> Result<(), Error> {
        tx.execute(
            "INSERT INTO uid_checkpoint (folder, change, uids) VALUES ($1, $2, $3)
             ON CONFLICT (folder) DO UPDATE SET change = excluded.change, uids = excluded.uids
             WHERE uid_checkpoint.change < excluded.change",
            params![folder.0, at.0, self.encode()],
        )?;
        tx.execute("UPDATE folder SET stale = 0 WHERE folder = $1", params![folder.0])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(n: u32) -> Uid {
        Uid::new(n).unwrap()
    }

    #[test]
    fn sequence_numbers_count_from_one_in_the_order_of_uids() {
        let uids: Uids = [3, 7, 9].into_iter().map(uid).collect();
        assert_eq!(uids.seq_of(uid(7)), Some(2));
        assert_eq!(uids.seq_of(uid(8)), None);
        assert_eq!(uids.uid_at(3), Some(uid(9)));
        assert_eq!((uids.uid_at(0), uids.uid_at(4)), (None, None));
        assert_eq!(uids.last(), Some(uid(9)));
    }

    #[test]
    fn runs_are_given_as_ranges() {
        let uids: Uids = [1, 2, 3, 8, 10, 11].into_iter().map(uid).collect();
        let runs: Vec<_> = uids.ranges().map(|r| (r.first.get(), r.last.get())).collect();
        assert_eq!(runs, [(1, 3), (8, 8), (10, 11)]);
        assert_eq!(uids.ranges().collect::<Uids>(), uids);
    }

    #[test]
    fn a_million_uids_in_a_row_take_less_than_a_kilobyte() {
        let mut uids: Uids = [UidRange::new(uid(1), uid(1_000_000))].into_iter().collect();
        uids.compact();
        assert!(uids.memory() < 1024, "{}", uids.memory());
        assert_eq!(Uids::decode(&uids.encode()).unwrap(), uids);
        assert_eq!(uids.seq_of(uid(999_999)), Some(999_999));
    }

    #[test]
    fn a_damaged_checkpoint_is_an_error_and_no_panic() {
        for column in [&b""[..], b"x", &[0xff; 64], &[0; 64]] {
            let _ = Uids::decode(column);
        }
    }
}
