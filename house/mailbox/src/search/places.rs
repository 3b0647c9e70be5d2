//! Finds where letters lie: one walk along the index of letters, however many folders there are.

use std::collections::HashMap;
use std::ops::ControlFlow;

use roaring::RoaringTreemap;
use store::{View, params};

use crate::{Error, FolderId, Uid, UidRange, Uids};

/// Letters that nobody asks for between two that are: stepping over them is cheaper than to seek again.
const GAP: u64 = 16;
/// The same for UIDs, whose rows are larger.
const UID_GAP: u32 = 8;

/// The folders that letters lie in, and their UIDs there.
pub struct Places {
    folders: HashMap<FolderId, Uids>,
    /// True if the index knew of all of them. Otherwise some are among them that it has not seen.
    pub all_known: bool,
}

/// Letters of which the index has not told, in the order they came, above the last it reached: at most `most`, or none.
pub fn unseen(view: &View, reached: i64, most: usize) -> Result<Option<RoaringTreemap>, Error> {
    let mut letters = RoaringTreemap::new();
    let sql = "SELECT letter FROM letter WHERE letter > $1 ORDER BY letter LIMIT $2";
    view.for_each(sql, params![reached, most + 1], |row| {
        letters.insert(row.get(0)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((letters.len() <= most as u64).then_some(letters))
}

impl Places {
    /// Looks the letters up. Those that are gone have no place.
    pub fn of(view: &View, letters: &RoaringTreemap, all_known: bool) -> Result<Self, Error> {
        let mut folders = HashMap::<FolderId, Uids>::new();
        for (first, last) in runs(letters) {
            view.check()?;
            let sql = "SELECT letter, folder, uid FROM entry WHERE letter >= $1 AND letter <= $2";
            view.for_each(sql, params![first, last], |row| {
                if letters.contains(row.get(0)?)
                    && let Some(uid) = Uid::new(row.get(2)?)
                {
                    folders.entry(FolderId(row.get(1)?)).or_default().insert(uid);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(Self { folders, all_known })
    }

    /// Returns the places in a folder.
    pub fn within(&self, folder: FolderId) -> Uids {
        self.folders.get(&folder).cloned().unwrap_or_default()
    }

    /// Keeps the places in these folders only.
    pub fn keep(&mut self, folders: impl Fn(FolderId) -> bool) {
        self.folders.retain(|folder, _| folders(*folder));
    }

    /// The same as ranges, folder by folder.
    pub fn into_ranges(self) -> impl Iterator<Item = (FolderId, Vec<UidRange>)> {
        self.folders.into_iter().map(|(folder, uids)| (folder, uids.ranges().collect()))
    }
}

/// The letters in runs with few others between.
fn runs(letters: &RoaringTreemap) -> impl Iterator<Item = (u64, u64)> + '_ {
    let mut each = letters.iter().peekable();
    std::iter::from_fn(move || {
        let first = each.next()?;
        let mut last = first;
        while let Some(next) = each.next_if(|next| next - last <= GAP) {
            last = next;
        }
        Some((first, last))
    })
}

/// Ranges that hold all of the UIDs, and perhaps some between: fewer of them, where those lie close together.
pub fn joined(uids: &Uids) -> Vec<UidRange> {
    let mut ranges: Vec<UidRange> = Vec::new();
    for range in uids.ranges() {
        match ranges.last_mut() {
            Some(before) if range.first.get() - before.last.get() <= UID_GAP => before.last = range.last,
            _ => ranges.push(range),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_close_together_is_read_at_once() {
        let letters: RoaringTreemap = [1, 2, 10, 100, 116, 133].into_iter().collect();
        assert_eq!(runs(&letters).collect::<Vec<_>>(), [(1, 10), (100, 116), (133, 133)]);
        let uids: Uids = [1, 2, 9, 20, 29].into_iter().filter_map(Uid::new).collect();
        let ranges: Vec<(u32, u32)> = joined(&uids).iter().map(|r| (r.first.get(), r.last.get())).collect();
        assert_eq!(ranges, [(1, 9), (20, 20), (29, 29)]);
    }
}
