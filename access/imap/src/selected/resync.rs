//! Brings a returning client up to date (RFC 7162): it names first the letters that went, then those that changed.
//! SELECT does it with QRESYNC (§3.2.5), FETCH with VANISHED (§3.2.6) and CHANGEDSINCE (§3.1.4.1).

use std::sync::Arc;

use mailbox::{Change, Uid, UidRange, Uids};

use super::expunged::vanished;
use super::view::{Selected, flags_changed};
use crate::codec::command::Qresync;
use crate::codec::sets::{SequenceSet, UidSet};
use crate::session::{Halt, Output, Session};

/// Changed letters that one step reads and announces.
const BATCH: usize = 1000;

/// Tells the client of the letters that it knows and that went or changed since its last visit.
pub async fn tell(session: &mut Session, out: &mut Output<'_>, known: Qresync) -> Result<(), Halt> {
    let (enabled, asker) = (session.enabled, session.asker());
    let Some(selected) = session.selected.as_deref_mut() else { return Ok(()) };
    let since = Change(known.since);
    let uids = Arc::clone(&selected.uids);
    let concerned = known.known.as_ref().map(ranges);
    let (access, folder) = (selected.access, selected.folder);
    let vanished_since = move |view: &store::View| mailbox::vanished_since(view, access, folder, since);
    let gone = session.server.shared.store.read_for(asker, vanished_since).await?;
    let gone = concerns(gone.without(&uids), concerned.as_deref());
    let gone = match known.matched.as_ref().and_then(|(places, found)| in_step(places, found, &uids)) {
        Some(uid) => gone.without(&[UidRange { first: Uid::FIRST, last: uid }].into_iter().collect()),
        None => gone,
    };
    vanished(out, &gone, true).await?;
    let mut at = since;
    while at < selected.told {
        let read = move |view: &store::View| mailbox::changes_since(view, access, folder, at, BATCH);
        let changes = session.server.shared.store.read_for(asker, read).await?;
        for row in &changes.changed {
            let concerned = concerned.as_deref().is_none_or(|ranges| among(ranges, row.uid));
            if let Some(place) = uids.seq_of(row.uid).filter(|_| concerned) {
                let keywords = &selected.keywords;
                flags_changed(out.buffer(), place, row.uid, &row.flags, row.change, keywords, enabled);
                out.breathe().await?;
            }
        }
        if !changes.more {
            break;
        }
        at = changes.now;
    }
    Ok(())
}

/// Writes `VANISHED (EARLIER)` for the UIDs of the set of a FETCH, before its answers (RFC 7162 §3.2.6). A set may name
/// UIDs that were gone before this session began, so it is read once more, without the view.
pub async fn tell_vanished(
    selected: &Selected,
    (store, asker): (&store::Store, store::Asker),
    out: &mut Output<'_>,
    set: &SequenceSet,
    since: Change,
) -> Result<(), Halt> {
    let (access, folder) = (selected.access, selected.folder);
    let gone = store.read_for(asker, move |view| mailbox::vanished_since(view, access, folder, since)).await?;
    let gone = gone.without(&selected.uids);
    let Some(last) = gone.last() else { return Ok(()) };
    let highest = selected.uids.last().map_or(last, |known| known.max(last)).get();
    let ranges: Vec<UidRange> = set
        .resolve(highest)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|range| {
            Some(UidRange { first: Uid::new(*range.start())?, last: Uid::new(*range.end())?.min(last) })
        })
        .filter(|range| range.first <= range.last)
        .collect();
    Ok(vanished(out, &gone.within(&ranges), true).await?)
}

/// Returns the letters of the ranges that changed after `since`. It finds them by the change, without walking through
/// the ranges.
pub async fn changed(
    selected: &Selected,
    (store, asker): (&store::Store, store::Asker),
    ranges: Vec<UidRange>,
    since: Change,
) -> Result<Vec<UidRange>, Halt> {
    const BATCH: usize = 2000;
    let (access, folder, mut at) = (selected.access, selected.folder, since);
    let mut found = Uids::new();
    loop {
        let read = move |view: &store::View| mailbox::changes_since(view, access, folder, at, BATCH);
        let changes = store.read_for(asker, read).await?;
        found.extend(&changes.changed.iter().map(|row| row.uid).collect());
        if !changes.more {
            break;
        }
        at = changes.now;
    }
    Ok(found.and(&selected.uids).within(&ranges).ranges().collect())
}

/// Returns the highest UID up to which the client has every letter. If a number that it remembers still belongs to the
/// same UID, as many letters lie below it here as there; since none can come in between, they are the same ones (RFC
/// 7162 §3.2.5.2).
fn in_step(places: &UidSet, found: &UidSet, uids: &Uids) -> Option<Uid> {
    let pairs = numbers(places).zip(numbers(found));
    pairs.take(MOST_MATCHED).filter_map(|(place, uid)| uids.uid_at(place).filter(|there| there.get() == uid)).max()
}

/// The most pairs of number and UID that are compared. RFC 7162 lets a server ignore them altogether.
const MOST_MATCHED: usize = 10_000;

fn numbers(set: &UidSet) -> impl Iterator<Item = u32> + '_ {
    set.0.iter().flat_map(|range| range.clone())
}

/// Returns the rising ranges of the UIDs that a client knows.
fn ranges(set: &UidSet) -> Vec<UidRange> {
    let mut ranges: Vec<UidRange> = set
        .0
        .iter()
        .filter_map(|range| Some(UidRange::new(Uid::new(*range.start())?, Uid::new(*range.end())?)))
        .collect();
    ranges.sort_unstable_by_key(|range| range.first);
    let mut merged: Vec<UidRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.first <= last.last => last.last = last.last.max(range.last),
            _ => merged.push(range),
        }
    }
    merged
}

fn among(ranges: &[UidRange], uid: Uid) -> bool {
    let after = ranges.partition_point(|range| range.last < uid);
    ranges.get(after).is_some_and(|range| range.contains(uid))
}

fn concerns(gone: Uids, ranges: Option<&[UidRange]>) -> Uids {
    match (ranges, gone.last()) {
        (Some(ranges), Some(last)) => gone.within(&clipped(ranges, last)),
        _ => gone,
    }
}

/// Cuts the ranges at the last UID: a client may name four thousand million.
fn clipped(ranges: &[UidRange], last: Uid) -> Vec<UidRange> {
    ranges
        .iter()
        .filter(|range| range.first <= last)
        .map(|range| UidRange { first: range.first, last: range.last.min(last) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(numbers: impl IntoIterator<Item = u32>) -> Uids {
        numbers.into_iter().filter_map(Uid::new).collect()
    }

    #[test]
    fn a_place_with_the_same_uid_shows_that_all_below_is_the_same() {
        let uids = view([2, 4, 9, 11]);
        let places = UidSet(vec![1..=1, 3..=4]);
        assert_eq!(in_step(&places, &UidSet(vec![2..=2, 8..=8, 11..=11]), &uids), Uid::new(11));
        assert_eq!(in_step(&places, &UidSet(vec![2..=2, 8..=8, 12..=12]), &uids), Uid::new(2));
        assert_eq!(in_step(&UidSet(vec![1..=u32::MAX]), &UidSet(vec![5..=u32::MAX]), &uids), None);
    }

    #[test]
    fn what_a_client_knows_is_put_in_order() {
        let ranges = ranges(&UidSet(vec![9..=12, 1..=3, 2..=5]));
        assert_eq!(ranges.len(), 2);
        let inside: Vec<u32> = (1..20).filter(|n| among(&ranges, Uid::new(*n).unwrap())).collect();
        assert_eq!(inside, [1, 2, 3, 4, 5, 9, 10, 11, 12]);
        assert_eq!(concerns(view([3, 7, 10]), Some(&ranges)), view([3, 10]));
    }
}
