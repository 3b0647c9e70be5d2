//! Makes lists in another order than that in which letters were received: it gathers and sorts the letters that fit,
//! a slice of rows at a time, and keeps no more of them than the window needs.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use roaring::RoaringTreemap;
use store::{Store, View};

use super::listing::Hit;
use super::order::{Scale, Worth, compare};
use super::sources::{Source, placed_where_few};
use super::{Key, Order};
use crate::fetch::{self, Want};
use crate::{Access, Error, System, UidRange, letter};

/// Letters that are kept at most. Longer lists are sorted only where it is known which part of them is wanted.
const SORTED: usize = 500_000;
/// The number of rows that one reading looks at, by what is needed of each.
const ROWS: usize = 20_000;
const ROWS_WITH_SUMMARY: usize = 4_000;
/// The number of letters beyond those wanted that are gathered before the rest is dropped.
const SLACK: usize = 4_096;

/// A sorted list, or its beginning.
pub struct Ranked {
    pub hits: Vec<Hit>,
    /// The number of letters on the whole list.
    pub total: u64,
}

/// Sorts the letters of the sources. With `first`, only the first so many of the list are given; with `collapse`, of each
/// conversation only its first letter is on the list.
pub(super) async fn ranked(
    store: &Store,
    access: Access,
    orders: Vec<Order>,
    sources: Vec<Source>,
    first: Option<usize>,
    collapse: bool,
) -> Result<Ranked, Error> {
    let asker = access.asker();
    let mut ranking = store.scan_for(asker, move |view| Ranking::new(view, access, orders, sources)).await?;
    ranking.first = first;
    ranking.collapse = collapse;
    while !ranking.todo.is_empty() {
        ranking = store.scan_for(asker, move |view| ranking.slice(view)).await?;
    }
    store
        .scan_for(asker, move |view| {
            view.check()?;
            ranking.sort();
            let total = if ranking.collapse { ranking.threads.len() } else { ranking.count };
            Ok(Ranked { hits: ranking.kept.into_iter().map(|(_, _, hit)| hit).collect(), total })
        })
        .await
}

struct Ranking {
    orders: Vec<Order>,
    scales: Vec<Scale>,
    /// The folders still to be read, and which part of them.
    todo: VecDeque<(Source, Vec<UidRange>)>,
    first: Option<usize>,
    collapse: bool,
    /// The values that a letter is sorted by, the time at which it was received, and the letter.
    kept: Vec<(Box<[Worth]>, i64, Hit)>,
    count: u64,
    threads: RoaringTreemap,
    /// The letters that were met, where one may lie in several of the folders.
    met: Option<RoaringTreemap>,
}

impl Ranking {
    fn new(view: &View, access: Access, orders: Vec<Order>, sources: Vec<Source>) -> Result<Self, Error> {
        let scale = |order: &Order| Scale::new(view, access, &order.key);
        let scales = orders.iter().map(scale).collect::<Result<_, _>>()?;
        let sources = placed_where_few(view, sources)?;
        let met = (sources.len() > 1).then(RoaringTreemap::new);
        let todo = sources.into_iter().map(|source| {
            let ranges = source.ranges();
            (source, ranges)
        });
        Ok(Self {
            orders,
            scales,
            todo: todo.collect(),
            first: None,
            collapse: false,
            kept: Vec::new(),
            count: 0,
            threads: RoaringTreemap::new(),
            met,
        })
    }

    /// Does as much as one reading may do.
    fn slice(mut self, view: &View) -> Result<Self, Error> {
        let summary = self.scales.iter().any(Scale::needs_summary);
        let want = Want { card: summary, summary, structure: false };
        let mut left = if summary { ROWS_WITH_SUMMARY } else { ROWS };
        while left > 0
            && let Some((source, ranges)) = self.todo.pop_front()
        {
            view.check()?;
            let mut next = None;
            fetch::each(view, source.access, source.folder, &ranges, want, |row| {
                if left == 0 {
                    next = Some(row.uid);
                    return ControlFlow::Break(());
                }
                left -= 1;
                if source.has(row.uid, row.letter) && !row.flags.system.contains(System::DELETED) {
                    self.take(&row);
                }
                ControlFlow::Continue(())
            })?;
            // A folder is some work however few letters it has.
            left = left.saturating_sub(1);
            if let Some(next) = next {
                self.todo.push_front((source, letter::rest(&ranges, next)));
            }
            if self.kept.len() > SORTED {
                return Err(Error::TooComplex);
            }
        }
        Ok(self)
    }

    fn take(&mut self, row: &fetch::Row) {
        let letter = u64::try_from(row.letter.0).unwrap_or_default();
        if self.met.as_mut().is_some_and(|met| !met.insert(letter)) {
            return;
        }
        let worth = self.scales.iter().map(|scale| scale.weigh(row)).collect();
        self.kept.push((worth, row.received.0, Hit { letter: row.letter, thread: row.thread }));
        self.count += 1;
        if self.collapse {
            self.threads.insert(u64::try_from(row.thread.0).unwrap_or_default());
        }
        if self.first.is_some_and(|first| self.kept.len() >= first.saturating_mul(2).saturating_add(SLACK)) {
            self.sort();
        }
    }

    /// Brings the gathered letters in order, and drops those that cannot be wanted any more.
    fn sort(&mut self) {
        let orders = &self.orders;
        self.kept.sort_unstable_by(|one, other| {
            let newest = (other.1, other.2.letter).cmp(&(one.1, one.2.letter));
            compare(&one.0, &other.0, orders).then(newest)
        });
        if self.collapse {
            let mut met = RoaringTreemap::new();
            self.kept.retain(|(_, _, hit)| met.insert(u64::try_from(hit.thread.0).unwrap_or_default()));
        }
        if let Some(first) = self.first {
            self.kept.truncate(first);
        }
    }
}

/// Says, for a list in the order in which letters were received, whether the oldest comes first; `None` for another
/// order.
pub fn by_received(orders: &[Order]) -> Option<bool> {
    match orders {
        [] => Some(false),
        [Order { key: Key::Received, ascending }] => Some(*ascending),
        _ => None,
    }
}
