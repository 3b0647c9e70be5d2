//! Pictures that were fetched a moment ago. A letter often shows the same one twice, and is opened again: its sender
//! must not learn how often.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mail::Timestamp;
use mail::seam::AccountId;
use tokio::sync::OnceCell;

/// The time that a picture stays, and the time that its absence is remembered.
const STAYS: Duration = Duration::from_secs(600);
const STAYS_AWAY: Duration = Duration::from_secs(60);
/// The most octets in all, and of one picture: a larger one is not kept.
const MOST: usize = 32 << 20;
const LARGEST: usize = 4 << 20;
/// The most places, including those of pictures that are still being fetched.
const PLACES: usize = 1024;

/// A picture: its media type, and itself.
pub type Picture = (&'static str, Bytes);
/// A place is filled when somebody has fetched the picture, and all others have waited for that; `None`: there is no
/// such picture.
pub type Place = Arc<OnceCell<Option<Picture>>>;
/// The account and the address of a picture. Each person has their own pictures, so that nobody learns what others have
/// looked at.
pub type Key = (AccountId, String);

/// The places, the oldest first.
#[derive(Default)]
pub struct Shelf {
    kept: HashMap<Key, Kept>,
    order: VecDeque<(Key, u64)>,
    octets: usize,
    next: u64,
}

struct Kept {
    place: Place,
    since: Timestamp,
    number: u64,
    octets: usize,
}

impl Kept {
    fn is_stale(&self, now: Timestamp) -> bool {
        let most = if matches!(self.place.get(), Some(None)) { STAYS_AWAY } else { STAYS };
        now.since(self.since) >= most
    }
}

impl Shelf {
    /// Returns the place of a picture, filled or not.
    pub fn place(&mut self, key: &Key, now: Timestamp) -> Place {
        if let Some(kept) = self.kept.get(key).filter(|kept| !kept.is_stale(now)) {
            return kept.place.clone();
        }
        self.remove(key);
        let (place, number) = (Place::default(), self.next);
        self.next += 1;
        self.kept.insert(key.clone(), Kept { place: place.clone(), since: now, number, octets: 0 });
        self.order.push_back((key.clone(), number));
        self.make_room();
        place
    }

    /// Notes the size of the picture that has come into its place.
    pub fn filled(&mut self, key: &Key, place: &Place) {
        let Some(kept) = self.kept.get_mut(key).filter(|kept| Arc::ptr_eq(&kept.place, place)) else { return };
        let octets = place.get().and_then(Option::as_ref).map_or(0, |(_, picture)| picture.len());
        self.octets = self.octets - kept.octets + octets;
        kept.octets = octets;
        if octets > LARGEST {
            self.remove(key);
        }
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.octets > MOST || self.order.len() > PLACES {
            let Some((key, number)) = self.order.pop_front() else { return };
            // The picture may have been removed and may have come again since.
            if self.kept.get(&key).is_some_and(|kept| kept.number == number) {
                self.remove(&key);
            }
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(kept) = self.kept.remove(key) {
            self.octets -= kept.octets;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn key(name: &str) -> Key {
        (AccountId(1), name.into())
    }

    fn fill(shelf: &mut Shelf, name: &str, octets: Option<usize>) {
        let place = shelf.place(&key(name), NOW);
        place.set(octets.map(|octets| ("image/png", vec![0; octets].into()))).unwrap();
        shelf.filled(&key(name), &place);
    }

    fn has(shelf: &mut Shelf, name: &str, now: Timestamp) -> bool {
        shelf.place(&key(name), now).initialized()
    }

    #[test]
    fn a_picture_stays_for_a_while_and_a_missing_one_for_a_shorter() {
        let mut shelf = Shelf::default();
        fill(&mut shelf, "there", Some(10));
        fill(&mut shelf, "missing", None);
        assert!(has(&mut shelf, "there", NOW) && has(&mut shelf, "missing", NOW));
        assert!(!shelf.place(&(AccountId(2), "there".into()), NOW).initialized(), "another's");
        assert!(has(&mut shelf, "there", NOW.after(STAYS_AWAY)) && !has(&mut shelf, "missing", NOW.after(STAYS_AWAY)));
        assert!(!has(&mut shelf, "there", NOW.after(STAYS)));
        assert_eq!(shelf.octets, 0);
    }

    #[test]
    fn whoever_asks_meanwhile_waits_at_the_same_place() {
        let mut shelf = Shelf::default();
        assert!(Arc::ptr_eq(&shelf.place(&key("a"), NOW), &shelf.place(&key("a"), NOW)));
    }

    #[test]
    fn octets_and_places_are_bounded_and_the_oldest_go_first() {
        let mut shelf = Shelf::default();
        fill(&mut shelf, "large", Some(LARGEST + 1));
        assert!(!has(&mut shelf, "large", NOW));
        for number in 0..9 {
            fill(&mut shelf, &number.to_string(), Some(LARGEST));
        }
        assert_eq!(shelf.octets, MOST);
        assert!(!has(&mut shelf, "0", NOW) && has(&mut shelf, "1", NOW) && has(&mut shelf, "8", NOW));
        for number in 0..3000 {
            shelf.place(&key(&number.to_string()), NOW.after(STAYS));
        }
        assert_eq!((shelf.kept.len(), shelf.order.len(), shelf.octets), (PLACES, PLACES, 0));
    }
}
