//! An access opens the mailbox of its owner alone, and no further than its rights go.

mod common;

use common::{ACCESS, ALICE, Fixture, NOW, letter, only, runtime, uid};
use facteur_mailbox as mailbox;
use mail::seam::AccountId;
use mailbox::account_changes::{self, Cursor};
use mailbox::filing::{self, Deposit, Filer, Labels, Target};
use mailbox::letter::{Expunge, SLICE};
use mailbox::search::{self, Criteria, Key, Listing, Order, Window};
use mailbox::{
    Access, Change, Error, FlagChange, FlagSet, Folder, FolderId, Keywords, LetterKey, Right, System, ThreadId,
    UidRange, Uids, Want, account, fetch, findings, flags, folder, index, report, thread,
};
use store::{Tx, View};

const BOB: AccountId = AccountId(2);

/// A mailbox with a letter.
struct Scene {
    inbox: Folder,
    archive: FolderId,
    key: LetterKey,
    thread: ThreadId,
}

impl Scene {
    fn of(fixture: &Fixture) -> Self {
        let (inbox, archive) = (fixture.folder("INBOX"), fixture.folder("Archive").id);
        let filed = fixture.file(inbox.id, letter("Tea", "tea@x", "")).unwrap();
        Self { inbox, archive, key: filed.letter, thread: filed.thread }
    }
}

type Read = fn(&View, Access, &Scene) -> Result<(), Error>;
type Write = fn(&mut Tx, Access, &Scene) -> Result<(), Error>;

/// Every function that reads.
const READS: &[(&str, Read)] = &[
    ("account::usage", |view, access, _| account::usage(view, access).map(drop)),
    ("folder::list", |view, access, _| folder::list(view, access).map(drop)),
    ("folder::get", |view, access, on| folder::get(view, access, on.inbox.id).map(drop)),
    ("folder::by_name", |view, access, _| folder::by_name(view, access, "INBOX").map(drop)),
    ("folder::by_use", |view, access, _| folder::by_use(view, access, mailbox::SpecialUse::Sent).map(drop)),
    ("folder::first_unseen", |view, access, on| folder::first_unseen(view, access, on.inbox.id).map(drop)),
    ("folder::is_same", |view, access, on| folder::is_same(view, access, on.inbox.id, on.inbox.uid_validity).map(drop)),
    ("folder::by_validity", |view, access, on| folder::by_validity(view, access, on.inbox.uid_validity).map(drop)),
    ("folder::has_children", |view, access, on| folder::has_children(view, access, &on.inbox).map(drop)),
    ("folder::subscriptions", |view, access, _| folder::subscriptions(view, access).map(drop)),
    ("changes_since", |view, access, on| mailbox::changes_since(view, access, on.inbox.id, Change(0), 9).map(drop)),
    ("vanished_since", |view, access, on| mailbox::vanished_since(view, access, on.inbox.id, Change(0)).map(drop)),
    ("Uids::load", |view, access, on| Uids::load(view, access, on.inbox.id).map(drop)),
    ("fetch::fetch", |view, access, on| {
        fetch::fetch(view, access, on.inbox.id, &[UidRange::ALL], Want::ROW, 9).map(drop)
    }),
    ("fetch::each", |view, access, on| {
        fetch::each(view, access, on.inbox.id, &[UidRange::ALL], Want::ROW, |_| std::ops::ControlFlow::Break(()))
    }),
    ("fetch::in_pages", |view, access, on| {
        fetch::in_pages(view, access, on.inbox.id, &[UidRange::ALL], Want::ROW, |_| std::ops::ControlFlow::Break(()))
    }),
    ("fetch::sizes", |view, access, on| fetch::sizes(view, access, on.inbox.id, |_, _| {})),
    ("fetch::visible", |view, access, on| fetch::visible(view, access, on.key, Want::ROW).map(drop)),
    ("fetch::octets", |view, access, on| fetch::octets(view, access, on.key).map(drop)),
    ("fetch::by_key", |view, access, on| fetch::by_key(view, access, on.key).map(drop)),
    ("letter::places", |view, access, on| mailbox::letter::places(view, access, on.key).map(drop)),
    ("thread::letters", |view, access, on| thread::letters(view, access, on.thread, 9).map(drop)),
    ("findings::of", |view, access, on| findings::of(view, access, on.key).map(drop)),
    ("account_changes::states", |view, access, _| account_changes::states(view, access).map(drop)),
    ("account_changes::letters", |view, access, _| account_changes::letters(view, access, START, 9).map(drop)),
    ("account_changes::threads", |view, access, _| account_changes::threads(view, access, START, 9).map(drop)),
    ("account_changes::threads_touched", |view, access, _| {
        account_changes::threads_touched(view, access, START, 9).map(drop)
    }),
    ("account_changes::folders", |view, access, _| account_changes::folders(view, access, START, 9).map(drop)),
    ("Keywords::load", |view, access, _| Keywords::load(view, access).map(drop)),
    ("flags::used", |view, access, _| flags::used(view, access, System::SEEN, &["Work"]).map(drop)),
];

const START: Cursor = Cursor { known: Change(0), seen: (Change(0), i64::MAX) };

/// Every function that writes, with the right that it asks for.
const WRITES: &[(&str, Right, Write)] = &[
    ("report::done", Right::Read, |tx, access, on| report::done(tx, access, on.key).map(drop)),
    ("flags::intern", Right::Flag, |tx, access, _| flags::intern(tx, access, System::SEEN, &["Work"]).map(drop)),
    ("flags::intern_beside", Right::Flag, |tx, access, _| {
        flags::intern_beside(tx, access, System::SEEN, &["Work"], &Keywords::default()).map(drop)
    }),
    ("letter::store_flags", Right::Flag, |tx, access, on| {
        let seen = FlagChange::Add(System::SEEN.into());
        mailbox::letter::store_flags(tx, access, on.inbox.id, &[only(1)], &seen, None, 1).map(drop)
    }),
    ("letter::copy", Right::Read, copy),
    ("letter::copy", Right::Insert, copy),
    ("letter::move_", Right::Insert, move_there),
    ("letter::move_", Right::Delete, move_there),
    ("letter::add", Right::Insert, |tx, access, on| mailbox::letter::add(tx, access, on.key, on.archive).map(drop)),
    ("letter::set_folders", Right::Read, lay_elsewhere),
    ("letter::set_folders", Right::Insert, lay_elsewhere),
    ("letter::set_folders", Right::Delete, lay_elsewhere),
    ("letter::remove", Right::Delete, |tx, access, on| {
        mailbox::letter::remove(tx, access, on.key, on.inbox.id).map(drop)
    }),
    ("letter::destroy", Right::Delete, |tx, access, on| mailbox::letter::destroy(tx, access, on.key).map(drop)),
    ("letter::expunge", Right::Delete, |tx, access, on| {
        mailbox::letter::expunge(tx, access, on.inbox.id, &Expunge::All(&[only(1)]), SLICE).map(drop)
    }),
    ("letter::part", Right::Delete, |tx, access, on| {
        mailbox::letter::part(tx, access, on.inbox.id, &[uid(1)].into_iter().collect()).map(drop)
    }),
    ("letter::carry_out", Right::Delete, |tx, access, on| {
        mailbox::letter::carry_out(tx, access, on.inbox.id).map(drop)
    }),
    ("folder::create", Right::Administer, |tx, access, _| folder::create(tx, access, "New", None).map(drop)),
    ("folder::rename", Right::Administer, |tx, access, _| folder::rename(tx, access, "Archive", "Old")),
    ("folder::rename_all", Right::Administer, |tx, access, on| {
        folder::rename_all(tx, access, &[(on.archive, "Old".to_owned())])
    }),
    ("folder::delete", Right::Administer, |tx, access, _| folder::delete(tx, access, "Archive")),
    ("folder::subscribe", Right::Administer, |tx, access, _| folder::subscribe(tx, access, "New")),
    ("folder::unsubscribe", Right::Administer, |tx, access, _| folder::unsubscribe(tx, access, "Archive")),
    ("folder::set_use", Right::Administer, |tx, access, on| folder::set_use(tx, access, on.archive, None)),
    ("folder::set_sort_order", Right::Administer, |tx, access, on| folder::set_sort_order(tx, access, on.archive, 3)),
    ("filing::furnish", Right::Administer, |tx, access, _| filing::furnish(tx, access, "New", None, true)),
];

fn copy(tx: &mut Tx, access: Access, on: &Scene) -> Result<(), Error> {
    mailbox::letter::copy(tx, access, on.inbox.id, &[UidRange::ALL], on.archive, SLICE).map(drop)
}

fn move_there(tx: &mut Tx, access: Access, on: &Scene) -> Result<(), Error> {
    mailbox::letter::move_(tx, access, on.inbox.id, &[UidRange::ALL], on.archive, SLICE).map(drop)
}

fn lay_elsewhere(tx: &mut Tx, access: Access, on: &Scene) -> Result<(), Error> {
    mailbox::letter::set_folders(tx, access, on.key, &[on.archive]).map(drop)
}

/// All rights but one.
fn without(right: Right) -> Access {
    let others: Vec<Right> = Right::ALL.into_iter().filter(|other| *other != right).collect();
    ACCESS.only(&others)
}

fn is_refused<T>(outcome: &Result<T, Error>, right: Right) -> bool {
    matches!(outcome, Err(Error::NotAllowed(missing)) if *missing == right)
}

#[test]
fn every_reading_needs_the_right_to_read_and_no_other() {
    let fixture = Fixture::new();
    let scene = std::sync::Arc::new(Scene::of(&fixture));
    for (name, read) in READS {
        let on = scene.clone();
        let refused = fixture.store.read_blocking(move |view| read(view, without(Right::Read), &on));
        assert!(is_refused(&refused, Right::Read), "{name}: {refused:?}");
        let on = scene.clone();
        let done = fixture.store.read_blocking(move |view| read(view, ACCESS.only(&[Right::Read]), &on));
        assert!(done.is_ok(), "{name}: {done:?}");
    }
}

#[test]
fn every_change_needs_its_right() {
    for (name, right, write) in WRITES {
        let fixture = Fixture::new();
        let on = Scene::of(&fixture);
        let before = fixture.read(|view| account::usage(view, ACCESS));
        let refused = fixture.write({
            let on = Scene { inbox: on.inbox.clone(), ..on };
            move |tx| write(tx, without(*right), &on)
        });
        assert!(is_refused(&refused, *right), "{name} without {right:?}: {refused:?}");
        assert_eq!(fixture.read(|view| account::usage(view, ACCESS)), before, "{name} without {right:?}");
        let done = fixture.write(move |tx| write(tx, ACCESS, &on));
        assert!(done.is_ok(), "{name}: {done:?}");
    }
}

#[test]
fn letters_are_filed_by_whoever_may_add_some() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    let prepared = mailbox::prepare(&fixture.store, letter("Tea", "tea@x", "").into()).unwrap();
    let filed = fixture.write(move |tx| {
        let (target, labels) = (Target::Found(inbox, "INBOX"), Labels::All(&[]));
        let deposit = Deposit {
            prepared: &prepared,
            target,
            system: System::NONE,
            labels,
            received: NOW,
            beyond: 0,
            begins: None,
        };
        let refused = Filer::new(without(Right::Insert), NOW).file(tx, &deposit);
        assert!(is_refused(&refused, Right::Insert), "{refused:?}");
        let refused = mailbox::letter::file(tx, without(Right::Insert), inbox, &prepared, &FlagSet::default(), NOW);
        assert!(is_refused(&refused, Right::Insert), "{refused:?}");
        let named = Deposit { target: Target::Named("INBOX"), ..deposit };
        assert!(is_refused(&Filer::new(without(Right::Read), NOW).file(tx, &named), Right::Read));
        let made = Deposit { target: Target::Like { name: "New", special_use: None }, ..deposit };
        assert!(is_refused(&Filer::new(without(Right::Administer), NOW).file(tx, &made), Right::Administer));
        Filer::new(ACCESS.only(&[Right::Insert]), NOW).file(tx, &deposit)
    });
    assert_eq!(filed.unwrap().filed.uid, uid(1));
    assert_eq!(fixture.rows(inbox).len(), 1);
}

#[test]
fn searches_and_lists_need_the_right_to_read() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    let (store, blind) = (&fixture.store, without(Right::Read));
    let listing = || Listing {
        criteria: Criteria::All,
        orders: vec![Order { key: Key::Size, ascending: true }],
        collapse: false,
        best_first: false,
    };
    runtime().block_on(async {
        let found = search::run(store, blind, inbox, Criteria::All, NOW).await;
        assert!(is_refused(&found, Right::Read));
        assert!(is_refused(
            &search::list(store, blind, listing(), Window::Position(0), 9, true, NOW).await,
            Right::Read
        ));
        let placed = search::placed(store, blind, listing(), Default::default(), Default::default(), true, NOW).await;
        assert!(is_refused(&placed, Right::Read));
        assert!(is_refused(&index::checkpoint_if_stale(store, blind, inbox).await, Right::Read));
        assert!(is_refused(&folder::finish(store, without(Right::Administer)).await, Right::Administer));
    });
}

#[test]
fn the_numbers_of_another_mailbox_open_nothing() {
    let fixture = Fixture::new();
    fixture.write(|tx| account::create(tx, BOB, None)).unwrap();
    let bob = Access::own(BOB);
    let hers = std::sync::Arc::new(Scene::of(&fixture));
    let on = hers.clone();
    fixture.read(move |view| {
        let (inbox, key) = (on.inbox.id, on.key);
        assert!(matches!(folder::get(view, bob, inbox), Err(Error::NoSuchFolder(_))));
        assert!(matches!(Uids::load(view, bob, inbox), Err(Error::NoSuchFolder(_))));
        assert!(matches!(mailbox::changes_since(view, bob, inbox, Change(0), 9), Err(Error::NoSuchFolder(_))));
        assert!(matches!(mailbox::vanished_since(view, bob, inbox, Change(0)), Err(Error::NoSuchFolder(_))));
        assert_eq!(folder::first_unseen(view, bob, inbox)?, None);
        assert!(!folder::is_same(view, bob, inbox, on.inbox.uid_validity)?);
        assert!(fetch::fetch(view, bob, inbox, &[UidRange::ALL], Want::ALL, 9)?.is_empty());
        fetch::sizes(view, bob, inbox, |_, _| panic!("a letter of hers"))?;
        assert!(fetch::visible(view, bob, key, Want::ROW)?.is_none() && fetch::octets(view, bob, key)?.is_none());
        assert_eq!(fetch::by_key(view, bob, key)?, None);
        assert!(mailbox::letter::places(view, bob, key)?.is_empty());
        assert!(thread::letters(view, bob, on.thread, 9)?.is_empty());
        Ok(())
    });
    let before = fixture.read(|view| account::usage(view, ACCESS));
    for (name, _, write) in WRITES {
        // A folder of Bob's own stands where the name of one is asked for.
        if ["folder::create", "folder::rename", "folder::delete", "filing::furnish"].contains(name) {
            continue;
        }
        let on = Scene { inbox: hers.inbox.clone(), ..*hers };
        let _ = fixture.write(move |tx| write(tx, bob, &on));
    }
    assert_eq!(fixture.read(|view| account::usage(view, ACCESS)), before, "nothing of hers has changed");
    assert_eq!(fixture.rows(hers.inbox.id).len(), 1);
    assert_eq!(fixture.rows(hers.archive).len(), 0);
    let his = fixture.read(move |view| Ok(folder::by_name(view, bob, "INBOX")?.unwrap().id));
    let mixed = fixture.write(move |tx| {
        let (there, back) = (hers.inbox.id, hers.key);
        let taken = mailbox::letter::copy(tx, bob, there, &[UidRange::ALL], his, SLICE);
        assert!(matches!(taken, Err(Error::NoSuchFolder(_))));
        assert_eq!(mailbox::letter::add(tx, bob, back, his)?, None);
        Ok(mailbox::letter::copy(tx, ACCESS, there, &[UidRange::ALL], his, SLICE).is_err())
    });
    assert!(mixed.unwrap());
    assert_eq!(fixture.read(move |view| account::usage(view, Access::own(BOB))).letters, 0);
    assert_eq!(ACCESS.owner(), ALICE);
}
