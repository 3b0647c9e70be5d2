//! A store in a folder that goes with the test, and the usual steps as one call.

#![allow(dead_code)]

use bytes::Bytes;
use facteur_mailbox as mailbox;
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::{Access, Error, FlagSet, Folder, FolderId, System, Uid, UidRange, account, folder, letter};
use store::{Faults, Key, Options, Store, Tx, View};

pub const ALICE: AccountId = AccountId(1);
/// Alice's access to her own mailbox.
pub const ACCESS: Access = Access::own(ALICE);
pub const NOW: Timestamp = Timestamp(1_795_501_377_000);

pub struct Fixture {
    pub store: Store,
    pub dir: tempfile::TempDir,
}

impl Fixture {
    /// A server where Alice has a mailbox.
    pub fn new() -> Self {
        Self::with(Faults::default())
    }

    /// The same, where something goes wrong.
    pub fn with(faults: Faults) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { faults, ..Options::new(dir.path()) };
        let store = Store::open(options, mailbox::MIGRATIONS).unwrap();
        let fixture = Self { store, dir };
        fixture.write(|tx| account::create(tx, ALICE, None)).unwrap();
        fixture
    }

    /// The same data, opened again.
    pub fn reopened(self) -> Self {
        self.reopened_after(|_| {})
    }

    /// Something is done to the folder meanwhile.
    pub fn reopened_after(self, meanwhile: impl FnOnce(&std::path::Path)) -> Self {
        let Self { store, dir } = self;
        runtime().block_on(store.close());
        meanwhile(dir.path());
        let store = Store::open(Options::new(dir.path()), mailbox::MIGRATIONS).unwrap();
        Self { store, dir }
    }

    pub fn write<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.write_blocking(Key::Everything, f)
    }

    pub fn read<T: Send + 'static>(&self, f: impl FnOnce(&View) -> Result<T, Error> + Send + 'static) -> T {
        self.store.read_blocking(f).unwrap()
    }

    pub fn folder(&self, name: &str) -> Folder {
        let name = name.to_owned();
        self.read(move |view| folder::by_name(view, ACCESS, &name)).unwrap()
    }

    pub fn file(&self, folder: FolderId, raw: impl Into<Vec<u8>>) -> Result<letter::Filed, Error> {
        self.file_with(folder, raw, FlagSet::default(), NOW)
    }

    pub fn file_with(
        &self,
        folder: FolderId,
        raw: impl Into<Vec<u8>>,
        flags: FlagSet,
        received: Timestamp,
    ) -> Result<letter::Filed, Error> {
        let prepared = mailbox::prepare(&self.store, Bytes::from(raw.into()))?;
        self.write(move |tx| letter::file(tx, ACCESS, folder, &prepared, &flags, received))
    }

    pub fn flag(&self, folder: FolderId, number: u32, flags: System) {
        let change = mailbox::FlagChange::Add(flags.into());
        let stored =
            self.write(move |tx| letter::store_flags(tx, ACCESS, folder, &[only(number)], &change, None, 10)).unwrap();
        assert_eq!(stored.changed.len() + stored.same.len(), 1);
    }

    pub fn expunge_all(&self, folder: FolderId) {
        while self
            .write(move |tx| {
                letter::expunge(tx, ACCESS, folder, &letter::Expunge::All(&[UidRange::ALL]), letter::SLICE)
            })
            .unwrap()
            .more
        {}
    }

    /// Does the work that was left behind a write.
    pub fn finish(&self) {
        runtime().block_on(folder::finish(&self.store, ACCESS)).unwrap();
    }

    pub fn rows(&self, folder: FolderId) -> Vec<mailbox::Row> {
        self.read(move |view| mailbox::fetch(view, ACCESS, folder, &[UidRange::ALL], mailbox::Want::ALL, 1_000_000))
    }

    pub fn count(&self, table: &'static str) -> i64 {
        self.read(move |view| {
            Ok(view.query_one(&format!("SELECT COUNT(*) FROM {table}"), store::params![], |row| row.get(0))?)
        })
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

pub fn only(number: u32) -> UidRange {
    UidRange::one(uid(number))
}

pub fn letter(subject: &str, id: &str, references: &str) -> String {
    format!(
        "From: Alice <alice@alpha.test>\r\nTo: bob@beta.test\r\nSubject: {subject}\r\nMessage-ID: <{id}>\r\n\
         References: {references}\r\n\r\nHello\r\n"
    )
}
