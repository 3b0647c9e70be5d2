//! Letters of an account that fit, in an order, a window of them at a time (RFC 8620 §5.5).
//!
//! Listed by the time they were received, letters come from an index, so that the first page of a large folder costs
//! a page. In any other order what fits is gathered and sorted.

use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use mail::Timestamp;
use mail::seam::AccountId;
use store::{Store, View, params};

use super::order::{Scale, Worth, compare};
use super::{Criteria, Key, Order, carry_out, plan};
use crate::account_changes::{States, states};
use crate::fetch::{self, Want};
use crate::{Change, Error, FolderId, LetterKey, ThreadId, UidRange, Uids, folder};

/// Letters that are sorted at most. More than that can only be listed by the time they were received.
const SORTED: usize = 500_000;
/// Rows read from the index at once.
const PAGE: usize = 512;
/// So few letters are looked up by themselves rather than sought in the index.
const FEW: u32 = 2_000;

/// What is listed, and how.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Which letters. Those flagged `\Deleted` never are.
    pub criteria: Criteria,
    /// In which order. Equals come as they were received, the newest first.
    pub orders: Vec<Order>,
    /// Of each conversation only the first?
    pub collapse: bool,
}

/// Which part of the list.
#[derive(Clone, Copy, Debug)]
pub enum Window {
    /// From a position on; a negative one counts from the end.
    Position(i64),
    /// From so many behind (or before) a letter.
    Anchor(LetterKey, i64),
}

/// A letter on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The letter.
    pub letter: LetterKey,
    /// Its conversation.
    pub thread: ThreadId,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Found {
    /// The letters.
    pub letters: Vec<LetterKey>,
    /// Where on the list the first of them stands.
    pub position: u64,
    /// How many the list has; where it was asked for.
    pub total: Option<u64>,
    /// The state of the letters when the list was made, or a little before.
    pub state: Change,
    /// Did nothing change while it was being made?
    pub exact: bool,
}

/// Where letters stand on a list.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Each with its position, in order.
    pub letters: Vec<(LetterKey, u64)>,
    /// How many the list has; where it was asked for.
    pub total: Option<u64>,
    /// The state of the letters when it was looked at.
    pub state: Change,
    /// Did nothing change meanwhile?
    pub exact: bool,
}

/// The letters of a window, at most `limit`. `None`: the anchor is not on the list.
pub async fn list(
    store: &Store,
    account: AccountId,
    listing: Listing,
    window: Window,
    limit: usize,
    total: bool,
    now: Timestamp,
) -> Result<Option<Found>, Error> {
    let (state, sources) = sources(store, account, &listing.criteria, now).await?;
    store
        .read(move |view| {
            let known = if total { counted(&sources, listing.collapse) } else { None };
            let all = total && known.is_none();
            let mut hits = Hits::new(view, account, &listing, sources)?;
            let found = cut(&mut hits, window, limit, all)?;
            let exact = states(view, account)?.emails == state;
            Ok(found.map(|(letters, position, counted)| Found {
                letters,
                position,
                total: total.then(|| known.unwrap_or(counted)),
                state,
                exact,
            }))
        })
        .await
}

/// Where letters stand on the list now: those of `letters`, and those of `threads`.
pub async fn placed(
    store: &Store,
    account: AccountId,
    listing: Listing,
    letters: HashSet<LetterKey>,
    threads: HashSet<ThreadId>,
    total: bool,
    now: Timestamp,
) -> Result<Placed, Error> {
    let (state, sources) = sources(store, account, &listing.criteria, now).await?;
    store
        .read(move |view| {
            let known = if total { counted(&sources, listing.collapse) } else { None };
            let all = total && known.is_none();
            let mut expected = expected(view, &sources, &letters, &threads)?;
            let mut hits = Hits::new(view, account, &listing, sources)?;
            let (mut placed, mut position) = (Vec::new(), 0);
            while all || !expected.is_empty() {
                let Some(hit) = hits.next()? else { break };
                // A conversation that is shown by another letter has been met as well.
                if listing.collapse {
                    expected.retain(|(_, thread)| *thread != hit.thread);
                } else {
                    expected.remove(&(hit.letter, hit.thread));
                }
                if letters.contains(&hit.letter) || threads.contains(&hit.thread) {
                    placed.push((hit.letter, position));
                }
                position += 1;
            }
            let exact = states(view, account)?.emails == state;
            Ok(Placed { letters: placed, total: total.then(|| known.unwrap_or(position)), state, exact })
        })
        .await
}

/// A folder that has letters for the list: all that are visible in it, or these.
struct Source {
    folder: FolderId,
    uids: Option<Uids>,
    visible: u64,
    threads: u64,
}

async fn sources(
    store: &Store,
    account: AccountId,
    criteria: &Criteria,
    now: Timestamp,
) -> Result<(Change, Vec<Source>), Error> {
    if !criteria.is_bounded() {
        return Err(Error::TooComplex);
    }
    // The state is read before the letters are looked at: what changes meanwhile is told as a change since.
    let (state, folders) = store
        .read(move |view| {
            let States { emails, .. } = states(view, account)?;
            Ok::<_, Error>((emails, folder::list(view, account)?))
        })
        .await?;
    let mut sources = Vec::new();
    for folder in folders {
        let visible = u64::from(folder.total.saturating_sub(folder.deleted));
        let its_criteria = criteria.within(folder.id);
        if visible == 0 || its_criteria.is_none() {
            continue;
        }
        let uids = match its_criteria {
            Criteria::All => None,
            narrower => {
                let plan = plan::Plan::make(store, account, narrower, now).await?;
                match carry_out(store, folder.id, Arc::new(plan)).await {
                    Ok(uids) => Some(uids),
                    // Deleted meanwhile.
                    Err(Error::NoSuchFolder(_)) => continue,
                    Err(error) => return Err(error),
                }
            }
        };
        sources.push(Source { folder: folder.id, uids, visible, threads: u64::from(folder.threads) });
    }
    Ok((state, sources))
}

/// How many the list has, where counters tell: nothing is told of what was searched for, since some of it may be
/// flagged `\Deleted`.
fn counted(sources: &[Source], collapse: bool) -> Option<u64> {
    if sources.iter().any(|source| source.uids.is_some()) || (collapse && sources.len() > 1) {
        return None;
    }
    Some(sources.iter().map(|source| if collapse { source.threads } else { source.visible }).sum())
}

/// Which of the letters are on the list, or would be were it not collapsed.
fn expected(
    view: &View,
    sources: &[Source],
    letters: &HashSet<LetterKey>,
    threads: &HashSet<ThreadId>,
) -> Result<HashSet<(LetterKey, ThreadId)>, Error> {
    let mut expected = HashSet::new();
    let mut look = |sql: &str, number: i64| {
        view.for_each(sql, params![number], |row| {
            let (folder, uid) = (FolderId(row.get(0)?), crate::Uid(crate::numbers::at_least_one(row.get(1)?)));
            let source = sources.iter().find(|source| source.folder == folder);
            if source.is_some_and(|source| source.uids.as_ref().is_none_or(|uids| uids.contains(uid))) {
                expected.insert((LetterKey(row.get(2)?), ThreadId(row.get(3)?)));
            }
            Ok(ControlFlow::Continue(()))
        })
    };
    for letter in letters {
        look("SELECT folder, uid, letter, thread FROM entry WHERE letter = $1 AND (flags & 8) = 0", letter.0)?;
    }
    for source in sources {
        for thread in threads {
            let sql = "SELECT e.folder, e.uid, e.letter, e.thread FROM folder_thread t
                       JOIN letter l ON l.thread = t.thread
                        AND l.account = (SELECT account FROM folder WHERE folder = t.folder)
                       JOIN entry e ON e.letter = l.letter AND e.folder = t.folder AND (e.flags & 8) = 0
                       WHERE t.folder = $1 AND t.thread = ";
            look(&format!("{sql}{}", thread.0), source.folder.0)?;
        }
    }
    Ok(expected)
}

/// Takes the window out of the list: its letters, where it begins, and how many there are if the list was gone through
/// to its end.
fn cut(
    hits: &mut Hits<'_>,
    window: Window,
    limit: usize,
    all: bool,
) -> Result<Option<(Vec<LetterKey>, u64, u64)>, Error> {
    if let Window::Position(position @ 0..) = window {
        let position = position.unsigned_abs();
        let (mut letters, mut at) = (Vec::new(), 0);
        while all || letters.len() < limit {
            let Some(hit) = hits.next()? else { break };
            if at >= position && letters.len() < limit {
                letters.push(hit.letter);
            }
            at += 1;
        }
        return Ok(Some((letters, position, at)));
    }
    let mut letters = Vec::new();
    let mut start = None;
    loop {
        let enough = start.is_some_and(|start: usize| letters.len() >= start.saturating_add(limit));
        if enough && !all {
            break;
        }
        let Some(hit) = hits.next()? else { break };
        if let Window::Anchor(anchor, offset) = window
            && hit.letter == anchor
        {
            start = Some(offset_by(letters.len(), offset));
        }
        letters.push(hit.letter);
    }
    let start = match (window, start) {
        (Window::Position(back), _) => offset_by(letters.len(), back),
        (Window::Anchor(..), Some(start)) => start,
        (Window::Anchor(..), None) => return Ok(None),
    };
    let total = letters.len() as u64;
    let window: Vec<_> = letters.into_iter().skip(start).take(limit).collect();
    Ok(Some((window, start as u64, total)))
}

fn offset_by(index: usize, offset: i64) -> usize {
    let step = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
    if offset < 0 { index.saturating_sub(step) } else { index.saturating_add(step) }
}

/// The list, one letter after the other.
struct Hits<'v> {
    rows: Rows<'v>,
    met: Option<HashSet<ThreadId>>,
}

enum Rows<'v> {
    /// From the index of each folder, merged.
    Streams(Vec<Stream<'v>>, bool),
    /// Gathered and sorted.
    Sorted(std::vec::IntoIter<Hit>),
}

impl<'v> Hits<'v> {
    fn new(view: &'v View, account: AccountId, listing: &Listing, sources: Vec<Source>) -> Result<Self, Error> {
        let met = listing.collapse.then(HashSet::new);
        let by_received = match listing.orders.as_slice() {
            [] => Some(false),
            [Order { key: Key::Received, ascending }] => Some(*ascending),
            _ => None,
        };
        let rows = match by_received {
            Some(ascending) => {
                let streams: Vec<_> = sources.into_iter().map(|source| Stream::new(view, source, ascending)).collect();
                Rows::Streams(streams, ascending)
            }
            None => Rows::Sorted(sorted(view, account, &listing.orders, &sources)?.into_iter()),
        };
        Ok(Self { rows, met })
    }

    fn next(&mut self) -> Result<Option<Hit>, Error> {
        loop {
            let Some(hit) = self.rows.next()? else { return Ok(None) };
            if self.met.as_mut().is_none_or(|met| met.insert(hit.thread)) {
                return Ok(Some(hit));
            }
        }
    }
}

impl Rows<'_> {
    fn next(&mut self) -> Result<Option<Hit>, Error> {
        let (streams, ascending) = match self {
            Self::Sorted(hits) => return Ok(hits.next()),
            Self::Streams(streams, ascending) => (streams, *ascending),
        };
        let mut first: Option<(usize, (i64, i64))> = None;
        for (number, stream) in streams.iter_mut().enumerate() {
            let Some(place) = stream.peek()? else { continue };
            let earlier = first.is_none_or(|(_, best)| if ascending { place < best } else { place > best });
            if earlier {
                first = Some((number, place));
            }
        }
        let Some((number, _)) = first else { return Ok(None) };
        Ok(streams.get_mut(number).and_then(Stream::take))
    }
}

/// The visible letters of a folder by the time they were received.
struct Stream<'v> {
    view: &'v View,
    source: Source,
    ascending: bool,
    /// Received, and the letter with its conversation.
    page: VecDeque<(i64, Hit)>,
    /// Where the next page begins.
    last: (i64, i64),
    ended: bool,
}

impl<'v> Stream<'v> {
    fn new(view: &'v View, source: Source, ascending: bool) -> Self {
        let last = if ascending { (i64::MIN, i64::MIN) } else { (i64::MAX, i64::MAX) };
        Self { view, source, ascending, page: VecDeque::new(), last, ended: false }
    }

    fn peek(&mut self) -> Result<Option<(i64, i64)>, Error> {
        while self.page.is_empty() && !self.ended {
            self.turn_page()?;
        }
        Ok(self.page.front().map(|(received, hit)| (*received, hit.letter.0)))
    }

    fn take(&mut self) -> Option<Hit> {
        self.page.pop_front().map(|(_, hit)| hit)
    }

    fn turn_page(&mut self) -> Result<(), Error> {
        if let Some(few) = self.source.uids.as_ref().filter(|uids| uids.len() <= FEW) {
            self.page = few_by_received(self.view, self.source.folder, few, self.ascending)?;
            self.ended = true;
            return Ok(());
        }
        let sql = if self.ascending {
            "SELECT received, letter, thread, uid FROM entry WHERE folder = $1 AND (flags & 8) = 0
             AND (received, letter) > ($2, $3) ORDER BY received, letter LIMIT $4"
        } else {
            "SELECT received, letter, thread, uid FROM entry WHERE folder = $1 AND (flags & 8) = 0
             AND (received, letter) < ($2, $3) ORDER BY received DESC, letter DESC LIMIT $4"
        };
        let (uids, page, from) = (&self.source.uids, &mut self.page, self.last);
        let (last, mut read) = (&mut self.last, 0);
        let limit = if uids.is_some() { PAGE * 16 } else { PAGE };
        self.view.for_each(sql, params![self.source.folder.0, from.0, from.1, limit], |row| {
            let hit = Hit { letter: LetterKey(row.get(1)?), thread: ThreadId(row.get(2)?) };
            *last = (row.get(0)?, hit.letter.0);
            read += 1;
            let uid = crate::Uid(crate::numbers::at_least_one(row.get(3)?));
            if uids.as_ref().is_none_or(|uids| uids.contains(uid)) {
                page.push_back((last.0, hit));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.ended = read < limit;
        Ok(())
    }
}

fn few_by_received(view: &View, folder: FolderId, uids: &Uids, ascending: bool) -> Result<VecDeque<(i64, Hit)>, Error> {
    let ranges: Vec<UidRange> = uids.ranges().collect();
    let mut rows = Vec::new();
    fetch::each(view, folder, &ranges, Want::ROW, |row| {
        if !row.flags.system.contains(crate::System::DELETED) {
            rows.push((row.received.0, Hit { letter: row.letter, thread: row.thread }));
        }
        ControlFlow::Continue(())
    })?;
    rows.sort_unstable_by_key(|(received, hit)| (*received, hit.letter));
    if !ascending {
        rows.reverse();
    }
    Ok(rows.into())
}

/// Gathers what fits and sorts it.
fn sorted(view: &View, account: AccountId, orders: &[Order], sources: &[Source]) -> Result<Vec<Hit>, Error> {
    let scales: Vec<Scale> =
        orders.iter().map(|order| Scale::new(view, account, &order.key)).collect::<Result<_, _>>()?;
    let summary = scales.iter().any(Scale::needs_summary);
    let want = Want { card: summary, summary, structure: false };
    let mut gathered: Vec<(Box<[Worth]>, i64, Hit)> = Vec::new();
    for source in sources {
        let ranges: Vec<UidRange> = source.uids.as_ref().map_or(vec![UidRange::ALL], |uids| uids.ranges().collect());
        fetch::each(view, source.folder, &ranges, want, |row| {
            if row.flags.system.contains(crate::System::DELETED) {
                return ControlFlow::Continue(());
            }
            let worth = scales.iter().map(|scale| scale.weigh(&row)).collect();
            gathered.push((worth, row.received.0, Hit { letter: row.letter, thread: row.thread }));
            if gathered.len() > SORTED { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if gathered.len() > SORTED {
            return Err(Error::TooComplex);
        }
    }
    gathered.sort_unstable_by(|one, other| {
        let newest = (other.1, other.2.letter).cmp(&(one.1, one.2.letter));
        compare(&one.0, &other.0, orders).then(newest)
    });
    Ok(gathered.into_iter().map(|(_, _, hit)| hit).collect())
}
