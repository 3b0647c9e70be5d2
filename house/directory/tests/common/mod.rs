//! A server for tests: two domains, a few people, in a folder of its own.
#![allow(dead_code)]

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use facteur_directory::{Directory, Error, Language, MIGRATIONS, NoLimit, Secret, Space, account, alias, domain};
use mail::pace::Moment;
use mail::seam::AccountId;
use mail::{Address, Domain, Password, Timestamp};
use store::{Key, Options, Store, Tx};

pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub const PASSWORD: &str = "correct horse";

/// Made once: it takes its time.
static SECRET: LazyLock<Secret> = LazyLock::new(|| Secret::make(&password(PASSWORD), &[]).unwrap());

pub struct Fixture {
    pub store: Store,
    /// The wall clock, in milliseconds.
    pub clock: Arc<AtomicI64>,
    /// The monotonic clock, in seconds.
    pub ticks: Arc<AtomicU64>,
    _folder: tempfile::TempDir,
}

pub fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

pub fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

impl Fixture {
    /// Nobody is there.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path()), MIGRATIONS).unwrap();
        Self { store, clock: Arc::new(AtomicI64::new(NOW.0)), ticks: Arc::default(), _folder: folder }
    }

    /// alice and bob at alpha.test, élise at bücher.test.
    pub fn with_people() -> Self {
        let fixture = Self::empty();
        fixture.add_domain("alpha.test").unwrap();
        fixture.add_domain("bücher.test").unwrap();
        for person in ["Alice@alpha.test", "bob@alpha.test", "élise@bücher.test"] {
            fixture.add_account(person).unwrap();
        }
        fixture
    }

    pub fn write<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.write_blocking(Key::Everything, f)
    }

    pub fn add_domain(&self, text: &str) -> Result<(), Error> {
        let name = name(text);
        self.write(move |tx| domain::add(tx, &name, NOW))
    }

    pub fn add_account(&self, text: &str) -> Result<AccountId, Error> {
        let address = address(text);
        self.write(move |tx| {
            let new = account::New { address: &address, name: Some("Somebody"), language: Language::French };
            account::add(tx, &new, &SECRET, NOW)
        })
    }

    pub fn add_alias(&self, from: &str, to: &[&str]) -> Result<(), Error> {
        let (from, to) = (address(from), to.iter().map(|text| address(text)).collect::<Vec<_>>());
        self.write(move |tx| alias::add(tx, &from, &to, NOW))
    }

    pub fn id(&self, text: &str) -> AccountId {
        let address = address(text);
        self.store.read_blocking(move |view| account::find(view, &address)).unwrap().id
    }

    pub fn directory(&self) -> Directory {
        self.directory_with(Arc::new(NoLimit))
    }

    pub fn directory_with(&self, space: Arc<dyn Space>) -> Directory {
        let (clock, ticks) = (self.clock.clone(), self.ticks.clone());
        let now = Arc::new(move || Timestamp(clock.load(Ordering::Relaxed)));
        let ticks = Arc::new(move || Moment(Duration::from_secs(ticks.load(Ordering::Relaxed))));
        Directory::with_ticks(self.store.clone(), name("mail.alpha.test"), space, now, ticks)
    }
}
