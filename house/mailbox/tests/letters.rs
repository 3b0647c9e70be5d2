//! Tests of letters and folders, one promise at a time.

mod common;

use common::{ACCESS, ALICE, Fixture, NOW, letter, only, runtime, uid};
use facteur_mailbox as mailbox;
use mail::seam::AccountId;
use mailbox::letter::{Expunge, SLICE, carry_out, copy, expunge, move_, part, store_flags};
use mailbox::{
    Access, Change, Error, FlagChange, FlagSet, FolderId, Keywords, LetterKey, SpecialUse, System, Uid, UidRange, Uids,
    account, changes_since, flags, folder, report, vanished_since,
};

#[test]
fn a_new_mailbox_has_its_folders_and_is_subscribed_to_them() {
    let fixture = Fixture::new();
    let folders = fixture.read(|view| folder::list(view, ACCESS));
    let names: Vec<_> = folders.iter().map(|f| (f.name.as_str(), f.special_use)).collect();
    assert_eq!(
        names,
        [
            ("INBOX", None),
            ("Archive", Some(SpecialUse::Archive)),
            ("Drafts", Some(SpecialUse::Drafts)),
            ("Junk", Some(SpecialUse::Junk)),
            ("Sent", Some(SpecialUse::Sent)),
            ("Trash", Some(SpecialUse::Trash)),
        ]
    );
    assert!(folders.iter().all(|f| f.subscribed && f.uid_next == Uid::FIRST && f.highest >= Change(1)));
    assert!(matches!(fixture.write(|tx| account::create(tx, ALICE, None)), Err(Error::AccountExists(ALICE))));
}

#[test]
fn a_letter_is_filed_with_the_next_uid_and_counted() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("inbox");
    let text = letter("one", "1@x", "");
    let first = fixture.file(inbox.id, text.clone()).unwrap();
    let second = fixture.file_with(inbox.id, text.clone(), System::SEEN.into(), NOW).unwrap();
    assert_eq!((first.uid, second.uid), (uid(1), uid(2)));
    assert!(second.change > first.change && second.letter > first.letter);
    let inbox = fixture.folder("INBOX");
    assert_eq!((inbox.total, inbox.unseen, inbox.size), (2, 1, 2 * text.len() as u64));
    assert_eq!((inbox.highest, inbox.uid_next), (second.change, uid(3)));
    let usage = fixture.read(|view| account::usage(view, ACCESS));
    assert_eq!((usage.used, usage.letters, usage.change), (2 * text.len() as u64, 2, second.change));
    let rows = fixture.rows(inbox.id);
    let card = rows[1].card.as_ref().unwrap();
    assert_eq!(card.summary.as_ref().unwrap().subject(), Some(&b"one"[..]));
    assert_eq!(rows[1].received, NOW);
    let blob = card.blob;
    let body = fixture.read(move |view| mailbox::body::read(view, blob, 0..1 << 30));
    assert_eq!(body, text.as_bytes());
}

#[test]
fn a_letter_that_is_a_report_is_noted_once_for_who_waits_for_it() {
    // RFC 6522.
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX");
    fixture.file(inbox.id, letter("one", "1@x", "")).unwrap();
    let raw =
        "Content-Type: Multipart/REPORT; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nno\r\n--b--\r\n";
    let filed = fixture.file(inbox.id, raw).unwrap();
    let archive = fixture.folder("Archive").id;
    fixture.write(move |tx| copy(tx, ACCESS, inbox.id, &[UidRange::one(filed.uid)], archive, 1)).unwrap();
    let waiting = |after| fixture.read(move |view| Ok(report::waiting(view, after, 10)?));
    assert_eq!(waiting(LetterKey(0)), [(Access::house(ALICE), filed.letter)]);
    assert_eq!(waiting(filed.letter), []);
    let done = || fixture.write(move |tx| report::done(tx, ACCESS, filed.letter)).unwrap();
    assert!(done() && !done());
    assert_eq!(waiting(LetterKey(0)), []);
}

#[test]
fn what_is_over_quota_is_refused_and_leaves_no_trace() {
    let fixture = Fixture::new();
    let text = letter("one", "1@x", "");
    let quota = text.len() as u64 + 10;
    fixture.write(move |tx| account::set_quota(tx, ALICE, Some(quota))).unwrap();
    let inbox = fixture.folder("INBOX");
    fixture.file(inbox.id, text.clone()).unwrap();
    let refused = fixture.file(inbox.id, text.clone());
    assert!(matches!(refused, Err(Error::OverQuota { used, quota: most, size })
        if used == text.len() as u64 && most == quota && size == text.len() as u64));
    let to = fixture.folder("Trash").id;
    // A second letter needs room, one in another folder needs none, nor does a move.
    let copied = fixture.write(move |tx| copy(tx, ACCESS, inbox.id, &[UidRange::ALL], inbox.id, SLICE));
    assert!(matches!(copied, Err(Error::OverQuota { .. })));
    assert_eq!((fixture.folder("INBOX").total, fixture.folder("INBOX").uid_next), (1, uid(2)));
    assert_eq!(fixture.count("blob"), 1);
    let archive = fixture.folder("Archive").id;
    fixture.write(move |tx| copy(tx, ACCESS, inbox.id, &[UidRange::ALL], archive, SLICE)).unwrap();
    assert_eq!(fixture.read(|view| account::usage(view, ACCESS)).used, text.len() as u64);
    fixture.write(move |tx| move_(tx, ACCESS, inbox.id, &[UidRange::ALL], to, SLICE)).unwrap();
    assert_eq!(fixture.folder("Trash").total, 1);
}

#[test]
fn a_copy_elsewhere_is_the_same_letter_until_its_last_place_ends() {
    let fixture = Fixture::new();
    let (inbox, archive) = (fixture.folder("INBOX").id, fixture.folder("Archive").id);
    fixture.file_with(inbox, letter("one", "1@x", ""), System::FLAGGED.into(), NOW).unwrap();
    let again = move |tx: &mut store::Tx| copy(tx, ACCESS, inbox, &[UidRange::ALL], archive, SLICE);
    let copied = fixture.write(again).unwrap();
    assert_eq!((copied.pairs, copied.added, copied.next), (vec![(uid(1), uid(1))], vec![uid(1)], None));
    let (old, new) = (&fixture.rows(inbox)[0], &fixture.rows(archive)[0]);
    assert_eq!((old.letter, &old.flags, old.received, old.size), (new.letter, &new.flags, new.received, new.size));
    assert_eq!((fixture.count("blob"), fixture.count("letter"), fixture.count("entry")), (1, 1, 2));
    // It lies there already.
    let change = fixture.read(|view| account::usage(view, ACCESS)).change;
    let copied = fixture.write(again).unwrap();
    assert_eq!((copied.pairs, copied.added), (vec![(uid(1), uid(1))], Vec::new()));
    assert_eq!(fixture.read(|view| account::usage(view, ACCESS)).change, change);
    fixture.expunge_all(inbox);
    assert_eq!((fixture.count("blob"), fixture.count("letter"), fixture.count("entry")), (1, 1, 1));
    fixture.expunge_all(archive);
    assert_eq!((fixture.count("blob"), fixture.count("letter"), fixture.count("entry")), (0, 0, 0));
    assert_eq!(fixture.read(|view| account::usage(view, ACCESS)).used, 0);
}

#[test]
fn a_copy_in_the_same_folder_is_a_second_letter_that_shares_the_bytes() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    fixture.file_with(inbox, letter("one", "1@x", ""), System::FLAGGED.into(), NOW).unwrap();
    fixture.write(move |tx| copy(tx, ACCESS, inbox, &[UidRange::ALL], inbox, SLICE)).unwrap();
    let rows = fixture.rows(inbox);
    assert_ne!(rows[0].letter, rows[1].letter);
    assert_eq!((&rows[0].flags, rows[0].received, rows[0].size), (&rows[1].flags, rows[1].received, rows[1].size));
    assert_eq!(rows[0].card.as_ref().unwrap().blob, rows[1].card.as_ref().unwrap().blob);
    assert_eq!((fixture.count("blob"), fixture.count("letter")), (1, 2));
    fixture.expunge_all(inbox);
    assert_eq!((fixture.count("blob"), fixture.count("letter"), fixture.count("entry")), (0, 0, 0));
}

#[test]
fn a_copy_takes_deleted_away_where_the_letter_lies_already() {
    let fixture = Fixture::new();
    let (inbox, archive) = (fixture.folder("INBOX").id, fixture.folder("Archive").id);
    fixture.file(inbox, letter("one", "1@x", "")).unwrap();
    for carry in [copy, move_] {
        let there = move |tx: &mut store::Tx| copy(tx, ACCESS, inbox, &[UidRange::ALL], archive, SLICE);
        fixture.write(there).unwrap();
        fixture.flag(archive, 1, System::DELETED);
        assert!(!fixture.rows(inbox)[0].flags.system.contains(System::DELETED), "it is the place's own");
        fixture.write(move |tx| carry(tx, ACCESS, inbox, &[UidRange::ALL], archive, SLICE)).unwrap();
        let gone = fixture.write(move |tx| expunge(tx, ACCESS, archive, &Expunge::Deleted, SLICE)).unwrap();
        assert_eq!(gone.uids, [], "what was put there just now is not expunged");
    }
    assert_eq!((fixture.rows(inbox).len(), fixture.rows(archive).len()), (0, 1));
}

#[test]
fn a_copy_that_is_taken_back_takes_no_letter_away() {
    let fixture = Fixture::new();
    let (inbox, archive) = (fixture.folder("INBOX").id, fixture.folder("Archive").id);
    for n in 0..2 {
        fixture.file(inbox, letter("one", &format!("{n}@x"), "")).unwrap();
    }
    let copied = fixture.write(move |tx| copy(tx, ACCESS, inbox, &[UidRange::ALL], archive, SLICE)).unwrap();
    assert_eq!(copied.added, [uid(1), uid(2)]);
    // Somebody takes one of them out of the other folder meanwhile.
    fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::All(&[only(1)]), SLICE)).unwrap();
    let back = move |tx: &mut store::Tx| expunge(tx, ACCESS, archive, &Expunge::Doubled(&[UidRange::ALL]), SLICE);
    assert_eq!(fixture.write(back).unwrap().uids, [uid(2)]);
    assert_eq!((fixture.rows(inbox).len(), fixture.rows(archive).len(), fixture.count("letter")), (1, 1, 2));
}

#[test]
fn one_change_of_flags_is_one_tick_in_every_folder_of_the_letter() {
    let fixture = Fixture::new();
    let (inbox, archive) = (fixture.folder("INBOX").id, fixture.folder("Archive").id);
    fixture.file(inbox, letter("one", "1@x", "")).unwrap();
    fixture.write(move |tx| copy(tx, ACCESS, inbox, &[UidRange::ALL], archive, SLICE)).unwrap();
    let before = fixture.read(|view| account::usage(view, ACCESS)).change;
    fixture.flag(archive, 1, System::SEEN);
    let after = fixture.read(|view| account::usage(view, ACCESS)).change;
    assert_eq!(after.0, before.0 + 1);
    for name in ["INBOX", "Archive"] {
        let folder = fixture.folder(name);
        assert_eq!((folder.highest, folder.unseen, folder.unread, folder.unread_threads), (after, 0, 0, 0), "{name}");
        let changed = fixture.read(move |view| changes_since(view, ACCESS, folder.id, before, 10)).changed;
        assert_eq!(changed.iter().map(|row| (row.uid, row.change)).collect::<Vec<_>>(), [(uid(1), after)]);
    }
}

#[test]
fn the_trash_from_everywhere_and_back() {
    let fixture = Fixture::new();
    let [inbox, archive, trash] = ["INBOX", "Archive", "Trash"].map(|name| fixture.folder(name).id);
    let key = fixture.file(inbox, letter("one", "1@x", "")).unwrap().letter;
    fixture.write(move |tx| mailbox::letter::add(tx, ACCESS, key, archive)).unwrap();
    let thrown = fixture.write(move |tx| mailbox::letter::set_folders(tx, ACCESS, key, &[trash])).unwrap().unwrap();
    assert_eq!(thrown.before, [inbox, archive]);
    assert_eq!((fixture.rows(inbox).len(), fixture.rows(archive).len(), fixture.rows(trash).len()), (0, 0, 1));
    let before = thrown.before.clone();
    fixture.write(move |tx| mailbox::letter::set_folders(tx, ACCESS, key, &before)).unwrap();
    assert_eq!((fixture.rows(inbox).len(), fixture.rows(archive).len(), fixture.rows(trash).len()), (1, 1, 0));
    let stranger = FolderId(4711);
    let wrong = fixture.write(move |tx| mailbox::letter::set_folders(tx, ACCESS, key, &[stranger, inbox]));
    assert!(matches!(wrong, Err(Error::NoSuchFolder(id)) if id == stranger));
    let places = fixture.read(move |view| mailbox::letter::places(view, ACCESS, key));
    assert_eq!(places.iter().map(|place| place.folder).collect::<Vec<_>>(), [inbox, archive]);
}

#[test]
fn a_move_keeps_the_letter_and_leaves_a_tombstone() {
    let fixture = Fixture::new();
    let (inbox, archive) = (fixture.folder("INBOX").id, fixture.folder("Archive").id);
    let filed = fixture.file(inbox, letter("one", "1@x", "")).unwrap();
    let since = fixture.folder("INBOX").highest;
    fixture.write(move |tx| move_(tx, ACCESS, inbox, &[only(1)], archive, SLICE)).unwrap();
    assert_eq!(fixture.rows(archive)[0].letter, filed.letter);
    let letter = filed.letter;
    assert_eq!(fixture.read(move |view| mailbox::fetch::by_key(view, ACCESS, letter)), Some((archive, uid(1))));
    let changes = fixture.read(move |view| changes_since(view, ACCESS, inbox, since, 100));
    assert!(changes.changed.is_empty());
    assert_eq!(changes.vanished.iter().collect::<Vec<_>>(), [uid(1)]);
    let (inbox, archive) = (fixture.folder("INBOX"), fixture.folder("Archive"));
    assert_eq!((inbox.total, inbox.size, archive.total), (0, 0, 1));
    // Onto itself: a new UID, as RFC 6851 §3 has it.
    let again = fixture.write(move |tx| move_(tx, ACCESS, archive.id, &[UidRange::ALL], archive.id, SLICE)).unwrap();
    assert_eq!(again.pairs, [(uid(1), uid(2))]);
    assert_eq!(fixture.folder("Archive").total, 1);
}

#[test]
fn flags_are_changed_letter_by_letter_unless_changed_meanwhile() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    for n in 0..3 {
        fixture.file(inbox, letter("x", &format!("{n}@x"), "")).unwrap();
    }
    let seen_at = fixture.folder("INBOX").highest;
    fixture.flag(inbox, 2, System::SEEN);
    let change = FlagChange::Add(System::DELETED.into());
    let stored = fixture
        .write(move |tx| store_flags(tx, ACCESS, inbox, &[UidRange::ALL], &change, Some(seen_at), SLICE))
        .unwrap();
    assert_eq!(stored.modified, [uid(2)]);
    assert_eq!(stored.changed.iter().map(|f| f.uid).collect::<Vec<_>>(), [uid(1), uid(3)]);
    assert!(stored.changed.iter().all(|f| f.change > seen_at));
    let folder = fixture.folder("INBOX");
    assert_eq!((folder.unseen, folder.deleted), (2, 2));
    // Flags that are so already make no change.
    let before = folder.highest;
    let change = FlagChange::Remove(System::DRAFT.into());
    let stored =
        fixture.write(move |tx| store_flags(tx, ACCESS, inbox, &[UidRange::ALL], &change, None, SLICE)).unwrap();
    assert_eq!((stored.changed.len(), stored.same.len()), (0, 3));
    assert_eq!(fixture.folder("INBOX").highest, before);
    let gone = fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::DeletedAmong(&[only(3)]), SLICE)).unwrap();
    assert_eq!(gone.uids, [uid(3)]);
    let gone = fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::Deleted, SLICE)).unwrap();
    assert_eq!((gone.uids, gone.more), (vec![uid(1)], false));
}

#[test]
fn keywords_keep_the_name_they_were_first_given() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    let set =
        fixture.write(|tx| flags::intern(tx, ACCESS, System::SEEN, &["$Forwarded", "Été", "$forwarded"])).unwrap();
    assert_eq!(set.keywords().len(), 2);
    fixture.file_with(inbox, letter("x", "1@x", ""), set.clone(), NOW).unwrap();
    assert_eq!(fixture.rows(inbox)[0].flags, set);
    let names = fixture.read(|view| Keywords::load(view, ACCESS));
    assert_eq!(names.iter().map(|(_, name)| name).collect::<Vec<_>>(), ["$Forwarded", "Été"]);
    assert_eq!(names.id("$FORWARDED"), Some(set.keywords()[0]));
    for bad in ["", "two words", "a\r\nb"] {
        assert!(matches!(
            fixture.write(move |tx| flags::intern(tx, ACCESS, System::NONE, &[bad])),
            Err(Error::BadKeyword(_))
        ));
    }
}

#[test]
fn a_folder_is_renamed_with_those_below_it_and_keeps_its_uids() {
    let fixture = Fixture::new();
    fixture.write(|tx| folder::create(tx, ACCESS, "Work/2026/Plans", None)).unwrap();
    fixture.write(|tx| folder::create(tx, ACCESS, "Workshop", None)).unwrap();
    fixture.write(|tx| folder::subscribe(tx, ACCESS, "Work/2026")).unwrap();
    let before = fixture.folder("Work/2026/Plans");
    fixture.file(before.id, letter("x", "1@x", "")).unwrap();
    fixture.write(|tx| folder::rename(tx, ACCESS, "Work", "Old/Work")).unwrap();
    let after = fixture.folder("Old/Work/2026/Plans");
    assert_eq!((after.id, after.uid_validity, after.uid_next), (before.id, before.uid_validity, uid(2)));
    assert_eq!(fixture.folder("Workshop").name, "Workshop");
    assert!(fixture.folder("Old/Work/2026").subscribed);
    assert!(fixture.read(|view| folder::by_name(view, ACCESS, "Work")).is_none());
    assert!(matches!(fixture.write(|tx| folder::rename(tx, ACCESS, "Old", "Old/Work/Older")), Err(Error::IntoItself)));
    assert!(matches!(fixture.write(|tx| folder::rename(tx, ACCESS, "Old", "Trash")), Err(Error::FolderExists(_))));
    assert!(matches!(fixture.write(|tx| folder::rename(tx, ACCESS, "No", "Yes")), Err(Error::NoFolderCalled(_))));
}

#[test]
fn renaming_inbox_moves_its_letters_and_leaves_an_empty_one() {
    let fixture = Fixture::new();
    fixture.write(|tx| folder::create(tx, ACCESS, "INBOX/Lists", None)).unwrap();
    let old = fixture.folder("INBOX");
    fixture.file(old.id, letter("x", "1@x", "")).unwrap();
    let id = old.id;
    fixture.write(move |tx| folder::set_sort_order(tx, ACCESS, id, 7)).unwrap();
    fixture.write(|tx| folder::rename(tx, ACCESS, "inbox", "INBOX/2026")).unwrap();
    let moved = fixture.folder("INBOX/2026");
    assert_eq!((moved.id, moved.total), (old.id, 1));
    assert!(moved.uid_validity > old.uid_validity);
    // INBOX is the same as before, without its letters: a client that knew it hears that they are gone.
    let new = fixture.folder("INBOX");
    assert_eq!((new.total, new.uid_validity, new.uid_next, new.sort_order), (0, old.uid_validity, uid(2), 7));
    let (inbox, validity, highest) = (new.id, old.uid_validity, old.highest);
    let news = fixture.read(move |view| changes_since(view, ACCESS, inbox, highest, 10));
    assert_eq!((news.changed.len(), news.vanished.iter().collect::<Vec<_>>()), (0, vec![uid(1)]));
    assert!(!fixture.read(move |view| folder::is_same(view, ACCESS, id, validity)));
    let there = fixture.read(move |view| folder::by_validity(view, ACCESS, validity));
    assert_eq!(there, Some(inbox));
    assert_eq!(fixture.folder("INBOX/Lists").total, 0);
    assert_eq!(fixture.file(new.id, letter("y", "2@x", "")).unwrap().uid, uid(2));
}

fn uses(fixture: &Fixture) -> Vec<(String, SpecialUse)> {
    let folders = fixture.read(|view| folder::list(view, ACCESS));
    folders.into_iter().filter_map(|folder| Some((folder.name, folder.special_use?))).collect()
}

fn make(fixture: &Fixture, name: &str) {
    let name = name.to_owned();
    fixture.write(move |tx| folder::create(tx, ACCESS, &name, None)).unwrap();
}

fn remove(fixture: &Fixture, name: &str) {
    let name = name.to_owned();
    fixture.write(move |tx| folder::delete(tx, ACCESS, &name)).unwrap();
}

fn has(fixture: &Fixture, name: &str, special_use: SpecialUse) -> bool {
    let all = uses(fixture).into_iter().filter(|(_, one)| *one == special_use).map(|(name, _)| name);
    all.collect::<Vec<_>>() == [name]
}

#[test]
fn a_special_folder_that_is_made_again_gets_its_use_back_by_its_name() {
    let fixture = Fixture::new();
    let all = uses(&fixture);
    assert_eq!(all.len(), 5);
    for (name, special_use) in all {
        remove(&fixture, &name);
        make(&fixture, &format!("Projects/{name}"));
        assert!(uses(&fixture).iter().all(|(_, other)| *other != special_use), "{name} below Projects");
        make(&fixture, &name);
        assert!(has(&fixture, &name, special_use), "{name}");
    }
    make(&fixture, "Sent Items");
    assert!(has(&fixture, "Sent", SpecialUse::Sent), "there is one for this use");
    for (sent, trash) in [("Gesendet", "Papierkorb"), ("Envoyés", "Corbeille"), ("送信済み", "ゴミ箱")] {
        let old = uses(&fixture).into_iter().filter(|(_, one)| [SpecialUse::Sent, SpecialUse::Trash].contains(one));
        for (name, _) in old {
            remove(&fixture, &name);
        }
        make(&fixture, sent);
        make(&fixture, &format!("INBOX/{trash}"));
        assert!(has(&fixture, sent, SpecialUse::Sent) && has(&fixture, &format!("INBOX/{trash}"), SpecialUse::Trash));
    }
}

#[test]
fn a_use_goes_with_a_folder_that_is_renamed_and_is_handed_on_when_that_is_deleted() {
    let fixture = Fixture::new();
    fixture.write(|tx| folder::rename(tx, ACCESS, "Archive", "Archive 2025")).unwrap();
    make(&fixture, "Archive/2026");
    assert!(has(&fixture, "Archive 2025", SpecialUse::Archive));
    remove(&fixture, "Archive 2025");
    assert!(has(&fixture, "Archive", SpecialUse::Archive));
    // A folder that takes the name of one that is no more takes its use as well.
    remove(&fixture, "Trash");
    make(&fixture, "Rubbish");
    fixture.write(|tx| folder::rename(tx, ACCESS, "Rubbish", "Trash")).unwrap();
    assert!(has(&fixture, "Trash", SpecialUse::Trash));
    // A use that was asked for counts more than a name.
    remove(&fixture, "Drafts");
    fixture.write(|tx| folder::create(tx, ACCESS, "Sketches", Some(SpecialUse::Drafts))).unwrap();
    make(&fixture, "Drafts");
    assert!(has(&fixture, "Sketches", SpecialUse::Drafts));
}

#[test]
fn a_folder_made_again_never_looks_like_the_one_deleted() {
    let fixture = Fixture::new();
    let mut last = None;
    for _ in 0..3 {
        let folder = fixture.write(|tx| folder::create(tx, ACCESS, "Projects", None)).unwrap();
        let validity = fixture.folder("Projects").uid_validity;
        assert!(last < Some(validity));
        last = Some(validity);
        fixture.file(folder, letter("x", "1@x", "")).unwrap();
        fixture.write(|tx| folder::delete(tx, ACCESS, "Projects")).unwrap();
        assert!(matches!(fixture.file(folder, letter("x", "1@x", "")), Err(Error::NoSuchFolder(_))));
    }
    fixture.finish();
    assert_eq!((fixture.count("letter"), fixture.count("tombstone")), (0, 0));
    assert!(matches!(fixture.write(|tx| folder::delete(tx, ACCESS, "inbox")), Err(Error::Inbox)));
    fixture.write(|tx| folder::create(tx, ACCESS, "A/B", None)).unwrap();
    assert!(matches!(fixture.write(|tx| folder::delete(tx, ACCESS, "A")), Err(Error::HasChildren)));
}

#[test]
fn subscriptions_outlive_their_folder() {
    let fixture = Fixture::new();
    fixture.write(|tx| folder::create(tx, ACCESS, "News", None)).unwrap();
    fixture.write(|tx| folder::subscribe(tx, ACCESS, "News")).unwrap();
    fixture.write(|tx| folder::delete(tx, ACCESS, "News")).unwrap();
    assert!(fixture.read(|view| folder::subscriptions(view, ACCESS)).contains(&"News".to_owned()));
    fixture.write(|tx| folder::unsubscribe(tx, ACCESS, "News")).unwrap();
    assert!(!fixture.read(|view| folder::subscriptions(view, ACCESS)).contains(&"News".to_owned()));
}

#[test]
fn a_large_folder_is_gone_at_once_and_cleared_away_later() {
    let fixture = Fixture::new();
    let folder = fixture.write(|tx| folder::create(tx, ACCESS, "Big", None)).unwrap();
    fill(&fixture, folder, SLICE as u32 + 100);
    fixture.write(|tx| folder::delete(tx, ACCESS, "Big")).unwrap();
    assert!(fixture.read(|view| folder::by_name(view, ACCESS, "Big")).is_none());
    runtime().block_on(mailbox::index::catch_up(&fixture.store)).unwrap();
    for table in ["letter", "entry", "blob", "thread_ref", "gone"] {
        assert_eq!(fixture.count(table), 0, "{table}");
    }
    let usage = fixture.read(|view| account::usage(view, ACCESS));
    assert_eq!((usage.used, usage.letters), (0, 0));
}

#[test]
fn a_deleted_account_leaves_nothing() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    fill(&fixture, inbox, 20);
    fixture.write(|tx| flags::intern(tx, ACCESS, System::NONE, &["Work"])).unwrap();
    fixture.write(|tx| account::delete(tx, ALICE)).unwrap();
    assert!(matches!(fixture.file(inbox, letter("x", "1@x", "")), Err(Error::NoSuchFolder(_))));
    assert!(matches!(fixture.write(|tx| account::delete(tx, ALICE)), Err(Error::NoSuchAccount(ALICE))));
    runtime().block_on(mailbox::index::catch_up(&fixture.store)).unwrap();
    for table in ["account_mail", "folder", "letter", "entry", "blob", "thread_ref", "keyword", "subscription"] {
        assert_eq!(fixture.count(table), 0, "{table}");
    }
}

#[test]
fn letters_stay_in_their_account() {
    let fixture = Fixture::new();
    fixture.write(|tx| account::create(tx, AccountId(2), None)).unwrap();
    let inbox = fixture.folder("INBOX").id;
    fixture.file(inbox, letter("x", "1@x", "")).unwrap();
    let other = fixture.read(|view| folder::by_name(view, Access::own(AccountId(2)), "INBOX")).unwrap().id;
    let copied = fixture.write(move |tx| copy(tx, ACCESS, inbox, &[UidRange::ALL], other, SLICE));
    assert!(matches!(copied, Err(Error::NoSuchFolder(_))));
    let moved = fixture.write(move |tx| move_(tx, ACCESS, inbox, &[UidRange::ALL], other, SLICE));
    assert!(matches!(moved, Err(Error::NoSuchFolder(_))));
}

#[test]
fn the_first_unseen_letter_is_found() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    assert_eq!(fixture.read(move |view| folder::first_unseen(view, ACCESS, inbox)), None);
    fill(&fixture, inbox, 5);
    fixture.flag(inbox, 1, System::SEEN);
    fixture.flag(inbox, 2, System::SEEN);
    assert_eq!(fixture.read(move |view| folder::first_unseen(view, ACCESS, inbox)), Some(uid(3)));
}

fn thread_of(fixture: &Fixture, folder: FolderId, number: u32) -> mailbox::ThreadId {
    fixture.rows(folder).iter().find(|row| row.uid == uid(number)).unwrap().thread
}

#[test]
fn answers_join_the_conversation_in_whatever_order_they_come() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    fixture.file(inbox, letter("a", "a@x", "")).unwrap();
    fixture.file(inbox, letter("other", "z@x", "")).unwrap();
    // An answer to an answer that has not come yet.
    fixture.file(inbox, letter("Re: a", "c@x", "<b@x>")).unwrap();
    assert_ne!(thread_of(&fixture, inbox, 1), thread_of(&fixture, inbox, 3));
    fixture.file(inbox, letter("Re: a", "b@x", "<a@x>")).unwrap();
    let thread = thread_of(&fixture, inbox, 1);
    assert_eq!((thread_of(&fixture, inbox, 3), thread_of(&fixture, inbox, 4)), (thread, thread));
    assert_ne!(thread_of(&fixture, inbox, 2), thread);
    let letters = fixture.read(move |view| mailbox::thread::letters(view, ACCESS, thread, 10));
    assert_eq!(letters.len(), 3);
}

#[test]
fn a_conversation_is_forgotten_with_its_last_letter() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    fixture.file(inbox, letter("a", "a@x", "<start@x> <b@x>")).unwrap();
    fixture.file(inbox, letter("b", "b@x", "")).unwrap();
    let gone = |number| fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::All(&[only(number)]), 1)).unwrap();
    gone(1);
    assert_eq!(fixture.count("thread_ref"), 3);
    gone(2);
    assert_eq!(fixture.count("thread_ref"), 0);
}

#[test]
fn a_letter_that_names_very_many_others_is_filed_all_the_same() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    let many: String = (0..5000).map(|n| format!("<{n}@x> ")).collect();
    fixture.file(inbox, letter("a", "a@x", &many)).unwrap();
    assert!(fixture.count("thread_ref") <= 24);
}

#[test]
fn all_is_there_after_the_store_is_opened_again() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    fill(&fixture, inbox, 30);
    fixture.flag(inbox, 7, System::DELETED);
    let (folders, rows) = (fixture.read(|view| folder::list(view, ACCESS)), fixture.rows(inbox));
    let fixture = fixture.reopened();
    assert_eq!(fixture.read(|view| folder::list(view, ACCESS)), folders);
    assert_eq!(format!("{:?}", fixture.rows(inbox)), format!("{rows:?}"));
    assert_eq!(fixture.file(inbox, letter("x", "y@x", "")).unwrap().uid, uid(31));
}

fn fill(fixture: &Fixture, folder: FolderId, count: u32) {
    let store = fixture.store.clone();
    runtime().block_on(async move {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..count {
            let prepared = mailbox::prepare(&store, letter("x", &format!("{n}@fill"), "").into()).unwrap();
            let store = store.clone();
            tasks.spawn(async move {
                store
                    .write(store::Key::Everything, move |tx| {
                        mailbox::letter::file(tx, ACCESS, folder, &prepared, &FlagSet::default(), NOW)
                    })
                    .await
            });
        }
        assert!(tasks.join_all().await.iter().all(Result::is_ok));
    });
}

#[test]
fn a_folder_is_opened_from_its_checkpoint_as_from_its_rows() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    fill(&fixture, inbox, 900);
    let walked = fixture.read(move |view| Uids::load(view, ACCESS, inbox));
    fixture.write(move |tx| Ok(tx.execute("UPDATE folder SET stale = 5000", store::params![]).map(drop)?)).unwrap();
    runtime().block_on(mailbox::index::catch_up(&fixture.store)).unwrap();
    assert_eq!(fixture.count("uid_checkpoint"), 6);
    assert_eq!(fixture.read(move |view| Uids::load(view, ACCESS, inbox)), walked);
    // Letters that came since are added, and letters that went are taken away.
    fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::All(&[only(5), only(900)]), 10)).unwrap();
    fill(&fixture, inbox, 3);
    fixture.flag(inbox, 17, System::SEEN);
    let (uids, at) = fixture.read(move |view| Uids::load(view, ACCESS, inbox));
    assert_eq!(uids.iter().collect::<Vec<_>>(), fixture.rows(inbox).iter().map(|row| row.uid).collect::<Vec<_>>());
    assert_eq!(at, fixture.folder("INBOX").highest);
}

#[test]
fn changes_come_in_pages_and_miss_nothing() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    let start = fixture.folder("INBOX").highest;
    fill(&fixture, inbox, 50);
    fixture
        .write(move |tx| {
            let change = FlagChange::Add(System::SEEN.into());
            store_flags(tx, ACCESS, inbox, &[UidRange::new(uid(1), uid(20))], &change, None, SLICE)
        })
        .unwrap();
    fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::All(&[only(30)]), 1)).unwrap();
    let (mut at, mut seen, mut vanished) = (start, Uids::new(), Uids::new());
    loop {
        let page = fixture.read(move |view| changes_since(view, ACCESS, inbox, at, 7));
        assert!(page.now > at);
        at = page.now;
        seen.extend(&page.changed.iter().map(|row| row.uid).collect());
        vanished.extend(&page.vanished);
        if !page.more {
            break;
        }
    }
    assert_eq!(seen.len(), 49);
    assert_eq!(vanished.iter().collect::<Vec<_>>(), [uid(30)]);
    assert_eq!(at, fixture.folder("INBOX").highest);
    assert!(fixture.read(move |view| changes_since(view, ACCESS, inbox, at, 7)).changed.is_empty());
    assert_eq!(fixture.read(move |view| vanished_since(view, ACCESS, inbox, start)), vanished);
}

#[test]
fn forgotten_tombstones_are_told_as_all_that_is_missing() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    fill(&fixture, inbox, 60);
    let start = fixture.folder("INBOX").highest;
    for n in [3, 4, 50] {
        fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::All(&[only(n)]), 1)).unwrap();
    }
    let late = fixture.folder("INBOX").highest;
    fixture.write(move |tx| Ok(tx.execute("UPDATE folder SET buried = 100000", store::params![]).map(drop)?)).unwrap();
    runtime().block_on(mailbox::index::catch_up(&fixture.store)).unwrap();
    assert_eq!(fixture.count("tombstone"), 0);
    fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::All(&[only(60)]), 1)).unwrap();
    let told = |since| fixture.read(move |view| changes_since(view, ACCESS, inbox, since, 100)).vanished;
    assert_eq!(told(start).iter().map(Uid::get).collect::<Vec<_>>(), [3, 4, 50, 60]);
    assert_eq!(told(late).iter().map(Uid::get).collect::<Vec<_>>(), [60]);
}

fn uids_of(fixture: &Fixture, folder: FolderId) -> Uids {
    fixture.read(move |view| Uids::load(view, ACCESS, folder)).0
}

#[test]
fn many_letters_are_parted_with_in_one_commit_that_is_carried_out_later() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    fill(&fixture, inbox, 1800);
    let doomed: Uids = (1..=1800).filter(|number| number % 3 != 0).map(uid).collect();
    let gone = fixture
        .write({
            let doomed = doomed.clone();
            move |tx| part(tx, ACCESS, inbox, &doomed)
        })
        .unwrap();
    assert!(gone.more && gone.uids.len() == SLICE, "the writer was held for more than a slice");
    // The process ends here. The next one carries out what was decided.
    let fixture = fixture.reopened();
    runtime().block_on(mailbox::index::catch_up(&fixture.store)).unwrap();
    let left = uids_of(&fixture, inbox);
    assert_eq!(left.len(), 600);
    assert!(left.and(&doomed).is_empty());
    assert_eq!((fixture.folder("INBOX").total, fixture.count("parting")), (600, 0));
}

#[test]
fn who_parts_with_letters_can_wait_until_the_last_one_is_gone() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    fill(&fixture, inbox, 1200);
    let all: Uids = (1..=1200).map(uid).collect();
    let mut gone = fixture.write(move |tx| part(tx, ACCESS, inbox, &all)).unwrap();
    let mut slices = 1;
    while gone.more {
        gone = fixture.write(move |tx| carry_out(tx, ACCESS, inbox)).unwrap();
        slices += 1;
    }
    assert_eq!((slices, fixture.folder("INBOX").total, fixture.count("parting")), (3, 0, 0));
}

#[test]
fn a_letter_that_went_elsewhere_meanwhile_is_not_missed() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    fill(&fixture, inbox, 3);
    let some: Uids = [uid(2), uid(77)].into_iter().collect();
    let gone = fixture.write(move |tx| part(tx, ACCESS, inbox, &some)).unwrap();
    assert_eq!((gone.uids, gone.more), (vec![uid(2)], false));
}

/// For each folder, the number of conversations that are shown as unread in it.
type Shown = Vec<(i64, i64)>;

/// Returns what is kept of that, and what counting would find.
fn shown_and_counted(fixture: &Fixture) -> (Shown, Shown) {
    let ask = |sql: &'static str| {
        fixture.read(move |view| Ok(view.query(sql, store::params![], |row| Ok((row.get(0)?, row.get(1)?)))?))
    };
    let counted =
        "SELECT f.folder, (SELECT COUNT(DISTINCT e.thread) FROM entry e WHERE e.folder = f.folder AND (e.flags & 8) = 0
            AND EXISTS (SELECT 1 FROM entry o JOIN folder g ON g.folder = o.folder
                WHERE o.thread = e.thread AND g.account = f.account AND g.name IS NOT NULL AND (o.flags & 25) = 0
                AND CASE WHEN f.special_use = 5 THEN o.folder = f.folder ELSE COALESCE(g.special_use, 0) <> 5 END))
        FROM folder f WHERE f.name IS NOT NULL ORDER BY f.folder";
    (ask("SELECT folder, unread_threads FROM folder WHERE name IS NOT NULL ORDER BY folder"), ask(counted))
}

#[test]
fn conversations_shown_as_unread_are_those_that_counting_would_find() {
    let fixture = Fixture::new();
    let (inbox, archive, trash) =
        (fixture.folder("INBOX").id, fixture.folder("Archive").id, fixture.folder("Trash").id);
    // Some steps of all kinds, drawn by a small generator that gives the same each time.
    let mut seed = 7_u32;
    let mut draw = |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % most
    };
    for number in 0..400 {
        let folder = [inbox, archive, trash][draw(3) as usize];
        let other = [inbox, archive, trash][draw(3) as usize];
        let uids = fixture.rows(folder);
        let some = uids.get(draw(uids.len().max(1) as u32) as usize).map(|row| row.uid);
        let flags = [System::SEEN, System::DELETED, System::DRAFT][draw(3) as usize];
        match (draw(7), some) {
            (0..=1, _) | (_, None) => {
                let references = format!("References: <{}@x> <{}@x>\r\n", draw(30), draw(60));
                let references = if draw(3) > 0 { references } else { String::new() };
                fixture.file(folder, letter("x", &format!("{number}@x"), &references)).unwrap();
            }
            (2, Some(uid)) => {
                drop(fixture.write(move |tx| move_(tx, ACCESS, folder, &[UidRange::one(uid)], other, 1)).unwrap())
            }
            (3, Some(uid)) => {
                drop(fixture.write(move |tx| copy(tx, ACCESS, folder, &[UidRange::one(uid)], other, 1)).unwrap())
            }
            (4, Some(uid)) => {
                let all = [UidRange::one(uid)];
                fixture.write(move |tx| expunge(tx, ACCESS, folder, &Expunge::All(&all), 1)).unwrap();
            }
            (step, Some(uid)) => {
                let change = if step == 5 { FlagChange::Add(flags.into()) } else { FlagChange::Remove(flags.into()) };
                fixture
                    .write(move |tx| store_flags(tx, ACCESS, folder, &[UidRange::one(uid)], &change, None, 1))
                    .unwrap();
            }
        }
        if number % 90 == 0 {
            let special = (number % 180 == 0).then_some(SpecialUse::Trash);
            fixture.write(move |tx| folder::set_use(tx, ACCESS, other, special)).unwrap();
            fixture.finish();
        }
        let (kept, counted) = shown_and_counted(&fixture);
        assert_eq!(kept, counted, "after step {number}");
    }
    fixture.write(|tx| folder::delete(tx, ACCESS, "Archive")).unwrap();
    fixture.finish();
    let (kept, counted) = shown_and_counted(&fixture);
    assert_eq!(kept, counted);
}
