//! Plans the work for criteria: which letters are looked at, and how.

use std::ops::ControlFlow;

use roaring::RoaringTreemap;
use store::View;

use super::Criteria;
use super::known::Known;
use super::letter::Candidate;
use super::places::{Places, unseen};
use super::test::Test;
use crate::fetch::{self, Row, Want};
use crate::{Access, Error, FolderId, UidRange, Uids, letter};

/// The number of rows that one reading looks at, by what is needed of each.
const ROWS: usize = 20_000;
const ROWS_WITH_SUMMARY: usize = 4_000;
/// The number of letters that one reading opens, by what it reads of each.
const OPENED: usize = 64;
const HEADS: usize = 2_000;
/// Letters that the index has not seen and that are looked at one by one.
const UNSEEN: usize = 20_000;

/// A search ready to run.
pub struct Plan {
    test: Test,
    want: Want,
}

/// The result of one look.
pub struct Batch {
    pub found: Uids,
    pub letters: RoaringTreemap,
    /// The ranges that are still to be looked at.
    pub rest: Vec<UidRange>,
}

/// The amount of work that one reading may do, so that others get their turn.
pub struct Budget {
    rows: usize,
    opened: usize,
}

impl Budget {
    pub fn is_left(&self) -> bool {
        self.rows > 0 && self.opened > 0
    }

    pub fn take_rows(&mut self, rows: usize) {
        // A folder is some work however few letters it has.
        self.rows = self.rows.saturating_sub(rows + 1);
    }
}

/// The answer that is known without a look at the letters.
pub struct Answered {
    /// These fit.
    pub sure: RoaringTreemap,
    /// These may, and no others.
    pub unsure: RoaringTreemap,
}

impl Plan {
    /// Makes the plan for criteria whose knowledge is gathered.
    pub fn new(criteria: Criteria, known: &Known) -> Self {
        let test = Test::new(criteria, known);
        let summary = test.needs_summary();
        let card = summary || test.needs_head();
        Self { want: Want { card, summary, structure: false }, test }
    }

    pub fn test(&self) -> &Test {
        &self.test
    }

    pub fn budget(&self) -> Budget {
        Budget {
            rows: if self.want.summary { ROWS_WITH_SUMMARY } else { ROWS },
            opened: if self.test.needs_body() { OPENED } else { HEADS },
        }
    }

    /// All that the index tells, where it was asked for all of it and has seen nearly all letters.
    pub fn answered(&self, view: &View) -> Result<Option<Answered>, Error> {
        let Some((found, mut unsure)) = self.test.answered() else { return Ok(None) };
        let Some(unseen) = unseen(view, self.test.reached(), UNSEEN)? else { return Ok(None) };
        unsure |= unseen;
        Ok(Some(Answered { sure: found - &unsure, unsure }))
    }

    /// Returns the places of the letters that may fit, if the index names at most `most` of them.
    pub fn places(&self, view: &View, most: u64) -> Result<Option<Places>, Error> {
        let Some(candidates) = self.test.candidates().filter(|letters| letters.len() <= most) else { return Ok(None) };
        let room = usize::try_from(most - candidates.len()).unwrap_or(UNSEEN).min(UNSEEN);
        let Some(unseen) = unseen(view, self.test.reached(), room)? else { return Ok(None) };
        let all_known = unseen.is_empty();
        Places::of(view, &(candidates | unseen), all_known).map(Some)
    }

    /// Looks at the next letters of a folder, as long as the budget lasts.
    pub fn batch(
        &self,
        (view, access): (&View, Access),
        folder: FolderId,
        ranges: Vec<UidRange>,
        budget: &mut Budget,
    ) -> Result<Batch, Error> {
        let mut batch = Batch { found: Uids::new(), letters: RoaringTreemap::new(), rest: Vec::new() };
        let mut next = None;
        let mut to_open: Vec<Row> = Vec::new();
        fetch::each(view, access, folder, &ranges, self.want, |row| {
            if budget.rows == 0 || to_open.len() >= budget.opened {
                next = Some(row.uid);
                return ControlFlow::Break(());
            }
            budget.rows -= 1;
            match self.test.of_row(&row) {
                Some(true) => batch.take(&row),
                Some(false) => {}
                None => to_open.push(row),
            }
            ControlFlow::Continue(())
        })?;
        budget.opened = budget.opened.saturating_sub(to_open.len());
        for row in to_open {
            view.check()?;
            if self.test.of_letter(&row, &mut Candidate::new(view, &row))? {
                batch.take(&row);
            }
        }
        // The ranges ascend, so the rest of them begins with the row that found no room.
        batch.rest = next.map(|next| letter::rest(&ranges, next)).unwrap_or_default();
        Ok(batch)
    }
}

impl Batch {
    fn take(&mut self, row: &Row) {
        self.found.insert(row.uid);
        self.letters.insert(u64::try_from(row.letter.0).unwrap_or_default());
    }
}
