//! Whatever is damaged is found, told with the letter and its owner, mended where that can be, and clean after.

mod common;

use std::collections::BTreeSet;

use common::{ACCESS, ALICE, Fixture, letter, uid};
use facteur_mailbox as mailbox;
use mailbox::letter::{SLICE, move_, part};
use mailbox::verify::{Fault, Finding, Verify};
use mailbox::{FlagSet, SpecialUse, System, UidRange, Uids, account, flags, folder};
use store::params;

/// A mailbox with a bit of everything, with its index up to date.
fn lived_in() -> Fixture {
    let fixture = Fixture::new();
    let (inbox, archive, trash) =
        (fixture.folder("INBOX").id, fixture.folder("Archive").id, fixture.folder("Trash").id);
    let work = fixture.write(|tx| flags::intern(tx, ACCESS, System::SEEN, &["Work", "Later"])).unwrap();
    for n in 0..12 {
        let references = if n % 3 == 0 { String::new() } else { format!("<{}@x>", n - n % 3) };
        let text = letter(&format!("number {n}"), &format!("{n}@x"), &references);
        fixture.file_with([inbox, archive, trash][n % 3], text, FlagSet::default(), common::NOW).unwrap();
    }
    let large: String = (0..20_000).map(|n| format!("line {n} of a long letter {}\r\n", n * 7919 % 10_007)).collect();
    fixture.file_with(inbox, letter("large", "large@x", "") + &large, work, common::NOW).unwrap();
    let prepared = mailbox::prepare(&fixture.store, letter("to many", "many@x", "").into()).unwrap();
    for person in ["a", "b"] {
        let headed = prepared.headed(format!("Delivered-To: {person}@x\r\n").into());
        let flags = FlagSet::default();
        fixture.write(move |tx| mailbox::letter::file(tx, ACCESS, archive, &headed, &flags, common::NOW)).unwrap();
    }
    fixture.flag(inbox, 1, System::DELETED);
    // Letters in the same folder twice, and in two.
    fixture
        .write(move |tx| mailbox::letter::copy(tx, ACCESS, archive, &[UidRange::one(uid(2))], archive, SLICE))
        .unwrap();
    fixture.write(move |tx| mailbox::letter::copy(tx, ACCESS, inbox, &[UidRange::ALL], archive, SLICE)).unwrap();
    fixture.write(move |tx| move_(tx, ACCESS, archive, &[UidRange::one(uid(1))], trash, SLICE)).unwrap();
    catch_up(&fixture);
    fixture
}

fn catch_up(fixture: &Fixture) {
    common::runtime().block_on(mailbox::index::catch_up(&fixture.store)).unwrap();
}

fn verify(fixture: &Fixture, repair: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    Verify { store: &fixture.store, references: &[], repair }.run(&mut |finding| found.push(finding)).unwrap();
    found
}

fn damage(fixture: &Fixture, sql: &'static str) {
    let changed = fixture.write(move |tx| Ok(tx.execute(sql, &[])?)).unwrap();
    assert!(changed > 0, "nothing was damaged by {sql}");
}

/// Damages a mailbox. Returns the faults that are found, those that are mended, and those that are found after that.
fn found_after(sql: &'static str) -> (Vec<Finding>, Vec<Finding>, Vec<Finding>) {
    let fixture = lived_in();
    assert_eq!(verify(&fixture, false), [], "before {sql}");
    damage(&fixture, sql);
    let found = verify(&fixture, false);
    let mended = verify(&fixture, true);
    catch_up(&fixture);
    (found, mended, verify(&fixture, false))
}

fn mends(sql: &'static str, is_it: impl Fn(&Fault) -> bool) {
    let (found, mended, after) = found_after(sql);
    assert!(found.iter().any(|finding| is_it(&finding.fault)), "{sql}: {found:?}");
    assert!(found.iter().all(|finding| !finding.mended), "{sql}: {found:?}");
    assert!(mended.iter().all(|finding| finding.mended), "{sql}: {mended:?}");
    assert_eq!(after, [], "{sql}");
}

fn only_tells(sql: &'static str, is_it: impl Fn(&Finding) -> bool) {
    let (found, mended, after) = found_after(sql);
    for found in [found, mended, after] {
        assert!(found.iter().any(|finding| is_it(finding) && !finding.mended), "{sql}: {found:?}");
    }
}

fn is_card(column: &'static str) -> impl Fn(&Fault) -> bool {
    move |fault| *fault == Fault::Card(column)
}

fn is_counter(counter: &'static str) -> impl Fn(&Fault) -> bool {
    move |fault| matches!(fault, Fault::Counter { name, .. } if *name == counter)
}

#[test]
fn what_was_computed_at_filing_is_what_parsing_gives() {
    mends("UPDATE letter SET summary = X'00' WHERE letter = 3", is_card("summary"));
    mends(
        "UPDATE letter SET summary = (SELECT summary FROM letter WHERE letter = 4) WHERE letter = 3",
        is_card("summary"),
    );
    mends("UPDATE letter SET structure = X'01' WHERE letter = 5", is_card("structure"));
    mends("UPDATE letter SET size = size + 1 WHERE letter = 6", is_card("size"));
    mends("UPDATE entry SET attached = 1 WHERE letter = 7", is_card("attached"));
}

#[test]
fn every_counter_of_a_folder_is_what_counting_gives() {
    for (sql, name) in [
        ("UPDATE folder SET total = total - 1 WHERE name = 'INBOX'", "total"),
        ("UPDATE folder SET unseen = 99 WHERE name = 'INBOX'", "unseen"),
        ("UPDATE folder SET deleted = 0 WHERE name = 'INBOX'", "deleted"),
        ("UPDATE folder SET size = size * 2 WHERE name = 'Archive'", "size"),
        ("UPDATE folder SET unread = unread + 3 WHERE name = 'Archive'", "unread"),
        ("UPDATE folder SET threads = 0 WHERE name = 'Trash'", "threads"),
        ("UPDATE folder SET unread_threads = 40 WHERE name = 'Trash'", "unread_threads"),
        ("UPDATE folder SET buried = 7 WHERE name = 'Trash'", "buried"),
        ("UPDATE folder SET uid_next = 2 WHERE name = 'Archive'", "uid_next"),
        ("UPDATE folder SET highest = 1 WHERE name = 'Archive'", "highest"),
    ] {
        mends(sql, is_counter(name));
    }
}

#[test]
fn what_an_account_uses_is_what_its_folders_hold() {
    for (sql, name) in [
        ("UPDATE account_mail SET used = 0", "used"),
        ("UPDATE account_mail SET letters = letters + 5", "letters"),
        ("UPDATE account_mail SET change = 3", "change"),
        ("UPDATE account_mail SET uid_validity = 1", "uid_validity"),
        ("UPDATE account_mail SET doubled = doubled + 1", "doubled"),
        ("UPDATE account_mail SET doubled = 0", "doubled"),
    ] {
        mends(sql, is_counter(name));
    }
}

#[test]
fn conversations_are_counted_as_they_lie() {
    let is_it = |fault: &Fault| matches!(fault, Fault::Conversation(_));
    mends("UPDATE folder_thread SET total = total + 1 WHERE thread = (SELECT MIN(thread) FROM folder_thread)", is_it);
    mends("UPDATE folder_thread SET unread = 0", is_it);
    mends("UPDATE folder_thread SET shown = 1 - shown", is_it);
    mends("DELETE FROM folder_thread", is_it);
    mends("INSERT INTO folder_thread (folder, thread, total, unread, account) VALUES (1, 9999, 1, 1, 1)", is_it);
    let is_loose = |fault: &Fault| matches!(fault, Fault::LooseIds(_));
    mends("INSERT INTO thread_ref (account, hash, thread) VALUES (1, 77, 8888)", is_loose);
}

#[test]
fn a_letter_and_its_place_agree() {
    mends("UPDATE entry SET thread = 4242 WHERE letter = 3", |fault| *fault == Fault::Place("thread"));
    mends("UPDATE entry SET size = 1 WHERE letter = 3", |fault| *fault == Fault::Place("size"));
}

/// Letter 4 lies in two folders; its later place is damaged.
#[test]
fn the_places_of_a_letter_agree() {
    let is = |column: &'static str| move |fault: &Fault| *fault == Fault::Places(column);
    let place = "WHERE letter = 4 AND folder = (SELECT MAX(folder) FROM entry WHERE letter = 4)";
    let sql = |change: &str| -> &'static str { format!("UPDATE entry SET {change} {place}").leak() };
    mends(sql("flags = flags + 4"), is("flags"));
    mends(sql("keywords = X'01'"), is("keywords"));
    mends(sql("received = received + 1"), is("received"));
    mends(sql("born = born + 1"), is("born"));
    mends(sql("attached = NULL"), is("attached"));
    let fixture = lived_in();
    damage(&fixture, sql("flags = flags | 8"));
    let found = verify(&fixture, true);
    assert!(!found.iter().any(|finding| matches!(finding.fault, Fault::Places(_))), "it is the place's own: {found:?}");
}

#[test]
fn bodies_are_referred_to_as_often_as_is_counted() {
    let is_it = |fault: &Fault| matches!(fault, Fault::References { .. });
    mends("UPDATE blob SET refs = refs + 1 WHERE id = 2", is_it);
    mends("UPDATE blob SET refs = refs - 1 WHERE refs > 1", is_it);
}

#[test]
fn a_checkpoint_that_is_wrong_is_only_a_lost_shortcut() {
    let fixture = lived_in();
    let inbox = fixture.folder("INBOX").id;
    fixture
        .write(move |tx| Ok(tx.execute("UPDATE folder SET stale = 5000 WHERE folder = $1", params![inbox.0])?))
        .unwrap();
    catch_up(&fixture);
    damage(&fixture, "UPDATE uid_checkpoint SET uids = (SELECT X'3A300000010000000000000010000000' || X'4D00')");
    let found = verify(&fixture, true);
    assert!(found.iter().all(|finding| matches!(finding.fault, Fault::Checkpoint(_)) && finding.mended), "{found:?}");
    assert_eq!(verify(&fixture, false), []);
}

#[test]
fn the_index_knows_every_letter_and_no_other() {
    let fixture = lived_in();
    let search = fixture.store.search();
    common::runtime().block_on(search.remove(vec![2, 5])).unwrap();
    search.put_blocking(vec![store::Document { letter: 900, account: 1, ..store::Document::default() }]).unwrap();
    let faults: Vec<Fault> = verify(&fixture, false).into_iter().map(|finding| finding.fault).collect();
    assert_eq!(faults, [Fault::NotIndexed, Fault::NotIndexed, Fault::IndexedInVain(900)]);
    assert!(verify(&fixture, true).iter().all(|finding| finding.mended));
    catch_up(&fixture);
    assert_eq!(verify(&fixture, false), []);
}

#[test]
fn a_damaged_body_is_told_with_its_letters_and_whose_they_are() {
    let fixture = lived_in();
    let body = "UPDATE blob_content SET head = X'00112233' WHERE blob = (SELECT blob FROM letter WHERE letter = 4)";
    damage(&fixture, body);
    for repair in [false, true] {
        let found = verify(&fixture, repair);
        let bodies: Vec<&Finding> =
            found.iter().filter(|finding| matches!(finding.fault, Fault::Body { .. })).collect();
        // The letter, in whichever folders it lies.
        assert_eq!(bodies.len(), 1, "{found:?}");
        for finding in bodies {
            assert!(!finding.mended && finding.account == Some(ALICE));
            let seen = finding.letter.as_ref().unwrap();
            assert_eq!((seen.subject.as_str(), seen.uid.is_some()), ("number 3", true));
        }
    }
    assert_eq!(fixture.count("letter"), lived_in().count("letter"), "nothing was deleted");
}

#[test]
fn a_body_behind_heads_and_one_in_a_file_are_looked_at_too() {
    let fixture = lived_in();
    damage(&fixture, "UPDATE blob_content SET head = X'00' WHERE blob IN (SELECT base FROM blob_content)");
    let folder = fixture.dir.path().join("blobs");
    let shards = std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_dir());
    let files: Vec<_> = shards.flat_map(|shard| std::fs::read_dir(shard.path()).unwrap().flatten()).collect();
    assert!(!files.is_empty());
    files.iter().for_each(|file| std::fs::write(file.path(), b"something else").unwrap());
    let told: BTreeSet<String> =
        verify(&fixture, true).into_iter().filter_map(|finding| Some(finding.letter?.subject)).collect();
    assert_eq!(told, BTreeSet::from(["large".to_owned(), "to many".to_owned()]));
}

#[test]
fn what_cannot_be_derived_is_told_and_left_alone() {
    only_tells("DELETE FROM entry WHERE letter = 3", |finding| finding.fault == Fault::NoFolder);
    only_tells("DELETE FROM letter WHERE letter = 3", |finding| matches!(finding.fault, Fault::NoLetter(..)));
    only_tells("DELETE FROM blob WHERE id = (SELECT blob FROM letter WHERE letter = 3)", |finding| {
        matches!(finding.fault, Fault::Body { .. }) && finding.letter.as_ref().is_some_and(|seen| seen.letter == 3)
    });
    only_tells("UPDATE entry SET folder = 4711 WHERE letter = 3", |finding| finding.fault == Fault::NoFolder);
}

#[test]
fn what_is_still_under_way_is_no_fault() {
    let fixture = lived_in();
    let (inbox, archive) = (fixture.folder("INBOX").id, fixture.folder("Archive").id);
    for n in 0..SLICE + 50 {
        fixture.file(inbox, letter("many", &format!("many-{n}@x"), "<many@x>")).unwrap();
    }
    fixture.write(move |tx| folder::set_use(tx, ACCESS, archive, Some(SpecialUse::Trash))).unwrap();
    assert_eq!(verify(&fixture, false), [], "conversations are still being settled, and letters indexed");
    let all: Uids = fixture.read(move |view| Uids::load(view, ACCESS, inbox)).0;
    fixture.write(move |tx| part(tx, ACCESS, inbox, &all)).unwrap();
    assert_eq!(verify(&fixture, false), [], "letters are still being parted with");
    fixture.write(|tx| folder::delete(tx, ACCESS, "Archive")).unwrap();
    assert_eq!(verify(&fixture, false), [], "a folder is still being cleared away");
    fixture.write(|tx| account::delete(tx, ALICE)).unwrap();
    assert_eq!(verify(&fixture, false), [], "an account is still being cleared away");
    catch_up(&fixture);
    assert_eq!(verify(&fixture, false), []);
}
