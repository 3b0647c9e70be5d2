//! A server with a mailbox, whose content can be compared.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use facteur_import_export as import_export;
use import_export::{
    Beside, ExportFormat, ExportTarget, Files, Format, Imported, Observer, Progress, Request, RunId, Skipped,
};
use mail::seam::AccountId;
use mail::{LetterId, Timestamp};
use mailbox::fetch::{self, Want};
use mailbox::{
    Access, FlagSet, FolderId, Keywords, SpecialUse, System, Uid, UidRange, account, body, flags, folder, letter,
};
use store::{Key, Options, Store};

pub const ALICE: AccountId = AccountId(1);
/// Alice's access to her own mailbox.
pub const ACCESS: Access = Access::own(ALICE);

/// Another name for each letter.
pub fn a_name() -> LetterId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = [0; 10];
    name[2..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    LetterId::from_random(name)
}

/// A letter of a mailbox, with all that must survive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    pub raw: Vec<u8>,
    pub system: u8,
    pub keywords: Vec<String>,
    pub received: i64,
    /// The other folders that the same letter lies in.
    pub elsewhere: Vec<String>,
}

/// A folder: its use, whether it is subscribed to, and its letters.
pub type Content = BTreeMap<String, (Option<&'static str>, bool, Vec<Kept>)>;

pub struct Fixture {
    pub store: Store,
    _place: tempfile::TempDir,
}

impl Fixture {
    pub fn new() -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let migrations = [mailbox::MIGRATIONS, trace::MIGRATIONS, import_export::MIGRATIONS].concat();
        let store = Store::open(Options::new(place.path()), &migrations).expect("a store");
        store.write_blocking(Key::Everything, |tx| account::create(tx, ALICE, None)).expect("a mailbox");
        Self { store, _place: place }
    }

    pub fn fill(&self, content: &Content) {
        let mut also = Vec::new();
        for (name, (_, subscribed, letters)) in content {
            let (name, subscribed) = (name.clone(), *subscribed);
            let made = self.store.write_blocking(Key::Everything, move |tx| {
                let id = match folder::by_name(tx, ACCESS, &name)? {
                    Some(folder) => folder.id,
                    None => folder::create(tx, ACCESS, &name, None)?,
                };
                match subscribed {
                    true => folder::subscribe(tx, ACCESS, &name)?,
                    false => folder::unsubscribe(tx, ACCESS, &name)?,
                }
                Ok::<_, mailbox::Error>(id)
            });
            let id = made.expect("a folder");
            for kept in letters {
                let prepared = mailbox::prepare(&self.store, Bytes::from(kept.raw.clone())).expect("prepared");
                let filing = kept.clone();
                let filed = self.store.write_blocking(Key::Everything, move |tx| {
                    let names: Vec<&str> = filing.keywords.iter().map(String::as_str).collect();
                    let flags: FlagSet = flags::intern(tx, ACCESS, System::from_bits(filing.system), &names)?;
                    letter::file(tx, ACCESS, id, &prepared, &flags, Timestamp::from_seconds(filing.received))
                });
                let filed = filed.expect("filed");
                also.extend(kept.elsewhere.iter().map(|name| (id, filed.uid, name.clone())));
            }
        }
        for (folder, uid, name) in also {
            self.put_into(folder, uid, &name);
        }
    }

    /// Puts the letter at a place into another folder as well.
    pub fn put_into(&self, folder: FolderId, uid: Uid, name: &str) {
        let name = name.to_owned();
        let put = self.store.write_blocking(Key::Everything, move |tx| {
            let to = match folder::by_name(tx, ACCESS, &name)? {
                Some(folder) => folder.id,
                None => folder::create(tx, ACCESS, &name, None)?,
            };
            let letter =
                fetch::fetch(tx, ACCESS, folder, &[UidRange::one(uid)], Want::ROW, 1)?.pop().expect("there").letter;
            letter::add(tx, ACCESS, letter, to).map(drop)
        });
        put.expect("put");
    }

    /// The number of letters of the account, however many folders each lies in.
    pub fn letters(&self) -> u64 {
        self.store.read_blocking(|view| account::usage(view, ACCESS)).expect("a mailbox").letters
    }

    pub fn content(&self) -> Content {
        let read = self.store.read_blocking(|view| {
            let keywords = Keywords::load(view, ACCESS)?;
            let mut content = Content::new();
            let folders = folder::list(view, ACCESS)?;
            let name_of = |id| folders.iter().find(|folder| folder.id == id).map(|folder| folder.name.clone());
            for folder in folders.iter().cloned() {
                let rows =
                    fetch::fetch(view, ACCESS, folder.id, &[UidRange::ALL], Want { card: true, ..Want::ROW }, 10_000)?;
                let mut letters = Vec::new();
                for row in rows {
                    let blob = row.card.as_ref().expect("wanted").blob;
                    let mut names: Vec<String> =
                        row.flags.keywords().iter().filter_map(|id| keywords.name(*id)).map(str::to_owned).collect();
                    names.sort();
                    letters.push(Kept {
                        raw: body::read(view, blob, 0..row.size)?.to_vec(),
                        system: row.flags.system.bits(),
                        keywords: names,
                        received: row.received.seconds(),
                        elsewhere: {
                            let places = letter::places(view, ACCESS, row.letter)?.into_iter();
                            let others = places.filter(|place| place.folder != folder.id);
                            let mut names: Vec<String> = others.filter_map(|place| name_of(place.folder)).collect();
                            names.sort();
                            names
                        },
                    });
                }
                letters.sort();
                let special_use = folder.special_use.map(SpecialUse::attribute);
                content.insert(folder.name, (special_use, folder.subscribed, letters));
            }
            Ok::<_, mailbox::Error>(content)
        });
        read.expect("read")
    }

    pub fn import(&self, path: &Path) -> (Imported, Vec<Skipped>) {
        let (imported, watcher) = self.watched(path, None);
        (imported.expect("imported"), watcher.skipped)
    }

    /// Imports, below a folder where one is named, and says all that was told.
    pub fn watched(&self, path: &Path, below: Option<&str>) -> (Result<Imported, import_export::Error>, Watcher) {
        let mut watcher = Watcher::default();
        let opened = Files::open(path, Format::Recognised, below, NOW);
        let imported =
            opened.and_then(|mut files| import_export::import(&self.store, &request(), &mut files, &mut watcher));
        (imported, watcher)
    }

    pub fn try_import(&self, path: &Path) -> (Result<Imported, import_export::Error>, Vec<Skipped>) {
        let (imported, watcher) = self.watched(path, None);
        (imported, watcher.skipped)
    }

    pub fn export(&self, path: &Path, format: ExportFormat) {
        self.try_export(path, format).expect("exported");
    }

    pub fn try_export(&self, path: &Path, format: ExportFormat) -> Result<(), import_export::Error> {
        let mut place = ExportTarget::create(path, format)?;
        import_export::export(&self.store, ALICE, &mut place, &mut |_| {}).map(drop)
    }
}

/// Returns the request that every import of these tests makes.
pub fn request() -> Request<'static> {
    Request {
        account: ALICE,
        address: "alice@alpha.test",
        what: "a test",
        again: false,
        beside: false,
        clock: || NOW,
        name: a_name,
    }
}

/// When all imports happen.
pub const NOW: Timestamp = Timestamp(1_795_501_377_000);

/// Keeps all that an import tells.
#[derive(Default)]
pub struct Watcher {
    pub skipped: Vec<Skipped>,
    pub beside: Vec<(Beside, String)>,
    pub run: Option<RunId>,
}

impl Observer for Watcher {
    fn progress(&mut self, _: &Progress) {}
    fn skipped(&mut self, skipped: &Skipped) {
        self.skipped.push(skipped.clone());
    }
    fn beside(&mut self, kind: Beside, file: &str) {
        self.beside.push((kind, file.to_owned()));
    }
    fn begun(&mut self, run: RunId) {
        self.run = Some(run);
    }
}
