//! The bounded queue in front of the threads of a lane, fair between those who ask: each has a share of the threads, and
//! who waits a lot waits behind himself and not in front of the others.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::queue;

/// The asker on whose behalf a read runs, so that each has a share of the threads: for a person, the number of the
/// account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Asker(pub i64);

/// The shares of a lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shares {
    /// Threads that one asker may hold.
    pub(crate) each: usize,
    /// Threads that all askers may hold together.
    pub(crate) people: usize,
    /// Threads that the house's own reads may hold.
    pub(crate) house: usize,
    /// Reads of one asker that may wait.
    pub(crate) waiting_each: usize,
    /// Reads of all askers together that may wait, and of the house.
    pub(crate) waiting_all: usize,
    /// The longest time that a read may wait for its turn.
    pub(crate) patience: Duration,
}

impl Shares {
    /// Returns the shares of a lane for short reads: nobody holds more than half of the threads, and neither all
    /// people together nor the house hold the last one.
    pub(crate) fn short(threads: usize) -> Self {
        let all_but_one = threads.saturating_sub(1).max(1);
        Self {
            each: (threads / 2).max(1),
            people: all_but_one,
            house: all_but_one,
            waiting_each: 256,
            waiting_all: 4096,
            patience: Duration::from_secs(10),
        }
    }

    /// A lane for what takes long: one at a time for each.
    pub(crate) fn long(threads: usize) -> Self {
        Self {
            each: 1,
            people: threads,
            house: 1,
            waiting_each: 16,
            waiting_all: 1024,
            patience: Duration::from_secs(60),
        }
    }
}

/// An item that can wait in line.
pub(crate) trait Waits {
    /// Returns true if the caller has gone away.
    fn is_abandoned(&self) -> bool;
}

pub(crate) struct Turns<T> {
    shares: Shares,
    line: Mutex<Line<T>>,
    ready: Condvar,
}

struct Line<T> {
    house: Person<T>,
    /// The people who wait or are served.
    people: HashMap<Asker, Person<T>>,
    /// The askers in the order of their turns: each who waits and holds less than their share stands here once.
    order: VecDeque<Asker>,
    /// The number of reads that wait, of all people.
    waiting: usize,
    served: usize,
    /// The house and the people take turns.
    house_is_next: bool,
    closed: bool,
    sleepers: usize,
}

struct Person<T> {
    waiting: VecDeque<(Instant, T)>,
    served: usize,
    /// Stands in the order.
    in_order: bool,
}

/// The result of [`Turns::next`].
pub(crate) enum Next<T> {
    /// This, on behalf of somebody; to be told to [`Turns::done`] afterwards.
    Item(Option<Asker>, T),
    Nothing,
    Closed,
}

impl<T: Waits> Turns<T> {
    pub(crate) fn new(shares: Shares) -> Self {
        let line = Line {
            house: Person::new(),
            people: HashMap::new(),
            order: VecDeque::new(),
            waiting: 0,
            served: 0,
            house_is_next: true,
            closed: false,
            sleepers: 0,
        };
        Self { shares, line: Mutex::new(line), ready: Condvar::new() }
    }

    /// Lines up on behalf of `asker`, or of the house. Never waits: past the bounds it is [`Error::Busy`].
    pub(crate) fn push(&self, asker: Option<Asker>, item: T) -> Result<()> {
        let mut line = self.lock();
        if line.closed {
            return Err(Error::Closed);
        }
        line.enter(asker, item, &self.shares)?;
        let wake = line.sleepers > 0 && line.may_serve(&self.shares);
        drop(line);
        if wake {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Waits for the next item, for `patience` at most. Items in a closed line are still served.
    pub(crate) fn next(&self, patience: Option<Duration>) -> Next<T> {
        let until = patience.map(|patience| Instant::now() + patience);
        let mut line = self.lock();
        loop {
            if let Some((asker, item)) = line.take(&self.shares) {
                // Another item may be due as well, or all may be over: a sleeping thread has to look.
                if line.sleepers > 0 && (line.closed || line.may_serve(&self.shares)) {
                    self.ready.notify_all();
                }
                return Next::Item(asker, item);
            }
            if line.closed && line.is_empty() {
                return Next::Closed;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Next::Nothing;
            }
            line = self.sleep(line, left);
        }
    }

    /// Notes that the item that was given on behalf of `asker` is done.
    pub(crate) fn done(&self, asker: Option<Asker>) {
        self.lock().done(asker, &self.shares);
    }

    /// Takes out those that nobody waits for any more, and those that have waited too long.
    pub(crate) fn take_late(&self) -> Vec<T> {
        let patience = self.shares.patience;
        self.lock().take_if(|since, item| item.is_abandoned() || since.elapsed() >= patience)
    }

    /// Lets nobody in any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    /// Takes out all that wait.
    pub(crate) fn clear(&self) -> Vec<T> {
        self.lock().take_if(|_, _| true)
    }

    /// Says that the calling thread serves this line.
    pub(crate) fn is_served_here(&self) {
        queue::serve_here(self.address());
    }

    /// Returns true if the calling thread serves this line. Waiting in it would be waiting for itself.
    pub(crate) fn is_home(&self) -> bool {
        queue::is_home(self.address())
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn sleep<'q>(&self, mut line: MutexGuard<'q, Line<T>>, left: Option<Duration>) -> MutexGuard<'q, Line<T>> {
        line.sleepers += 1;
        let mut line = match left {
            Some(left) => self.ready.wait_timeout(line, left).unwrap_or_else(PoisonError::into_inner).0,
            None => self.ready.wait(line).unwrap_or_else(PoisonError::into_inner),
        };
        line.sleepers -= 1;
        line
    }

    fn lock(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Waits> Line<T> {
    fn enter(&mut self, asker: Option<Asker>, item: T, shares: &Shares) -> Result<()> {
        let entry = (Instant::now(), item);
        let Some(asker) = asker else {
            if self.house.waiting.len() >= shares.waiting_all {
                return Err(Error::Busy("too many reads are waiting"));
            }
            self.house.waiting.push_back(entry);
            return Ok(());
        };
        if self.waiting >= shares.waiting_all {
            return Err(Error::Busy("too many reads are waiting"));
        }
        let person = self.people.entry(asker).or_insert_with(Person::new);
        if person.waiting.len() >= shares.waiting_each {
            // Reads whose callers went away make room.
            let before = person.waiting.len();
            person.waiting.retain(|(_, item)| !item.is_abandoned());
            self.waiting -= before - person.waiting.len();
            if person.waiting.len() >= shares.waiting_each {
                return Err(Error::Busy("too many reads of one person are waiting"));
            }
        }
        person.waiting.push_back(entry);
        self.waiting += 1;
        if person.is_due(shares) {
            person.in_order = true;
            self.order.push_back(asker);
        }
        Ok(())
    }

    fn house_may(&self, shares: &Shares) -> bool {
        !self.house.waiting.is_empty() && self.house.served < shares.house
    }

    fn people_may(&self, shares: &Shares) -> bool {
        !self.order.is_empty() && self.served < shares.people
    }

    fn may_serve(&self, shares: &Shares) -> bool {
        self.house_may(shares) || self.people_may(shares)
    }

    fn is_empty(&self) -> bool {
        self.waiting == 0 && self.house.waiting.is_empty()
    }

    /// The next that may be served.
    fn take(&mut self, shares: &Shares) -> Option<(Option<Asker>, T)> {
        let house = match (self.house_may(shares), self.people_may(shares)) {
            (true, true) => self.house_is_next,
            (false, false) => return None,
            (house, _) => house,
        };
        self.house_is_next = !house;
        if house {
            let (_, item) = self.house.waiting.pop_front()?;
            self.house.served += 1;
            return Some((None, item));
        }
        let asker = self.order.pop_front()?;
        let person = self.people.get_mut(&asker)?;
        let (_, item) = person.waiting.pop_front()?;
        person.served += 1;
        person.in_order = false;
        if person.is_due(shares) {
            person.in_order = true;
            self.order.push_back(asker);
        }
        self.waiting -= 1;
        self.served += 1;
        Some((Some(asker), item))
    }

    fn done(&mut self, asker: Option<Asker>, shares: &Shares) {
        let Some(asker) = asker else {
            self.house.served -= 1;
            return;
        };
        self.served -= 1;
        let Some(person) = self.people.get_mut(&asker) else { return };
        person.served -= 1;
        if person.is_due(shares) {
            person.in_order = true;
            self.order.push_back(asker);
        } else if person.served == 0 && person.waiting.is_empty() {
            self.people.remove(&asker);
        }
    }

    fn take_if(&mut self, mut is_out: impl FnMut(Instant, &T) -> bool) -> Vec<T> {
        let mut out = Vec::new();
        self.house.take_if(&mut is_out, &mut out);
        let of_house = out.len();
        for person in self.people.values_mut() {
            person.take_if(&mut is_out, &mut out);
            person.in_order &= !person.waiting.is_empty();
        }
        self.waiting -= out.len() - of_house;
        self.people.retain(|_, person| person.served > 0 || !person.waiting.is_empty());
        let people = &self.people;
        self.order.retain(|asker| people.get(asker).is_some_and(|person| person.in_order));
        out
    }
}

impl<T> Person<T> {
    fn new() -> Self {
        Self { waiting: VecDeque::new(), served: 0, in_order: false }
    }

    /// Has to be put in the order.
    fn is_due(&self, shares: &Shares) -> bool {
        !self.in_order && !self.waiting.is_empty() && self.served < shares.each
    }

    fn take_if(&mut self, is_out: &mut impl FnMut(Instant, &T) -> bool, out: &mut Vec<T>) {
        if self.waiting.iter().all(|(since, item)| !is_out(*since, item)) {
            return;
        }
        for (since, item) in std::mem::take(&mut self.waiting) {
            if is_out(since, &item) {
                out.push(item);
            } else {
                self.waiting.push_back((since, item));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Item(Rc<Cell<bool>>);

    impl Waits for Item {
        fn is_abandoned(&self) -> bool {
            self.0.get()
        }
    }

    fn shares() -> Shares {
        let patience = Duration::from_secs(1000);
        Shares { each: 2, people: 3, house: 3, waiting_each: 4, waiting_all: 6, patience }
    }

    fn served(turns: &Turns<Item>) -> Option<Option<Asker>> {
        match turns.next(Some(Duration::ZERO)) {
            Next::Item(asker, _) => Some(asker),
            Next::Nothing | Next::Closed => None,
        }
    }

    #[test]
    fn what_waits_is_bounded_for_each_and_for_all() {
        let turns = Turns::new(shares());
        let push = |asker| turns.push(Some(Asker(asker)), Item::default());
        for _ in 0..4 {
            push(1).unwrap();
        }
        assert!(matches!(push(1), Err(Error::Busy(_))));
        push(2).unwrap();
        push(3).unwrap();
        assert!(matches!(push(4), Err(Error::Busy(_))));
        for _ in 0..6 {
            turns.push(None, Item::default()).unwrap();
        }
        assert!(matches!(turns.push(None, Item::default()), Err(Error::Busy(_))));
    }

    #[test]
    fn who_has_waited_too_long_or_has_gone_is_taken_out() {
        let turns = Turns::new(shares());
        let gone = Rc::new(Cell::new(false));
        turns.push(Some(Asker(1)), Item(gone.clone())).unwrap();
        turns.push(Some(Asker(2)), Item::default()).unwrap();
        assert!(turns.take_late().is_empty());
        gone.set(true);
        assert_eq!(turns.take_late().len(), 1);
        assert_eq!(served(&turns), Some(Some(Asker(2))));
        assert_eq!(served(&turns), None);

        let hasty = Turns::new(Shares { patience: Duration::ZERO, ..shares() });
        hasty.push(None, Item::default()).unwrap();
        hasty.push(Some(Asker(1)), Item::default()).unwrap();
        assert_eq!(hasty.take_late().len(), 2);
        assert_eq!(served(&hasty), None);
    }

    proptest! {
        /// Whatever happens in whatever order, nobody gets more than a share, and nobody who may be served is left.
        #[test]
        fn shares_hold_and_nobody_is_forgotten(steps in proptest::collection::vec((0..4_i64, 0..3_u8), 1..200)) {
            let (turns, shares) = (Turns::new(shares()), shares());
            let (mut waiting, mut running) = ([0_usize; 4], [0_usize; 4]);
            let asker = |who: i64| (who > 0).then_some(Asker(who));
            for (who, step) in steps {
                let index = who as usize;
                match step {
                    0 => waiting[index] += usize::from(turns.push(asker(who), Item::default()).is_ok()),
                    1 if running[index] > 0 => {
                        turns.done(asker(who));
                        running[index] -= 1;
                    }
                    1 => {}
                    _ => {
                        let people: usize = running[1..].iter().sum();
                        let due = (1..4).any(|who| waiting[who] > 0 && running[who] < 2) && people < shares.people;
                        let due = due || (waiting[0] > 0 && running[0] < shares.house);
                        let given = served(&turns);
                        prop_assert_eq!(given.is_some(), due);
                        if let Some(given) = given {
                            let index = given.map_or(0, |asker| asker.0 as usize);
                            waiting[index] -= 1;
                            running[index] += 1;
                        }
                    }
                }
                prop_assert!(running[1..].iter().all(|running| *running <= shares.each));
                prop_assert!(waiting[1..].iter().all(|waiting| *waiting <= shares.waiting_each));
            }
        }
    }
}
