//! Every public function of the mailbox that writes, at work on as many rows as there are. Used by the fairness test of
//! the suite, which counts the steps of one write, and by `bench fairness`, which asks how long others wait.

use std::ops::ControlFlow;

use bytes::Bytes;
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::letter::{self, Copied, Expunge, SLICE};
use mailbox::search::{self, Criteria, Key, Listing, Order, Window};
use mailbox::{
    Access, Error, FlagChange, FlagSet, FolderId, Keywords, LetterKey, SpecialUse, System, Uid, UidRange, Uids,
    account, flags, folder, index, sliced,
};
use store::{Store, Tx, params};

/// The person whose mailbox is large.
pub const ALICE: AccountId = AccountId(1);
/// Alice's access to her own mailbox.
pub const ACCESS: Access = Access::own(ALICE);
/// The person who writes and reads beside.
pub const BOB: AccountId = AccountId(2);
const CAROL: AccountId = AccountId(3);
/// When all letters came.
pub const NOW: Timestamp = Timestamp(1_795_501_377_000);

/// A post office with one large mailbox: half of its letters lie in the first folder.
pub struct Town {
    pub store: Store,
    pub runtime: tokio::runtime::Runtime,
    pub letters: u32,
    pub folders: u32,
}

/// The bound of one write of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A slice of letters: however many there are, no write takes longer.
    Slice,
    /// The folders an account can have at most: one statement for all of them, some steps for each.
    Folders,
}

/// A function with its work.
pub struct Work {
    /// Module and name.
    pub function: &'static str,
    pub bound: Bound,
    pub run: fn(&Town),
}

/// Functions that write one row, or a few that no mailbox has more of.
pub const SMALL: &[&str] = &[
    "account::set_quota",
    "filing::furnish",
    "folder::subscribe",
    "folder::unsubscribe",
    "folder::set_sort_order",
    "report::done",
    "own::know",
    "acquaintance::begin_generation",
    // The people of one letter, 500 at most.
    "acquaintance::wrote_to",
    // Calls `catch_up`'s round for ever.
    "index::run",
];

/// The works in their order: each finds the state that those before it left.
pub const WORKS: &[Work] = &[
    Work { function: "account::create", bound: Bound::Slice, run: create_account },
    Work { function: "folder::create", bound: Bound::Slice, run: create_folders },
    Work { function: "letter::file", bound: Bound::Slice, run: join_conversations },
    Work { function: "letter::file_beyond", bound: Bound::Slice, run: file_beyond_the_quota },
    Work { function: "index::catch_up", bound: Bound::Slice, run: catch_up },
    Work { function: "index::checkpoint_if_stale", bound: Bound::Slice, run: checkpoint },
    Work { function: "flags::intern", bound: Bound::Slice, run: intern },
    Work { function: "flags::intern_beside", bound: Bound::Slice, run: intern_beside },
    Work { function: "letter::store_flags", bound: Bound::Slice, run: flag_all },
    Work { function: "letter::copy", bound: Bound::Slice, run: copy_all },
    Work { function: "letter::move_", bound: Bound::Slice, run: move_all },
    Work { function: "letter::add", bound: Bound::Slice, run: label_all },
    Work { function: "letter::store_flags", bound: Bound::Slice, run: flag_what_lies_in_many_folders },
    Work { function: "letter::set_folders", bound: Bound::Slice, run: lay_elsewhere },
    Work { function: "letter::remove", bound: Bound::Slice, run: take_labels_away },
    Work { function: "letter::destroy", bound: Bound::Slice, run: destroy_some },
    Work { function: "folder::set_use", bound: Bound::Slice, run: another_trash },
    Work { function: "folder::finish", bound: Bound::Slice, run: no_trash },
    Work { function: "letter::expunge", bound: Bound::Slice, run: expunge_flagged },
    Work { function: "letter::part", bound: Bound::Slice, run: part_with_many },
    Work { function: "letter::carry_out", bound: Bound::Slice, run: name_what_has_gone },
    Work { function: "letter::expunge", bound: Bound::Slice, run: expunge_one_conversation },
    Work { function: "sliced::sliced", bound: Bound::Slice, run: forget_what_went },
    Work { function: "folder::rename", bound: Bound::Folders, run: rename_a_tree },
    Work { function: "folder::rename_all", bound: Bound::Folders, run: rename_every_folder },
    Work { function: "folder::delete", bound: Bound::Slice, run: delete_the_largest },
    Work { function: "account::delete", bound: Bound::Folders, run: delete_account },
];

/// Functions that read all of a mailbox, eight at once for one person, while it is at its largest.
pub const READS: &[Work] = &[
    Work { function: "search::list", bound: Bound::Slice, run: list_by_subject },
    Work { function: "search::run", bound: Bound::Slice, run: search_every_folder },
    Work { function: "fetch::each", bound: Bound::Slice, run: walk_through_every_folder },
];

impl Town {
    /// Makes the town. `letters` are spread over `folders`.
    pub fn build(store: Store, letters: u32, folders: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let town = Self { store, runtime, letters, folders };
        for who in [ALICE, BOB] {
            town.write(move |tx| account::create(tx, who, None));
        }
        town.write(move |tx| (0..folders).try_for_each(|n| folder::create(tx, ACCESS, &post(n), None).map(drop)));
        town.fill("INBOX", BOB, 60, |n| letter(n + 10_000_000, ""));
        for number in 0..folders {
            let count = if number == 0 { letters / 2 } else { letters / 2 / folders };
            town.fill(&post(number), ALICE, count, |n| letter(number * 1_000_000 + n, ""));
        }
        town
    }

    fn fill(&self, name: &str, account: AccountId, letters: u32, make: impl Fn(u32) -> String) {
        let (access, folder) = (Access::own(account), self.folder_of(account, name));
        for first in (0..letters).step_by(250) {
            let texts = (first..letters.min(first + 250)).map(&make);
            let ready: Vec<_> = texts.map(|text| mailbox::prepare(&self.store, Bytes::from(text)).unwrap()).collect();
            self.write(move |tx| {
                let flags = FlagSet::default();
                ready.iter().try_for_each(|ready| letter::file(tx, access, folder, ready, &flags, NOW).map(drop))
            });
        }
    }

    pub fn write<T: Send + 'static>(&self, f: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static) -> T {
        self.store.write_blocking(store::Key::Everything, f).unwrap()
    }

    pub fn folder_of(&self, account: AccountId, name: &str) -> FolderId {
        let name = name.to_owned();
        self.store.read_blocking(move |view| folder::by_name(view, Access::own(account), &name)).unwrap().unwrap().id
    }

    fn folder(&self, name: &str) -> FolderId {
        self.folder_of(ALICE, name)
    }

    fn make(&self, name: &'static str) -> FolderId {
        self.write(move |tx| folder::create(tx, ACCESS, name, None))
    }

    fn sliced<P, T, F>(&self, from: P, slice: F)
    where
        P: Clone + Send + 'static,
        T: Send + 'static,
        F: FnMut(&mut Tx, P) -> Result<(T, Option<P>), Error> + Clone + Send + 'static,
    {
        self.runtime.block_on(sliced(&self.store, store::Key::Everything, from, slice, drop)).unwrap();
    }

    fn flag(&self, folder: FolderId, change: FlagChange) {
        self.sliced(vec![UidRange::ALL], move |tx, ranges: Vec<UidRange>| {
            let stored = letter::store_flags(tx, ACCESS, folder, &ranges, &change, None, SLICE)?;
            let next = stored.next.map(|next| letter::rest(&ranges, next));
            Ok((stored, next))
        });
    }

    fn expunge(&self, folder: FolderId, ranges: Vec<UidRange>, all: bool) {
        self.sliced(ranges, move |tx, ranges| {
            let which = if all { Expunge::All(&ranges) } else { Expunge::DeletedAmong(&ranges) };
            let gone = letter::expunge(tx, ACCESS, folder, &which, SLICE)?;
            let next = gone.next.map(|next| letter::rest(&ranges, next));
            Ok((gone, next))
        });
    }

    fn uids(&self, folder: FolderId) -> Uids {
        self.store.read_blocking(move |view| Uids::load(view, ACCESS, folder)).unwrap().0
    }
}

fn post(number: u32) -> String {
    format!("Post {number}")
}

fn letter(number: u32, references: &str) -> String {
    format!(
        "From: Carol <carol@gamma.test>\r\nTo: alice@alpha.test\r\nSubject: number {number}\r\n\
         Message-ID: <{number}@gamma.test>\r\nReferences: {references}\r\n\r\nHello, this is number {number}.\r\n"
    )
}

/// Eight readers at once, all of one person.
fn eight_times<F>(town: &Town, read: impl Fn(Store) -> F)
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let readers: Vec<_> = (0..8).map(|_| town.runtime.spawn(read(town.store.clone()))).collect();
    for reader in readers {
        match town.runtime.block_on(reader).unwrap() {
            // A caller that asks for too much at once is turned away, so that the others are not.
            Ok(()) | Err(Error::Store(store::Error::Interrupted | store::Error::Busy(_))) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn list_by_subject(town: &Town) {
    eight_times(town, |store| async move {
        let orders = vec![Order { key: Key::Subject, ascending: true }];
        let listing = Listing { criteria: Criteria::All, orders, collapse: false, best_first: false };
        search::list(&store, ACCESS, listing, Window::Position(0), 50, true, NOW).await.map(drop)
    });
}

fn search_every_folder(town: &Town) {
    eight_times(town, |store| async move {
        let folders = store.read(move |view| folder::list(view, ACCESS)).await?;
        for folder in folders {
            search::run(&store, ACCESS, folder.id, Criteria::Text("hello number".into()), NOW).await?;
        }
        Ok(())
    });
}

fn walk_through_every_folder(town: &Town) {
    eight_times(town, |store| async move {
        let folders = store.read(move |view| folder::list(view, ACCESS)).await?;
        for folder in folders {
            let walk = move |view: &store::View| {
                mailbox::fetch::each(view, ACCESS, folder.id, &[UidRange::ALL], mailbox::Want::ALL, |_| {
                    ControlFlow::Continue(())
                })
            };
            store.scan_for(store::Asker(ALICE.0), walk).await?;
        }
        Ok(())
    });
}

fn create_account(town: &Town) {
    town.write(|tx| account::create(tx, CAROL, None));
}

fn create_folders(town: &Town) {
    let deep = (0..32).map(|level| format!("level {level}")).collect::<Vec<_>>().join("/");
    town.write(move |tx| folder::create(tx, ACCESS, &deep, None));
}

/// Eight conversations of some size become one.
fn join_conversations(town: &Town) {
    town.make("Joined");
    let each = town.letters / 16;
    for conversation in 0..8 {
        let first = 900_000_000 + conversation * 1_000_000;
        town.fill("Joined", ALICE, each.min(300), |n| letter(first + n, &format!("<{first}@gamma.test>")));
    }
    let all: String = (0..8).map(|n| format!("<{}@gamma.test> ", 900_000_000 + n * 1_000_000)).collect();
    town.store.longest_write();
    let (joined, ready) = (town.folder("Joined"), letter(999_999_999, &all));
    let ready = mailbox::prepare(&town.store, Bytes::from(ready)).unwrap();
    town.write(move |tx| letter::file(tx, ACCESS, joined, &ready, &FlagSet::default(), NOW));
}

/// Into the folder of the conversations that were joined, which is as large.
fn file_beyond_the_quota(town: &Town) {
    let (joined, ready) = (town.folder("Joined"), letter(999_999_998, "<900000000@gamma.test>"));
    let ready = mailbox::prepare(&town.store, Bytes::from(ready)).unwrap();
    town.write(move |tx| letter::file_beyond(tx, ACCESS, joined, &ready, &FlagSet::default(), NOW, 1 << 20));
}

fn catch_up(town: &Town) {
    town.runtime.block_on(index::catch_up(&town.store)).unwrap();
}

fn checkpoint(town: &Town) {
    let largest = town.folder(&post(0));
    town.write(move |tx| Ok(tx.execute("UPDATE folder SET stale = 5000 WHERE folder = $1", params![largest.0])?));
    town.store.longest_write();
    assert!(town.runtime.block_on(index::checkpoint_if_stale(&town.store, ACCESS, largest)).unwrap());
}

fn keywords(count: u32) -> Vec<String> {
    (0..count).map(|n| format!("keyword-{n}")).collect()
}

fn intern(town: &Town) {
    let names = keywords(2 * SLICE as u32);
    for slice in names.chunks(SLICE) {
        let slice = slice.to_vec();
        town.write(move |tx| {
            flags::intern(tx, ACCESS, System::NONE, &slice.iter().map(String::as_str).collect::<Vec<_>>())
        });
    }
}

fn intern_beside(town: &Town) {
    let known = town.store.read_blocking(|view| Keywords::load(view, ACCESS)).unwrap();
    let names = keywords(100);
    town.write(move |tx| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        (0..SLICE).try_for_each(|_| flags::intern_beside(tx, ACCESS, System::NONE, &names, &known).map(drop))
    });
}

fn flag_all(town: &Town) {
    let known = town.store.read_blocking(|view| Keywords::load(view, ACCESS)).unwrap();
    let ids = known.iter().map(|(id, _)| id).take(50).collect();
    town.flag(town.folder(&post(0)), FlagChange::Add(FlagSet::new(System::FLAGGED, ids)));
}

fn carry(town: &Town, from: FolderId, to: FolderId, takes: bool) {
    town.sliced(vec![UidRange::ALL], move |tx, ranges: Vec<UidRange>| {
        let carried: Copied = match takes {
            true => letter::move_(tx, ACCESS, from, &ranges, to, SLICE)?,
            false => letter::copy(tx, ACCESS, from, &ranges, to, SLICE)?,
        };
        let next = carried.next.map(|next| letter::rest(&ranges, next));
        Ok((carried, next))
    });
}

fn copy_all(town: &Town) {
    let copies = town.make("Copies");
    carry(town, town.folder(&post(0)), copies, false);
}

fn move_all(town: &Town) {
    let moved = town.make("Moved");
    carry(town, town.folder("Copies"), moved, true);
}

/// The keys of the first letters of a folder.
fn keys(town: &Town, folder: FolderId, most: usize) -> Vec<LetterKey> {
    let look = move |view: &store::View| {
        let rows = mailbox::fetch(view, ACCESS, folder, &[UidRange::ALL], mailbox::Want::ROW, most)?;
        Ok::<_, Error>(rows.into_iter().map(|row| row.letter).collect())
    };
    town.store.read_blocking(look).unwrap()
}

const LABELS: [&str; 3] = ["Label 0", "Label 1", "Label 2"];

/// Every letter of a folder lies in three more; and one letter in as many as there can be.
fn label_all(town: &Town) {
    let (from, labels) = (town.folder(&post(1)), LABELS.map(|name| town.make(name)));
    for label in labels {
        carry(town, from, label, false);
    }
    let many: Vec<_> = (0..letter::MOST_PLACES as u32 - 10).collect();
    let mut folders = Vec::new();
    for some in many.chunks(100) {
        let some = some.to_vec();
        folders.extend(town.write(move |tx| {
            let make = |n: &u32| folder::create(tx, ACCESS, &format!("Many {n}"), None);
            some.iter().map(make).collect::<Result<Vec<_>, _>>()
        }));
    }
    town.store.longest_write();
    let one = keys(town, from, 1)[0];
    for some in folders.chunks(20) {
        let some = some.to_vec();
        town.write(move |tx| some.iter().try_for_each(|folder| letter::add(tx, ACCESS, one, *folder).map(drop)));
    }
}

fn flag_what_lies_in_many_folders(town: &Town) {
    town.flag(town.folder(LABELS[0]), FlagChange::Add(System::FLAGGED.into()));
}

fn lay_elsewhere(town: &Town) {
    let (from, to) = (town.folder(LABELS[0]), town.folder(LABELS[1]));
    for key in keys(town, from, 50) {
        town.write(move |tx| letter::set_folders(tx, ACCESS, key, &[to]));
    }
}

fn take_labels_away(town: &Town) {
    let label = town.folder(LABELS[1]);
    for key in keys(town, label, 20) {
        town.write(move |tx| letter::remove(tx, ACCESS, key, label));
    }
}

fn destroy_some(town: &Town) {
    for key in keys(town, town.folder(LABELS[2]), 20) {
        town.write(move |tx| letter::destroy(tx, ACCESS, key));
    }
}

fn another_trash(town: &Town) {
    let moved = town.folder("Moved");
    town.write(move |tx| folder::set_use(tx, ACCESS, moved, Some(SpecialUse::Trash)));
    catch_up(town);
}

fn no_trash(town: &Town) {
    let moved = town.folder("Moved");
    town.write(move |tx| folder::set_use(tx, ACCESS, moved, None));
    town.runtime.block_on(folder::finish(&town.store, ACCESS)).unwrap();
    catch_up(town);
}

/// All are flagged, and nine of ten are named, each by a range of its own.
fn expunge_flagged(town: &Town) {
    let moved = town.folder("Moved");
    town.flag(moved, FlagChange::Add(System::DELETED.into()));
    town.store.longest_write();
    town.expunge(moved, nine_of_ten(town, moved), false);
    catch_up(town);
}

fn nine_of_ten(town: &Town, folder: FolderId) -> Vec<UidRange> {
    town.uids(folder).iter().filter(|uid| uid.get() % 10 != 0).map(UidRange::one).collect()
}

fn part_with_many(town: &Town) {
    let parted = town.make("Parted");
    carry(town, town.folder(&post(0)), parted, false);
    town.store.longest_write();
    let doomed: Uids = nine_of_ten(town, parted).into_iter().collect();
    town.write(move |tx| letter::part(tx, ACCESS, parted, &doomed));
    catch_up(town);
}

/// Somebody names very many letters that somebody else has expunged.
fn name_what_has_gone(town: &Town) {
    let moved = town.folder("Moved");
    let gone: Vec<UidRange> = (1..20_000).step_by(2).filter_map(Uid::new).map(UidRange::one).collect();
    let doomed: Uids = gone.iter().copied().collect();
    town.expunge(moved, gone, true);
    town.write(move |tx| letter::part(tx, ACCESS, moved, &doomed));
    town.sliced((), move |tx, ()| {
        let gone = letter::carry_out(tx, ACCESS, moved)?;
        let more = gone.more.then_some(());
        Ok((gone, more))
    });
}

/// All letters of a folder answer one letter.
fn expunge_one_conversation(town: &Town) {
    let list = town.make("List");
    let count = town.letters / 2;
    town.fill("List", ALICE, count, |n| letter(700_000_000 + n, "<700000000@gamma.test>"));
    town.store.longest_write();
    town.expunge(list, vec![UidRange::ALL], true);
    catch_up(town);
}

/// Tombstones and what left the account's sight, all of them old.
fn forget_what_went(town: &Town) {
    town.write(|tx| {
        tx.execute("UPDATE account_mail SET change = change + 300000 WHERE account = $1", params![ALICE.0])?;
        Ok(tx.execute("UPDATE folder SET buried = 100000 WHERE name = 'List'", &[])?)
    });
    catch_up(town);
}

fn rename_a_tree(town: &Town) {
    town.make("Tree");
    for first in (0..town.letters.min(5_000)).step_by(100) {
        town.write(move |tx| {
            (first..first + 100).try_for_each(|n| {
                let name = format!("Tree/{n}");
                folder::create(tx, ACCESS, &name, None)?;
                folder::subscribe(tx, ACCESS, &name)
            })
        });
    }
    town.store.longest_write();
    town.write(|tx| folder::rename(tx, ACCESS, "Tree", "A tree of another name"));
}

fn rename_every_folder(town: &Town) {
    let names: Vec<_> =
        (0..town.folders).map(|number| (town.folder(&post(number)), format!("Mail {number}"))).collect();
    town.write(move |tx| folder::rename_all(tx, ACCESS, &names));
}

fn delete_the_largest(town: &Town) {
    town.write(|tx| folder::delete(tx, ACCESS, "Mail 0"));
    catch_up(town);
}

fn delete_account(town: &Town) {
    town.write(|tx| account::delete(tx, ALICE));
    catch_up(town);
}
