//! Tests of the one memory of fetched and imported letters, and of imports that are undone.

use std::path::{Path, PathBuf};

use facteur_import_export as import_export;
use import_export::memory::{self, Fetched, FolderKey};
use import_export::{ExportFormat, Files, Format, Identity, Imported, RunId};
use mail::seam::AccountId;
use mailbox::fetch::{self, Want};
use mailbox::letter::Expunge;
use mailbox::{FlagChange, FlagSet, FolderId, System, Uid, UidRange, folder, letter};

use crate::fixture::{ACCESS, ALICE, Fixture, NOW, Watcher, request};
use crate::stores::{Store, in_mbox, letter as a_letter};

fn subjects(fixture: &Fixture) -> Vec<(String, usize)> {
    fixture
        .content()
        .into_iter()
        .map(|(name, (_, _, letters))| (name, letters.len()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// Fetches a letter: files it in the commit that notes it, unless it is known.
fn fetch(fixture: &Fixture, source: i64, folder_name: &str, raw: &str) -> bool {
    let raw = raw.replace('\n', "\r\n").into_bytes();
    let prepared = mailbox::prepare(&fixture.store, raw.clone().into()).expect("prepared");
    let (identity, key, name) = (Identity::of(&raw), FolderKey::of(folder_name, None), folder_name.to_owned());
    let fetched = fixture.store.write_blocking(store::Key::Everything, move |tx| {
        let fetched = Fetched { account: ALICE, source, identity, folder: key };
        if fetched.take_over(tx)?.is_some() {
            return Ok::<_, mailbox::Error>(false);
        }
        let there = folder::by_name(tx, ACCESS, &name)?.map(|folder| folder.id);
        let id = there.map_or_else(|| folder::create(tx, ACCESS, &name, None), Ok)?;
        let filed = letter::file(tx, ACCESS, id, &prepared, &FlagSet::default(), NOW)?;
        fetched.note(tx, Some((id, filed.uid)))?;
        Ok(true)
    });
    fetched.expect("fetched")
}

fn mbox(place: &Store, name: &str, subjects: &[&str]) -> std::path::PathBuf {
    place.write(name, subjects.iter().map(|subject| in_mbox(subject)).collect::<String>());
    place.path().join(name)
}

#[test]
fn what_was_fetched_and_is_then_imported_comes_once() {
    let (fixture, place) = (Fixture::new(), Store::new());
    assert!(fetch(&fixture, 1, "INBOX", &format!("Return-Path: <a@b>\nReceived: by us\n{}", a_letter("one"))));
    assert!(fetch(&fixture, 1, "INBOX", &a_letter("two")));
    let (imported, _) = fixture.import(&mbox(&place, "Export.mbox", &["one", "two", "three"]));
    assert_eq!((imported.letters, imported.known), (1, 2));
    assert_eq!(subjects(&fixture), [("Export".to_owned(), 1), ("INBOX".to_owned(), 2)]);
}

#[test]
fn what_was_imported_and_is_then_fetched_comes_once_and_copies_stay_copies() {
    let (fixture, place) = (Fixture::new(), Store::new());
    fixture.import(&mbox(&place, "INBOX.mbox", &["one", "twice", "twice"]));
    let on_server =
        |source| ["one", "twice", "twice", "twice"].map(|subject| fetch(&fixture, source, "INBOX", &a_letter(subject)));
    assert_eq!(on_server(1), [false, false, false, true], "the third copy is new");
    // Another source stands for itself, as it always has.
    assert!(fetch(&fixture, 2, "INBOX", &a_letter("one")));
}

#[test]
fn the_same_mbox_under_another_name_comes_once() {
    let (fixture, place) = (Fixture::new(), Store::new());
    fixture.import(&mbox(&place, "old.mbox", &["one", "two", "two"]));
    let (imported, _) = fixture.import(&mbox(&place, "copy of old.mbox", &["one", "two", "two"]));
    assert_eq!((imported.letters, imported.known), (0, 3));
    place.write("crlf", std::fs::read_to_string(place.path().join("old.mbox")).expect("read").replace('\n', "\r\n"));
    assert_eq!(fixture.import(&place.path().join("crlf")).0.letters, 0);
    assert_eq!(subjects(&fixture), [("old".to_owned(), 3)]);
}

#[test]
fn a_letter_that_was_deleted_here_does_not_come_back() {
    let (fixture, place) = (Fixture::new(), Store::new());
    let path = mbox(&place, "old.mbox", &["one", "two"]);
    fixture.import(&path);
    empty(&fixture, "old");
    assert_eq!(fixture.import(&path).0.known, 2);
    assert!(fetch(&fixture, 1, "INBOX", &a_letter("three")));
    empty(&fixture, "INBOX");
    let (imported, _) = fixture.import(&mbox(&place, "more.mbox", &["three", "four"]));
    assert_eq!((imported.letters, imported.known), (1, 1));
}

fn empty(fixture: &Fixture, name: &str) {
    let name = name.to_owned();
    let emptied = fixture.store.write_blocking(store::Key::Everything, move |tx| {
        let folder = folder::by_name(tx, ACCESS, &name)?.expect("the folder").id;
        letter::expunge(tx, ACCESS, folder, &Expunge::All(&[UidRange::ALL]), 100).map(drop)
    });
    emptied.expect("emptied");
}

fn run_of(fixture: &Fixture, path: &Path) -> (Imported, RunId) {
    let (imported, watcher) = fixture.watched(path, None);
    (imported.expect("imported"), watcher.run.expect("a run"))
}

fn undo(fixture: &Fixture, run: RunId) -> import_export::Undone {
    let found =
        fixture.store.read_blocking(move |view| import_export::runs::get(view, run)).expect("read").expect("a run");
    import_export::undo(&fixture.store, &found, false, &mut |_| true).expect("undone")
}

#[test]
fn an_undone_import_leaves_the_mailbox_as_it_was_and_can_be_done_again() {
    let (fixture, place) = (Fixture::new(), Store::new());
    fixture.import(&mbox(&place, "INBOX.mbox", &["before"]));
    let before = fixture.content();
    let many: Vec<String> = (0..250).map(|number| format!("letter {number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain(["before"]).collect();
    let path = mbox(&place, "a/b/new.mbox", &many);
    let (imported, run) = run_of(&fixture, path.parent().and_then(Path::parent).expect("a"));
    assert_eq!((imported.letters, imported.known), (250, 1));
    let undone = undo(&fixture, run);
    assert_eq!((undone.letters, undone.kept, undone.folders), (250, 0, 2), "{undone:?}");
    assert_eq!(fixture.content(), before);
    let gone = fixture.store.read_blocking(move |view| import_export::runs::get(view, run)).expect("read");
    assert_eq!(gone, None, "it cannot be undone twice");
    assert_eq!(fixture.import(path.parent().expect("b")).0.letters, 250, "and it can be done again");
}

/// A letter that joins two conversations makes one of them: the letters of the other get another key.
#[test]
fn an_undo_takes_back_letters_whose_conversations_were_joined() {
    let (fixture, place) = (Fixture::new(), Store::new());
    let letter = |id: &str, references: &str| {
        format!("From: a@x.test\nMessage-ID: <{id}@x.test>\nReferences: {references}\nSubject: {id}\n\ntext\n")
    };
    place.write("old/1.eml", letter("one", "<zero@x.test>"));
    place.write("old/2.eml", letter("two", "<other@x.test>"));
    place.write("old/3.eml", letter("three", "<zero@x.test> <other@x.test>"));
    let (imported, run) = run_of(&fixture, &place.path().join("old"));
    assert_eq!(imported.letters, 3);
    let threads = fixture.store.read_blocking(|view| {
        view.query_one("SELECT COUNT(DISTINCT thread) FROM letter", &[], |row| row.get::<i64>(0))
    });
    assert_eq!(threads.expect("counted"), 1, "the conversations were joined");
    let undone = undo(&fixture, run);
    assert_eq!((undone.letters, undone.kept, undone.gone), (3, 0, 0), "{undone:?}");
}

#[test]
fn an_undo_takes_nothing_that_somebody_has_touched_or_fetched() {
    let (fixture, place) = (Fixture::new(), Store::new());
    let path = mbox(&place, "old.mbox", &["read", "moved", "fetched", "untouched"]);
    let (_, run) = run_of(&fixture, &path);
    assert!(!fetch(&fixture, 1, "INBOX", &a_letter("fetched")));
    touch(&fixture);
    let undone = undo(&fixture, run);
    assert_eq!((undone.letters, undone.kept, undone.gone, undone.folders), (1, 2, 1, 0), "{undone:?}");
    assert_eq!(subjects(&fixture), [("INBOX".to_owned(), 1), ("old".to_owned(), 2)]);
    let (imported, _) = fixture.import(&path);
    assert_eq!((imported.letters, imported.known), (1, 3));
}

/// The first letter is read, the second moved to INBOX.
fn touch(fixture: &Fixture) {
    let touched = fixture.store.write_blocking(store::Key::Everything, |tx| {
        let old = folder::by_name(tx, ACCESS, "old")?.expect("the folder").id;
        let inbox = folder::by_name(tx, ACCESS, "INBOX")?.expect("the folder").id;
        let uid = |number| UidRange::one(mailbox::Uid::new(number).expect("a UID"));
        let seen = FlagChange::Add(FlagSet::from(System::SEEN));
        letter::store_flags(tx, ACCESS, old, &[uid(1)], &seen, None, 10)?;
        letter::move_(tx, ACCESS, old, &[uid(2)], inbox, 10).map(drop)
    });
    touched.expect("touched");
}

#[test]
fn a_rehearsal_says_what_would_come_and_changes_nothing() {
    let (fixture, place) = (Fixture::new(), Store::new());
    fixture.import(&mbox(&place, "first.mbox", &["one"]));
    place.write("bad.eml", "\0").write("Travail/a.eml", a_letter("two"));
    let before = (fixture.content(), rows(&fixture));
    let mut files = Files::open(place.path(), Format::Recognised, None, NOW).expect("opened");
    let mut watcher = Watcher::default();
    let rehearsal = import_export::rehearse(&fixture.store, &request(), &mut files, &mut watcher).expect("rehearsed");
    let progress = rehearsal.progress;
    assert_eq!((progress.letters, progress.known, progress.skipped), (1, 1, 1));
    assert_eq!(watcher.skipped.len(), 1);
    let folders: Vec<_> =
        rehearsal.folders.iter().map(|coming| (coming.name.as_str(), coming.letters, coming.is_new)).collect();
    assert_eq!(folders, [("Travail", 1, true)]);
    assert_eq!((fixture.content(), rows(&fixture)), before);
}

/// Returns the rows of the memory.
fn rows(fixture: &Fixture) -> Vec<i64> {
    let count = |view: &store::View, table: &str| {
        view.query_one(&format!("SELECT COUNT(*) FROM {table}"), store::params![], |row| row.get::<i64>(0))
    };
    let tables = ["import_copy", "import_run", "import_folder"];
    fixture
        .store
        .read_blocking(move |view| tables.iter().map(|table| count(view, table)).collect::<Result<_, store::Error>>())
        .expect("read")
}

#[test]
fn a_person_who_is_removed_is_forgotten() {
    let (fixture, place) = (Fixture::new(), Store::new());
    fixture.import(&mbox(&place, "old.mbox", &["one"]));
    while fixture
        .store
        .write_blocking(store::Key::Everything, |tx| memory::forget(tx, AccountId(1)))
        .expect("forgotten")
    {}
    assert_eq!(rows(&fixture), [0, 0, 0]);
}

/// A letter as Takeout has it.
fn labelled(labels: &str, subject: &str) -> String {
    format!("From 1@xxx Tue Nov 24 12:00:00 +0000 2026\nX-Gmail-Labels: {labels}\n{}\n", a_letter(subject))
}

fn takeout(place: &Store, letters: &[(&str, &str)]) -> PathBuf {
    let letters: String = letters.iter().map(|(labels, subject)| labelled(labels, subject)).collect();
    place.write("Takeout/Mail/All mail.mbox", letters);
    place.path().join("Takeout")
}

/// The folders in which a folder's only letter lies.
fn lies_in(fixture: &Fixture, folder: &str) -> Vec<String> {
    let content = fixture.content();
    let (_, _, letters) = &content[folder];
    assert_eq!(letters.len(), 1, "{content:?}");
    let mut all = [&[folder.to_owned()], &letters[0].elsewhere[..]].concat();
    all.sort();
    all
}

fn uid_of_first(fixture: &Fixture, name: &str) -> (FolderId, Uid) {
    let name = name.to_owned();
    let found = fixture.store.read_blocking(move |view| {
        let folder = folder::by_name(view, ACCESS, &name)?.expect("the folder").id;
        let row = fetch::fetch(view, ACCESS, folder, &[UidRange::ALL], Want::ROW, 1)?.pop().expect("a letter");
        Ok::<_, mailbox::Error>((folder, row.uid))
    });
    found.expect("found")
}

#[test]
fn each_label_of_a_takeout_is_a_folder_of_the_one_letter() {
    let (fixture, place) = (Fixture::new(), Store::new());
    let path = takeout(&place, &[("Inbox,Work,Travel/2026,Starred", "one"), ("Sent,Work", "two")]);
    let (imported, run) = run_of(&fixture, &path);
    assert_eq!((imported.letters, imported.known, fixture.letters()), (2, 0, 2));
    assert_eq!(lies_in(&fixture, "INBOX"), ["INBOX", "Travel/2026", "Work"]);
    assert_eq!(lies_in(&fixture, "Sent"), ["Sent", "Work"]);
    let listed = fixture.store.read_blocking(move |view| import_export::runs::get(view, run)).expect("read");
    assert_eq!(listed.map(|run| run.letters), Some(2), "a letter counts once, whatever its labels");
    let (again, _) = fixture.import(&path);
    assert_eq!((again.letters, again.known, fixture.letters()), (0, 2, 2));
}

#[test]
fn an_undo_ends_the_folders_that_the_import_gave_a_letter_and_no_other() {
    let (fixture, place) = (Fixture::new(), Store::new());
    let path = takeout(&place, &[("Inbox,Work", "one"), ("Work", "two")]);
    let (_, run) = run_of(&fixture, &path);
    let (folder, uid) = uid_of_first(&fixture, "INBOX");
    fixture.put_into(folder, uid, "Mine");
    let undone = undo(&fixture, run);
    assert_eq!((undone.letters, undone.kept, undone.gone), (1, 0, 0), "{undone:?}");
    assert_eq!(lies_in(&fixture, "Mine"), ["Mine"]);
    assert_eq!(fixture.letters(), 1);
}

#[test]
fn labels_that_a_first_import_did_not_know_come_to_the_letter_that_is_here() {
    let (fixture, place) = (Fixture::new(), Store::new());
    fixture.import(&takeout(&place, &[("Inbox", "one"), ("Inbox", "thrown away"), ("Inbox,Mine", "own")]));
    let (inbox, _) = uid_of_first(&fixture, "INBOX");
    expunge(&fixture, inbox, 2);
    fixture.put_into(inbox, Uid::new(3).expect("a UID"), "Work");
    let path = takeout(&place, &[("Inbox,Work", "one"), ("Inbox,Work", "thrown away"), ("Inbox,Mine,Work", "own")]);
    let (imported, run) = run_of(&fixture, &path);
    assert_eq!((imported.letters, imported.known, fixture.letters()), (0, 3, 2));
    assert_eq!(subjects(&fixture), [("INBOX".to_owned(), 2), ("Mine".to_owned(), 1), ("Work".to_owned(), 2)]);
    // The person had put the third there, who keeps it.
    undo(&fixture, run);
    assert_eq!(subjects(&fixture), [("INBOX".to_owned(), 2), ("Mine".to_owned(), 1), ("Work".to_owned(), 1)]);
    assert_eq!(lies_in(&fixture, "Work"), ["INBOX", "Mine", "Work"]);
}

fn expunge(fixture: &Fixture, folder: FolderId, uid: u32) {
    let gone = fixture.store.write_blocking(store::Key::Everything, move |tx| {
        let range = [UidRange::one(Uid::new(uid).expect("a UID"))];
        letter::expunge(tx, ACCESS, folder, &Expunge::All(&range), 1).map(drop)
    });
    gone.expect("gone");
}

#[test]
fn an_import_that_was_stopped_between_two_folders_of_a_letter_still_brings_one_letter() {
    let (old, new, place) = (Fixture::new(), Fixture::new(), tempfile::tempdir().expect("a folder"));
    old.import(&takeout(&Store::new(), &[("Work,Travel", "one"), ("Work", "one more")]));
    let path = place.path().join("export");
    old.export(&path, ExportFormat::Mbox);
    // A part of the export, as an import that was stopped would have brought it.
    new.import(&path.join("Travel.mbox"));
    let (imported, _) = new.import(&path);
    assert_eq!((imported.letters, imported.known), (1, 2));
    assert_eq!((new.letters(), new.content()), (2, old.content()));
}

#[test]
fn other_programs_find_the_whole_letter_in_each_of_its_folders() {
    let (fixture, place) = (Fixture::new(), tempfile::tempdir().expect("a folder"));
    fixture.import(&takeout(&Store::new(), &[("Work,Travel", "one")]));
    let path = place.path().join("export");
    fixture.export(&path, ExportFormat::Mbox);
    for name in ["Work.mbox", "Travel.mbox"] {
        let text = std::fs::read_to_string(path.join(name)).expect("an mbox");
        let (separator, letter) = text.split_once('\n').expect("a line");
        assert!(separator.starts_with("From "), "{text}");
        let subject = mail::header::find(letter.as_bytes(), "Subject").map(|field| field.value().into_owned());
        assert_eq!(subject.as_deref(), Some(&b"one"[..]), "{text}");
        assert!(letter.contains("\n\nx\n"), "{text}");
    }
}
