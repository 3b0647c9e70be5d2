//! The rules in memory, read again behind each change.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use mail::allowance::{Allowances, Sender};
use mail::check::Check;
use mail::copies::{Copies, Passing};
use mail::listed::{Lists, Word};
use mail::pace::Moment;
use mail::{Address, Reply};
use store::{Store, View};

use crate::check::{LimitCheck, ListCheck};
use crate::copies::LoadedCopies;
use crate::lists::LoadedLists;
use crate::meter::Meters;
use crate::{Error, copy, limit, listed};

/// The rules of the administrator. Cheap to clone; all clones share the rules.
#[derive(Clone)]
pub struct Rulebook(Arc<Inner>);

struct Inner {
    store: Store,
    rules: RwLock<Arc<Rules>>,
    meters: Mutex<Meters>,
    /// When the book was made: meters go by the time since then.
    beginning: Instant,
}

/// The rules that only change with the tables.
#[derive(Default)]
struct Rules {
    lists: LoadedLists,
    copies: LoadedCopies,
}

/// All that is read from the tables.
struct Tables {
    rules: Rules,
    limits: Vec<limit::Entry>,
}

impl Rulebook {
    /// Makes a book without rules, which [`Self::reload`] reads.
    pub fn new(store: Store) -> Self {
        let (rules, meters, beginning) = (RwLock::default(), Mutex::default(), Instant::now());
        Self(Arc::new(Inner { store, rules, meters, beginning }))
    }

    /// Reads the rules again, which have changed, where a thread may wait. If they cannot be read, those of before go on to hold.
    pub fn reload(&self) -> Result<(), Error> {
        self.put(self.0.store.read_blocking(read)?);
        Ok(())
    }

    /// Returns the checks that these rules make of each letter that comes in. They come before the checks that others do, which
    /// can then see from their findings who is allowed.
    pub fn checks(&self) -> Vec<Arc<dyn Check>> {
        vec![Arc::new(ListCheck(self.clone())), Arc::new(LimitCheck(self.clone()))]
    }

    /// Counts a letter, or returns the refusal of a limit that it goes beyond.
    pub(crate) fn take(&self, sender: Sender<'_>, recipients: usize, size: u64) -> Result<(), Reply> {
        let (mut meters, now) = (self.meters(), self.now());
        match meters.refusal(sender, recipients, Some(size), now) {
            Some(refusal) => Err(refusal),
            None => {
                meters.count(sender, recipients, now);
                Ok(())
            }
        }
    }

    fn put(&self, Tables { rules, limits }: Tables) {
        *self.0.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        self.meters().replace(limits);
    }

    fn meters(&self) -> MutexGuard<'_, Meters> {
        self.0.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        Moment(self.0.beginning.elapsed())
    }

    fn rules(&self) -> Arc<Rules> {
        self.0.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read(view: &View) -> Result<Tables, Error> {
    let (lists, copies) = (LoadedLists::new(listed::list(view)?), LoadedCopies::new(copy::list(view)?));
    Ok(Tables { rules: Rules { lists, copies }, limits: limit::list(view)? })
}

impl Allowances for Rulebook {
    fn at_mail(&self, sender: Sender<'_>, size: Option<u64>) -> Option<Reply> {
        self.meters().refusal(sender, 1, size, self.now())
    }

    fn at_recipient(&self, sender: Sender<'_>, recipients: usize) -> Option<Reply> {
        self.meters().refusal(sender, recipients.saturating_add(1), None, self.now())
    }
}

impl Copies for Rulebook {
    fn of(&self, passing: &Passing<'_>) -> Vec<Address> {
        self.rules().copies.of(passing)
    }
}

impl Lists for Rulebook {
    fn of_network(&self, ip: IpAddr) -> Option<Word> {
        self.rules().lists.of_network(ip)
    }

    fn of_hello(&self, name: &str) -> Option<Word> {
        self.rules().lists.of_hello(name)
    }

    fn of_sender(&self, address: &Address) -> Option<Word> {
        self.rules().lists.of_sender(address)
    }
}

impl fmt::Debug for Rulebook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rulebook").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use mail::Timestamp;
    use store::{Key, Options};

    use super::*;
    use crate::{MIGRATIONS, Subject};

    fn book(folder: &std::path::Path) -> Rulebook {
        Rulebook::new(Store::open(Options::new(folder), MIGRATIONS).unwrap())
    }

    fn add(book: &Rulebook, text: &str, is_allowed: bool, reason: &str) -> Result<(), Error> {
        let (subject, reason): (Subject, _) = (text.parse().unwrap(), reason.to_owned());
        let write = move |tx: &mut store::Tx| listed::add(tx, &subject, is_allowed, &reason, Timestamp(1));
        book.0.store.write_blocking(Key::Directory, write)
    }

    #[test]
    fn an_entry_holds_from_the_next_reading_on_and_stands_on_one_list() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(folder.path());
        let eve = Address::parse("eve@evil.test").unwrap();
        add(&book, "evil.test", false, "spam").unwrap();
        assert_eq!(book.of_sender(&eve), None);
        book.reload().unwrap();
        assert_eq!(book.of_sender(&eve).unwrap().reason, "spam");
        assert!(matches!(add(&book, "EVIL.test", true, ""), Err(Error::ListedAlready { is_allowed: false, .. })));
        assert!(matches!(add(&book, "x.test", true, "a\nb"), Err(Error::BadReason)));
        assert!(matches!(add(&book, "x.test", true, &"é".repeat(201)), Err(Error::BadReason)));
        let remove = |is_allowed| {
            let subject: Subject = "evil.test".parse().unwrap();
            book.0.store.write_blocking(Key::Directory, move |tx| listed::remove(tx, &subject, is_allowed))
        };
        assert!(matches!(remove(true), Err(Error::NotListed(_))));
        remove(false).unwrap();
        book.reload().unwrap();
        assert_eq!(book.of_sender(&eve), None);
    }
}
