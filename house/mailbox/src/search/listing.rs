//! Letters of an account that fit, in an order, a window of them at a time (RFC 8620 §5.5).
//!
//! Listed by the time they were received, letters come from an index, so that the first page of a large folder costs
//! a page. A letter that lies in several folders comes out of the index of each at the same place of the list, and is on it
//! once. In any other order the letters that fit are gathered and sorted.

use std::collections::{BinaryHeap, HashSet, VecDeque};
use std::ops::ControlFlow;

use mail::Timestamp;
use roaring::RoaringTreemap;
use store::{Store, View, params};

use super::places::joined;
use super::ranked::{Ranked, by_received, ranked};
use super::sources::{Source, Sources, Which, placed_where_few, sources};
use super::{Criteria, Order};
use crate::account_changes::states;
use crate::fetch::{self, Want};
use crate::{Access, Change, Error, FolderId, LetterKey, ThreadId, Uids};

/// Rows read from the index at once: at first, and where most of them are passed over.
const PAGE: usize = 512;
const LARGEST_PAGE: usize = 8_192;
const SMALLEST_PAGE: usize = 16;
/// The number of letters up to which each is looked up by itself rather than sought in the index.
const FEW: u32 = 2_000;
/// Letters that a page of a whole folder may cost before it is a long read.
const QUICK: usize = 10_000;

/// A list of letters: its criteria and its order.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The criteria that its letters meet. Letters flagged `\Deleted` are never on it.
    pub criteria: Criteria,
    /// The orders of the list. Equal letters come as they were received, the newest first.
    pub orders: Vec<Order>,
    /// Says whether only the first letter of each conversation is on the list.
    pub collapse: bool,
    /// True if, without an order, letters that have words as they were typed come before those that have them within
    /// others.
    pub best_first: bool,
}

impl Listing {
    /// Returns the criteria of the letters that come before the others.
    fn best(&self) -> Option<Criteria> {
        self.criteria.as_typed().filter(|_| self.best_first && self.orders.is_empty())
    }
}

/// The part of a list that the caller asks for.
#[derive(Clone, Copy, Debug)]
pub enum Window {
    /// From this position on; a negative one counts from the end.
    Position(i64),
    /// From so many positions behind (or before) a letter.
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
    /// The position of the first of them on the list.
    pub position: u64,
    /// The length of the list, if it was asked for.
    pub total: Option<u64>,
    /// The state of the letters when the list was made, or a little before.
    pub state: Change,
    /// True if nothing changed while it was being made.
    pub exact: bool,
}

/// The positions of letters on a list.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Each with its position, in order.
    pub letters: Vec<(LetterKey, u64)>,
    /// The length of the list, if it was asked for.
    pub total: Option<u64>,
    /// The state of the letters when it was looked at.
    pub state: Change,
    /// True if nothing changed meanwhile.
    pub exact: bool,
}

/// The letters of a window, at most `limit`. `None`: the anchor is not on the list.
///
/// A page of whole folders by the time of receipt is a short read, all else a long one.
pub async fn list(
    store: &Store,
    access: Access,
    listing: Listing,
    window: Window,
    limit: usize,
    total: bool,
    now: Timestamp,
) -> Result<Option<Found>, Error> {
    let asked = Asked { window, limit, total, collapse: listing.collapse };
    let best = best(store, access, &listing, now).await?;
    if let Some(Sources { state, folders, .. }) = &best {
        let ascending = by_received(&listing.orders).unwrap_or_default();
        if let Some((letters, position)) = page_of_best(store, access, folders, ascending, asked).await? {
            let exact = is_state(store, access, *state).await?;
            return Ok(Some(Found { letters, position, total: None, state: *state, exact }));
        }
    }
    let Sources { state, folders, total: known } = sources(store, access, &listing.criteria, now).await?;
    let state = best.as_ref().map_or(state, |best| best.state);
    let cut = match by_received(&listing.orders) {
        Some(ascending) => {
            let known = counted(&folders, known, &best, listing.collapse);
            page(store, access, in_turn(best, folders), known, ascending, asked).await?
        }
        None => {
            let first = match window {
                Window::Position(position) => usize::try_from(position).ok().map(|at| at.saturating_add(limit)),
                Window::Anchor(..) => None,
            };
            let Ranked { hits, total } =
                ranked(store, access, listing.orders, folders, first, listing.collapse).await?;
            asked.cut(&mut Hits::sorted(hits), Some(total))?
        }
    };
    let exact = is_state(store, access, state).await?;
    Ok(cut.map(|(letters, position, total)| Found { letters, position, total, state, exact }))
}

/// The letters that come before the others, if some do.
async fn best(store: &Store, access: Access, listing: &Listing, now: Timestamp) -> Result<Option<Sources>, Error> {
    match listing.best() {
        Some(criteria) => Ok(Some(sources(store, access, &criteria, now).await?)),
        None => Ok(None),
    }
}

/// Returns a window that lies whole among the letters that fit best: the other letters need not be known then.
async fn page_of_best(
    store: &Store,
    access: Access,
    best: &[Source],
    ascending: bool,
    asked: Asked,
) -> Result<Option<(Vec<LetterKey>, u64)>, Error> {
    if asked.total || matches!(asked.window, Window::Position(back) if back < 0) {
        return Ok(None);
    }
    let cut = page(store, access, vec![best.to_vec()], None, ascending, asked).await?;
    Ok(cut.filter(|(letters, ..)| letters.len() == asked.limit).map(|(letters, position, _)| (letters, position)))
}

/// The letters as one list, or those that fit best and then the others.
fn in_turn(best: Option<Sources>, mut folders: Vec<Source>) -> Vec<Vec<Source>> {
    let Some(Sources { folders: best, .. }) = best else { return vec![folders] };
    for folder in &mut folders {
        folder.but = best.iter().find(|best| best.folder == folder.folder).map(|best| best.which.clone());
    }
    vec![best, folders]
}

async fn is_state(store: &Store, access: Access, state: Change) -> Result<bool, Error> {
    store.read_for(access.asker(), move |view| Ok::<_, Error>(states(view, access)?.emails == state)).await
}

/// A window of the list by the time of receipt.
async fn page(
    store: &Store,
    access: Access,
    lists: Vec<Vec<Source>>,
    known: Option<u64>,
    ascending: bool,
    asked: Asked,
) -> Result<Option<Cut>, Error> {
    let asker = access.asker();
    if lists.iter().flatten().all(Source::is_whole) && (known.is_some() || !asked.total) && asked.is_near() {
        let lists = lists.clone();
        let quick = store
            .read_for(asker, move |view| {
                let mut hits = Hits::by_received(view, lists, ascending, asked.collapse);
                hits.left = QUICK;
                let cut = asked.cut(&mut hits, known)?;
                Ok::<_, Error>((hits.left > 0).then_some(cut))
            })
            .await?;
        if let Some(cut) = quick {
            return Ok(cut);
        }
    }
    store
        .scan_for(asker, move |view| {
            let lists = all_placed_where_few(view, lists)?;
            asked.cut(&mut Hits::by_received(view, lists, ascending, asked.collapse), known)
        })
        .await
}

fn all_placed_where_few(view: &View, lists: Vec<Vec<Source>>) -> Result<Vec<Vec<Source>>, Error> {
    lists.into_iter().map(|folders| placed_where_few(view, folders)).collect()
}

/// Returns the positions that letters have on the list now: those of `letters`, and those of `threads`.
pub async fn placed(
    store: &Store,
    access: Access,
    listing: Listing,
    letters: HashSet<LetterKey>,
    threads: HashSet<ThreadId>,
    total: bool,
    now: Timestamp,
) -> Result<Placed, Error> {
    let best = best(store, access, &listing, now).await?;
    let Sources { state, folders, total: known } = sources(store, access, &listing.criteria, now).await?;
    let state = best.as_ref().map_or(state, |best| best.state);
    let known = counted(&folders, known, &best, listing.collapse);
    let sorted = match by_received(&listing.orders) {
        Some(_) => None,
        None => Some(ranked(store, access, listing.orders.clone(), folders.clone(), None, listing.collapse).await?),
    };
    let sought = Sought { letters, threads, collapse: listing.collapse };
    let lists = in_turn(best, folders.clone());
    let (letters, total) = store
        .scan_for(access.asker(), move |view| {
            let known = sorted.as_ref().map(|list| list.total).or(known);
            let expected = expected(view, &folders, &sought.letters, &sought.threads)?;
            let mut hits = match (sorted, by_received(&listing.orders)) {
                (Some(list), _) => Hits::sorted(list.hits),
                (None, ascending) => {
                    let lists = all_placed_where_few(view, lists)?;
                    Hits::by_received(view, lists, ascending.unwrap_or_default(), sought.collapse)
                }
            };
            let (placed, count) = sought.place(&mut hits, expected, total && known.is_none())?;
            Ok::<_, Error>((placed, total.then(|| known.unwrap_or(count))))
        })
        .await?;
    let exact = is_state(store, access, state).await?;
    Ok(Placed { letters, total, state, exact })
}

/// Letters and conversations whose places are wanted.
struct Sought {
    letters: HashSet<LetterKey>,
    threads: HashSet<ThreadId>,
    collapse: bool,
}

impl Sought {
    /// Goes through the list until all that are expected on it were met, or, with `all`, to its end; says also how many
    /// letters it went past.
    fn place(
        &self,
        hits: &mut Hits<'_>,
        mut expected: HashSet<(LetterKey, ThreadId)>,
        all: bool,
    ) -> Result<(Vec<(LetterKey, u64)>, u64), Error> {
        let (mut placed, mut position) = (Vec::new(), 0);
        while all || !expected.is_empty() {
            let Some(hit) = hits.next()? else { break };
            // A conversation that is shown by another letter has been met as well.
            if self.collapse {
                expected.retain(|(_, thread)| *thread != hit.thread);
            } else {
                expected.remove(&(hit.letter, hit.thread));
            }
            if self.letters.contains(&hit.letter) || self.threads.contains(&hit.thread) {
                placed.push((hit.letter, position));
            }
            position += 1;
        }
        Ok((placed, position))
    }
}

/// Returns the length of the list, if counters tell it: `known` is that of a list that is not collapsed.
fn counted(folders: &[Source], known: Option<u64>, best: &Option<Sources>, collapse: bool) -> Option<u64> {
    match (collapse, folders) {
        _ if best.is_some() => None,
        (false, _) => known,
        (true, [only]) if only.is_whole() => Some(only.threads),
        (true, []) => Some(0),
        (true, _) => None,
    }
}

/// Returns those of the letters that are on the list, or would be were it not collapsed.
fn expected(
    view: &View,
    sources: &[Source],
    letters: &HashSet<LetterKey>,
    threads: &HashSet<ThreadId>,
) -> Result<HashSet<(LetterKey, ThreadId)>, Error> {
    let mut expected = HashSet::new();
    let mut look = |sql: &str, params: &[store::Value<'_>]| {
        view.for_each(sql, params, |row| {
            let (folder, uid) = (FolderId(row.get(0)?), crate::Uid(crate::numbers::at_least_one(row.get(1)?)));
            let (letter, thread) = (LetterKey(row.get(2)?), ThreadId(row.get(3)?));
            let source = sources.iter().find(|source| source.folder == folder);
            if source.is_some_and(|source| source.has(uid, letter)) {
                expected.insert((letter, thread));
            }
            Ok(ControlFlow::Continue(()))
        })
    };
    for letter in letters {
        let sql = "SELECT folder, uid, letter, thread FROM entry WHERE letter = $1 AND (flags & 8) = 0";
        look(sql, params![letter.0])?;
    }
    for source in sources {
        for thread in threads {
            look(IN_THREAD, params![source.folder.0, thread.0])?;
        }
    }
    Ok(expected)
}

/// The visible letters of a conversation in a folder.
const IN_THREAD: &str = "SELECT e.folder, e.uid, e.letter, e.thread FROM folder_thread t
    JOIN letter l ON l.thread = t.thread AND l.account = (SELECT account FROM folder WHERE folder = t.folder)
    JOIN entry e ON e.letter = l.letter AND e.folder = t.folder AND (e.flags & 8) = 0
    WHERE t.folder = $1 AND t.thread = $2";

/// The letters of a window, where the first stands, and how many the list has if that was asked.
type Cut = (Vec<LetterKey>, u64, Option<u64>);

/// The part of a list that the caller asks for.
#[derive(Clone, Copy)]
struct Asked {
    window: Window,
    limit: usize,
    total: bool,
    collapse: bool,
}

impl Asked {
    /// Returns true if the answer can be had with a look at few letters.
    fn is_near(self) -> bool {
        match self.window {
            Window::Position(position) => position < QUICK as i64,
            Window::Anchor(..) => true,
        }
    }

    /// The window; `None`: the anchor is not on the list. `known` is how many the list has, if that is known.
    fn cut(self, hits: &mut Hits<'_>, known: Option<u64>) -> Result<Option<Cut>, Error> {
        let all = self.total && known.is_none();
        let tell = |counted: u64| self.total.then(|| known.unwrap_or(counted));
        let position = match (self.window, known) {
            (Window::Position(position), _) if position >= 0 => Some(position.unsigned_abs()),
            (Window::Position(back), Some(total)) => Some(total.saturating_sub(back.unsigned_abs())),
            _ => None,
        };
        if let Some(position) = position {
            let mut letters = Vec::new();
            let mut at = hits.skip(position)?;
            while at >= position
                && letters.len() < self.limit
                && let Some(hit) = hits.next()?
            {
                letters.push(hit.letter);
                at += 1;
            }
            while all && hits.next()?.is_some() {
                at += 1;
            }
            return Ok(Some((letters, position, tell(at))));
        }
        let (letters, start) = self.up_to_window(hits, all)?;
        let Some(start) = start else { return Ok(None) };
        let total = letters.len() as u64;
        let window: Vec<_> = letters.into_iter().skip(start).take(self.limit).collect();
        Ok(Some((window, start as u64, tell(total))))
    }

    /// The list up to the end of the window (or, with `all`, to its own), and where the window begins.
    fn up_to_window(self, hits: &mut Hits<'_>, all: bool) -> Result<(Vec<LetterKey>, Option<usize>), Error> {
        let mut letters = Vec::new();
        let mut start = None;
        loop {
            let enough = start.is_some_and(|start: usize| letters.len() >= start.saturating_add(self.limit));
            if enough && !all {
                break;
            }
            let Some(hit) = hits.next()? else { break };
            if let Window::Anchor(anchor, offset) = self.window
                && hit.letter == anchor
            {
                start = Some(offset_by(letters.len(), offset));
            }
            letters.push(hit.letter);
        }
        if let Window::Position(back) = self.window {
            start = Some(offset_by(letters.len(), back));
        }
        Ok((letters, start))
    }
}

fn offset_by(index: usize, offset: i64) -> usize {
    let step = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
    if offset < 0 { index.saturating_sub(step) } else { index.saturating_add(step) }
}

/// The list, one letter after the other.
struct Hits<'v> {
    rows: Rows<'v>,
    met: Option<RoaringTreemap>,
    /// The number of further letters that are looked at; then the list seems to end.
    left: usize,
}

enum Rows<'v> {
    /// The letters come from the index of each folder, merged; of several such lists one after the other.
    Merged(VecDeque<Merge<'v>>),
    /// Gathered and sorted.
    Sorted(std::vec::IntoIter<Hit>),
}

impl<'v> Hits<'v> {
    fn by_received(view: &'v View, lists: Vec<Vec<Source>>, ascending: bool, collapse: bool) -> Self {
        let merge = |folders: Vec<Source>| {
            // The first page of many folders is made of a few letters of each.
            let page = (PAGE / folders.len().max(1)).max(SMALLEST_PAGE);
            Merge::new(folders.into_iter().map(|source| Stream::new(view, source, ascending, page)).collect())
        };
        let met = collapse.then(RoaringTreemap::new);
        Self { rows: Rows::Merged(lists.into_iter().map(merge).collect()), met, left: usize::MAX }
    }

    /// A list that is sorted, and collapsed if it shall be.
    fn sorted(hits: Vec<Hit>) -> Self {
        Self { rows: Rows::Sorted(hits.into_iter()), met: None, left: usize::MAX }
    }

    fn next(&mut self) -> Result<Option<Hit>, Error> {
        while self.left > 0 {
            self.left -= 1;
            let Some(hit) = self.rows.next()? else { return Ok(None) };
            let thread = u64::try_from(hit.thread.0).unwrap_or_default();
            if self.met.as_mut().is_none_or(|met| met.insert(thread)) {
                return Ok(Some(hit));
            }
        }
        Ok(None)
    }

    /// Passes over so many letters, and says how many there were.
    fn skip(&mut self, count: u64) -> Result<u64, Error> {
        if let (Rows::Merged(merges), None) = (&mut self.rows, &self.met)
            && let [merge] = merges.make_contiguous()
            && let [only] = merge.streams.as_mut_slice()
            && only.source.is_whole()
        {
            return only.skip(count);
        }
        let mut skipped = 0;
        while skipped < count && self.next()?.is_some() {
            skipped += 1;
        }
        Ok(skipped)
    }
}

impl Rows<'_> {
    fn next(&mut self) -> Result<Option<Hit>, Error> {
        match self {
            Self::Sorted(hits) => Ok(hits.next()),
            Self::Merged(merges) => {
                while let Some(merge) = merges.front_mut() {
                    if let Some(hit) = merge.next()? {
                        return Ok(Some(hit));
                    }
                    merges.pop_front();
                }
                Ok(None)
            }
        }
    }
}

/// The lists of several folders as one.
struct Merge<'v> {
    streams: Vec<Stream<'v>>,
    /// The rank of each stream, the first of all on top.
    next: BinaryHeap<((i64, i64), usize)>,
    /// The last letter of the list so far.
    last: Option<LetterKey>,
}

impl<'v> Merge<'v> {
    fn new(streams: Vec<Stream<'v>>) -> Self {
        let next = streams.iter().enumerate().filter_map(|(number, stream)| Some((stream.rank()?, number))).collect();
        Self { streams, next, last: None }
    }

    /// A folder is read no further than the list has come: one in which nothing fits is not read to its end.
    fn next(&mut self) -> Result<Option<Hit>, Error> {
        while let Some((_, number)) = self.next.pop() {
            let Some(stream) = self.streams.get_mut(number) else { continue };
            let hit = stream.take();
            if hit.is_none() && !stream.ended {
                stream.turn_page()?;
            }
            self.next.extend(stream.rank().map(|rank| (rank, number)));
            // A letter that lies in several folders comes from all of them, one after the other.
            if let Some(hit) = hit.filter(|hit| self.last != Some(hit.letter)) {
                self.last = Some(hit.letter);
                return Ok(Some(hit));
            }
        }
        Ok(None)
    }
}

/// The visible letters of a folder by the time they were received.
struct Stream<'v> {
    view: &'v View,
    source: Source,
    ascending: bool,
    /// Received, and the letter with its conversation.
    page: VecDeque<(i64, Hit)>,
    /// The position at which the next page begins.
    last: (i64, i64),
    size: usize,
    ended: bool,
}

/// The visible letters of a folder behind (or before) one of them.
const LATER: &str = "SELECT received, letter, thread, uid FROM entry WHERE folder = $1 AND (flags & 8) = 0
    AND (received, letter) > ($2, $3) ORDER BY received, letter LIMIT $4";
const EARLIER: &str = "SELECT received, letter, thread, uid FROM entry WHERE folder = $1 AND (flags & 8) = 0
    AND (received, letter) < ($2, $3) ORDER BY received DESC, letter DESC LIMIT $4";
/// One of them, so many behind the first (or before the last).
const NTH: &str = "SELECT received, letter FROM entry WHERE folder = $1 AND (flags & 8) = 0
    ORDER BY received, letter LIMIT 1 OFFSET $2";
const NTH_BACK: &str = "SELECT received, letter FROM entry WHERE folder = $1 AND (flags & 8) = 0
    ORDER BY received DESC, letter DESC LIMIT 1 OFFSET $2";

impl<'v> Stream<'v> {
    fn new(view: &'v View, source: Source, ascending: bool, size: usize) -> Self {
        let last = if ascending { (i64::MIN, i64::MIN) } else { (i64::MAX, i64::MAX) };
        Self { view, source, ascending, page: VecDeque::new(), last, size, ended: false }
    }

    /// Returns the position of the next letter on the list, or the earliest that it could have if its page has not
    /// been read yet: the highest comes first. `None`: there are no more.
    fn rank(&self) -> Option<(i64, i64)> {
        let next = self.page.front().map(|(received, hit)| (*received, hit.letter.0));
        let (received, letter) = next.or_else(|| (!self.ended).then_some(self.last))?;
        // The complement of a number falls as the number grows.
        Some(if self.ascending { (!received, !letter) } else { (received, letter) })
    }

    fn take(&mut self) -> Option<Hit> {
        self.page.pop_front().map(|(_, hit)| hit)
    }

    fn turn_page(&mut self) -> Result<(), Error> {
        self.view.check()?;
        if let Which::Uids(few) = &self.source.which
            && few.len() <= FEW
        {
            self.page = few_by_received(self.view, &self.source, few, self.ascending)?;
            self.ended = true;
            return Ok(());
        }
        let sql = if self.ascending { LATER } else { EARLIER };
        let (source, page, from) = (&self.source, &mut self.page, self.last);
        let (last, mut read) = (&mut self.last, 0);
        self.view.for_each(sql, params![source.folder.0, from.0, from.1, self.size], |row| {
            let hit = Hit { letter: LetterKey(row.get(1)?), thread: ThreadId(row.get(2)?) };
            *last = (row.get(0)?, hit.letter.0);
            read += 1;
            let uid = crate::Uid(crate::numbers::at_least_one(row.get(3)?));
            if source.has(uid, hit.letter) {
                page.push_back((last.0, hit));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.ended = read < self.size;
        let largest = if self.source.is_whole() { PAGE } else { LARGEST_PAGE };
        self.size = (self.size * 2).min(largest);
        Ok(())
    }

    /// Passes over the first so many letters of the whole folder, without a look at each; says how many there were.
    fn skip(&mut self, count: u64) -> Result<u64, Error> {
        let Some(before) = count.checked_sub(1) else { return Ok(0) };
        let sql = if self.ascending { NTH } else { NTH_BACK };
        let folder = self.source.folder.0;
        let nth = self.view.query_opt(sql, params![folder, before], |row| Ok((row.get(0)?, row.get(1)?)))?;
        match nth {
            Some(nth) => {
                self.last = nth;
                Ok(count)
            }
            None => {
                self.ended = true;
                let sql = "SELECT COUNT(*) FROM entry WHERE folder = $1 AND (flags & 8) = 0";
                Ok(self.view.query_one(sql, params![folder], |row| row.get(0))?)
            }
        }
    }
}

fn few_by_received(view: &View, source: &Source, uids: &Uids, ascending: bool) -> Result<VecDeque<(i64, Hit)>, Error> {
    let mut rows = Vec::new();
    fetch::each(view, source.access, source.folder, &joined(uids), Want::ROW, |row| {
        if source.has(row.uid, row.letter) && !row.flags.system.contains(crate::System::DELETED) {
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
